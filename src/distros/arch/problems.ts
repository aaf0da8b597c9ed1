import type { CatalogPackage, SolveProblem } from '../../model/package.ts';
import type { SyncDatabases } from './databases.ts';
import { parseRelation, type Relation } from './relation.ts';

export function fullName(entry: { readonly name: string; readonly version: string }): string {
  return `${entry.name}-${entry.version}`;
}

export function explainUnknownTarget(
  target: string,
  wanted: Relation,
  databases: SyncDatabases,
): SolveProblem {
  const candidates = considered(wanted, databases);
  return {
    kind: candidates.length === 0 ? 'unknown' : 'version',
    subject: wanted.name,
    requirement: target,
    chain: ['world'],
    terms: [{ verdict: 'requires', requirement: target, chain: ['world'] }],
    message:
      candidates.length === 0
        ? `no package, provision or group is called ${target}`
        : `${target} is not to be had: the repositories have ${candidates.join(', ')}`,
    candidates,
  };
}

/** `chain`: from the package that was asked for to the one that has the requirement. */
export function explainMissing(
  requirement: string,
  chain: readonly CatalogPackage[],
  databases: SyncDatabases,
): SolveProblem {
  const candidates = considered(parseRelation(requirement), databases);
  const names = chain.map(fullName);
  const asked = names.length === 0 ? 'the request' : names.join(' → ');
  return {
    kind: candidates.length === 0 ? 'unknown' : 'version',
    subject: parseRelation(requirement).name,
    requirement,
    chain: ['world', ...names],
    terms: [{ verdict: 'requires', requirement, chain: ['world', ...names] }],
    message:
      candidates.length === 0
        ? `nothing provides ${requirement}, which is required by ${asked}`
        : `nothing satisfies ${requirement}, which is required by ${asked}; there is ${candidates.join(', ')}`,
    candidates,
  };
}

function considered(wanted: Relation, databases: SyncDatabases): string[] {
  return [...databases.named(wanted.name), ...databases.providers(wanted.name)].map(fullName);
}
