import type { CatalogPackage, IndexPackage } from '../../model/package.ts';
import { satisfiesByName } from './relation.ts';
import { fullName, type Session } from './session.ts';
import type { Targets } from './targets.ts';
import { compareVersions } from './version.ts';

/**
 * Adds upgrades and replacements to the targets (libalpm's alpm_sync_sysupgrade): for each installed package that is not a
 * target, the first database that replaces it or has its name decides.
 */
export function addUpgrades(session: Session, targets: Targets, repositoryNames: readonly string[]): void {
  for (const old of session.installed.packages) {
    if (targets.list.named(old.name) !== undefined) continue;
    const named = session.databases.named(old.name);
    const replacers = session.databases
      .replacers(old.name)
      .filter((entry) => entry.replaces.some((text) => satisfiesByName(old, session.relations.get(text))));
    const ranks = new Set([...named, ...replacers].map((entry) => entry.repositoryRank));
    for (const rank of [...ranks].sort((a, b) => a - b)) {
      const inDatabase = (entry: CatalogPackage): boolean => entry.repositoryRank === rank;
      if (replace(old, replacers.filter(inDatabase), { session, targets })) break;
      const next = named.find(inDatabase);
      if (next === undefined) continue;
      if (upgrades(old, next, { session, database: repositoryNames[rank] ?? '' })) {
        targets.add(next, session.reasonOf(old.name) ?? 'explicit');
      }
      break;
    }
  }
}

/** Adds the packages that replace an installed one. Returns whether there were any. */
function replace(
  old: IndexPackage,
  replacers: readonly CatalogPackage[],
  { session, targets }: { readonly session: Session; readonly targets: Targets },
): boolean {
  let added = false;
  for (const by of replacers) {
    if (session.isIgnored(by) || session.isIgnored(old)) {
      session.warnings.push(`ignoring package replacement (${fullName(old)} => ${fullName(by)})`);
      continue;
    }
    const known = targets.list.named(by.name);
    if (known !== undefined && known.repositoryRank !== by.repositoryRank) {
      session.warnings.push(`cannot replace ${old.name} by ${by.name}`);
      continue;
    }
    added ||= known === undefined;
    targets.replace(old, by, session.reasonOf(old.name) ?? 'explicit');
  }
  return added;
}

function upgrades(
  old: IndexPackage,
  next: CatalogPackage,
  { session, database }: { readonly session: Session; readonly database: string },
): boolean {
  const order = compareVersions(next.version, old.version);
  const versions = `(${old.version} => ${next.version})`;
  const ignored = session.isIgnored(next) || session.isIgnored(old);
  const { warnings } = session;
  if (order > 0) {
    if (ignored) warnings.push(`${old.name}: ignoring package upgrade ${versions}`);
    return !ignored;
  }
  if (order === 0) return false;
  if (session.options.upgrade !== 'downgrade') {
    warnings.push(`${old.name}: local (${old.version}) is newer than ${database} (${next.version})`);
    return false;
  }
  warnings.push(
    ignored
      ? `${old.name}: ignoring package downgrade ${versions}`
      : `${old.name}: downgrading from version ${old.version} to version ${next.version}`,
  );
  return !ignored;
}
