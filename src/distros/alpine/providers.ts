import type { CatalogPackage, PackageSource } from '../../model/package.ts';
import type { Candidate, Providing } from '../resolver.ts';
import { CHECKSUM, matchesOperator, parseRelation, type Relation } from './relation.ts';
import { APK_3, type TermRules } from './rules.ts';
import { compareProvided } from './solver/compare.ts';

/** The name by which a package meets a relation, with its version there; empty for a provide without a version. */
interface Provision {
  readonly by: string;
  readonly version: string;
}

function provisionFor(relation: Relation, provider: Providing, rules: TermRules): Provision | undefined {
  if (relation.conflict || relation.broken) return undefined;
  const isMet = (version: string): boolean =>
    relation.operator === CHECKSUM
      ? provider.checksum === relation.version
      : matchesOperator(version, relation, rules);
  if (provider.name === relation.name && isMet(provider.version)) {
    return { by: provider.name, version: provider.version };
  }
  for (const text of provider.provides) {
    if (!text.startsWith(relation.name)) continue;
    const provide = parseRelation(text, rules);
    if (provide?.name === relation.name && isMet(provide.version)) {
      return { by: text, version: provide.version };
    }
  }
  return undefined;
}

/**
 * Returns the name or the provide, as written, by which a package meets a relation; undefined if it does not. Nothing meets a
 * conflict, `!name`.
 */
export function satisfies(
  relation: string,
  provider: Providing,
  rules: TermRules = APK_3,
): string | undefined {
  const wanted = parseRelation(relation, rules);
  return wanted === null ? undefined : provisionFor(wanted, provider, rules)?.by;
}

interface Option extends Provision {
  readonly package: CatalogPackage;
  readonly isMasked: boolean;
}

/** Compares two candidates (apk-tools solver.c, compare_providers): negative if apk prefers `a` when nothing is installed. */
function byPreference(a: Option, b: Option, rules: TermRules): number {
  const [left, right] = [a.package, b.package];
  return (
    Number(a.isMasked) - Number(b.isMasked) ||
    compareProvided(b.version, a.version, rules) ||
    (left.name === right.name ? rules.compareVersions(right.version, left.version) : 0) ||
    right.providerPriority - left.providerPriority ||
    left.repositoryRank - right.repositoryRank ||
    left.ordinal - right.ordinal
  );
}

/** Returns the packages that meet a relation, best first, in the order in which apk chooses when nothing is installed. */
export function providersOf(
  relation: string,
  source: PackageSource,
  rules: TermRules = APK_3,
): readonly Candidate[] {
  const wanted = parseRelation(relation, rules);
  if (wanted === null) return [];
  const packages = new Set([...source.byName(wanted.name), ...source.providers(wanted.name)]);
  const options: Option[] = [];
  for (const entry of packages) {
    const provision = provisionFor(wanted, entry, rules);
    if (provision === undefined) continue;
    options.push({ ...provision, package: entry, isMasked: entry.tag !== '' && entry.tag !== wanted.tag });
  }
  return options
    .sort((a, b) => byPreference(a, b, rules))
    .map(({ package: entry, by, version, isMasked }) => ({
      package: entry,
      by,
      version,
      unasked: !isMasked && (version !== '' || entry.providerPriority > 0),
    }));
}
