import type { Candidate } from '../../distros/resolver.ts';
import type { CatalogPackage, SolveProblem } from '../../model/package.ts';
import { type Lookup, Unresolved } from './lookup.ts';

/** Packages that a target means. */
export interface FoundPackages {
  readonly by: 'name' | 'provides';
  /** Never empty; the solver's first choice comes first */
  readonly packages: readonly CatalogPackage[];
}

/**
 * Finds the packages that a target, `name`, `repository/name` or a relation, means: those of that name, else those that provide
 * it.
 * @throws Unresolved if there are none
 */
export function findPackages({ repositories, source, sources }: Lookup, target: string): FoundPackages {
  const slash = target.indexOf('/');
  const rank = repositories.findIndex(({ spec }) => slash > 0 && spec.name === target.slice(0, slash));
  const word = rank < 0 ? target : target.slice(slash + 1);
  const name = sources.distro.resolver.relations.targetName(word);
  const candidates = sources.distro.resolver
    .providersOf(word, source)
    .filter((candidate) => rank < 0 || candidate.package.repositoryRank === rank);
  const named = candidates.filter(({ package: entry }) => entry.name === name);
  if (candidates.length === 0) {
    throw new Unresolved([absent(target, name, [...source.byName(name), ...source.providers(name)])], []);
  }
  return named.length > 0
    ? { by: 'name', packages: packagesOf(named) }
    : { by: 'provides', packages: packagesOf(candidates) };
}

function packagesOf(candidates: readonly Candidate[]): readonly CatalogPackage[] {
  return [...new Set(candidates.map((candidate) => candidate.package))];
}

const MAX_CANDIDATES = 5;

/** Makes the problem of a missing target. @param others packages of that name that the target does not mean */
function absent(target: string, name: string, others: readonly CatalogPackage[]): SolveProblem {
  const labels = [...new Set(others.map((entry) => `${entry.name}-${entry.version}`))];
  const candidates = labels.slice(0, MAX_CANDIDATES);
  const chain = ['world'];
  const message = `no such package: ${target}${candidates.length === 0 ? '' : `; available: ${candidates.join(', ')}`}`;
  return {
    kind: 'unknown',
    subject: name,
    requirement: target,
    chain,
    terms: [{ verdict: 'requires', requirement: target, chain }],
    message,
    candidates,
  };
}
