import type { CatalogPackage, SolveProblem } from '../../model/package.ts';
import { PackageList } from './package-list.ts';
import { fullName } from './problems.ts';
import type { RelationCache } from './relation.ts';

export interface ConflictCheck {
  /** Without those that gave way */
  readonly packages: readonly CatalogPackage[];
  readonly warnings: readonly string[];
  readonly problem: SolveProblem | undefined;
}

/**
 * Conflicts inside the transaction (libalpm's _alpm_innerconflicts and sync.c): of two packages in conflict, one that
 * the other provides gives way with a warning; if neither does, nothing can be installed. A package never conflicts
 * with its own name.
 */
export function removeConflicting(
  packages: readonly CatalogPackage[],
  relations: RelationCache,
): ConflictCheck {
  const list = new PackageList(relations, packages);
  const removed = new Set<string>();
  const warnings: string[] = [];
  for (const first of packages) {
    for (const text of first.conflicts) {
      for (const position of list.satisfiers(relations.get(text))) {
        const second = packages[position];
        if (second === undefined || second.name === first.name) continue;
        if (removed.has(first.name) || removed.has(second.name)) continue;
        const loser = givesWay(first, second, relations);
        if (loser === undefined) {
          return { packages, warnings, problem: clash(first, second, text) };
        }
        removed.add(loser.name);
        const winner = loser === first ? second : first;
        warnings.push(
          `removing '${fullName(loser)}' from target list because it conflicts with '${fullName(winner)}'`,
        );
      }
    }
  }
  return { packages: packages.filter(({ name }) => !removed.has(name)), warnings, problem: undefined };
}

function givesWay(
  first: CatalogPackage,
  second: CatalogPackage,
  relations: RelationCache,
): CatalogPackage | undefined {
  if (relations.satisfies(first, relations.get(second.name))) return second;
  if (relations.satisfies(second, relations.get(first.name))) return first;
  return undefined;
}

function clash(first: CatalogPackage, second: CatalogPackage, conflict: string): SolveProblem {
  return {
    kind: 'conflict',
    subject: fullName(second),
    requirement: conflict,
    chain: ['world', fullName(first)],
    terms: [{ verdict: 'conflicts', requirement: conflict, chain: ['world', fullName(first)] }],
    message: `${fullName(first)} and ${fullName(second)} are in conflict${conflict === second.name ? '' : ` (${conflict})`}`,
    candidates: [fullName(first), fullName(second)],
  };
}
