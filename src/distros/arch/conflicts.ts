import type { CatalogPackage, IndexPackage } from '../../model/package.ts';
import { PackageList } from './package-list.ts';
import type { Clash, Displaced } from './problems.ts';
import { fullName, type Session } from './session.ts';
import type { Targets } from './targets.ts';

/** The packages that remain once conflicts inside a transaction are resolved, or a conflict that cannot be resolved. */
export type ConflictResolution =
  | {
      readonly packages: readonly CatalogPackage[];
      /** Packages that gave way, each with the one that it gave way to */
      readonly displaced: readonly Displaced[];
    }
  | { readonly clash: Clash };

/**
 * Resolves conflicts inside the transaction (libalpm's _alpm_innerconflicts and sync.c): of two packages in conflict, one that
 * the other provides gives way, with a warning; if neither provides the other, nothing can be installed. A package never
 * conflicts with its own name.
 */
export function resolveInnerConflicts(
  packages: readonly CatalogPackage[],
  session: Session,
): ConflictResolution {
  const list = new PackageList(session.relations, packages);
  const displaced = new Map<string, Displaced>();
  for (const clash of clashes(packages, list, session)) {
    const { first, second } = clash;
    if (displaced.has(first.name) || displaced.has(second.name)) continue;
    const loser = givesWay(first, second, session);
    if (loser === undefined) return { clash: { ...clash, installed: false } };
    const winner = loser === first ? second : first;
    displaced.set(loser.name, { old: loser, by: winner });
    session.warnings.push(
      `removing '${fullName(loser)}' from target list because it conflicts with '${fullName(winner)}'`,
    );
  }
  return {
    packages: packages.filter(({ name }) => !displaced.has(name)),
    displaced: [...displaced.values()],
  };
}

/**
 * Resolves conflicts with installed packages (_alpm_outerconflicts): if the options allow, the installed package is removed in
 * favour of the new one; otherwise the conflict is returned and nothing can be installed.
 */
export function resolveOuterConflicts(
  packages: readonly CatalogPackage[],
  { session, targets }: { readonly session: Session; readonly targets: Targets },
): Clash | undefined {
  const adding = new PackageList(session.relations, packages);
  const staying = session.installed.without(adding);
  const leaving = new Set(packages.flatMap((entry) => targets.removedBy(entry)));
  const found = [
    ...clashes(packages, staying, session),
    ...[...clashes(staying.packages, adding, session)].map(
      ({ first, second, conflict }): Found => ({ first: second, second: first, conflict, asker: 'second' }),
    ),
  ];
  for (const clash of found) {
    const old = clash.second;
    if (leaving.has(old)) continue;
    const next = adding.named(clash.first.name);
    if (session.options.removeConflicting !== true || next === undefined)
      return { ...clash, installed: true };
    leaving.add(old);
    targets.remove(old, next);
  }
  return undefined;
}

type Found = Omit<Clash, 'installed'>;

function* clashes(
  packages: readonly IndexPackage[],
  others: PackageList<IndexPackage>,
  session: Session,
): Generator<Found> {
  for (const first of packages) {
    for (const text of first.conflicts) {
      const conflict = session.relations.get(text);
      for (const position of others.satisfiers(conflict)) {
        const second = others.packages[position];
        if (second === undefined || second.name === first.name) continue;
        yield { first, second, conflict, asker: 'first' };
      }
    }
  }
}

function givesWay(
  first: IndexPackage,
  second: IndexPackage,
  { relations }: Session,
): IndexPackage | undefined {
  if (relations.satisfies(first, relations.get(second.name))) return second;
  if (relations.satisfies(second, relations.get(first.name))) return first;
  return undefined;
}
