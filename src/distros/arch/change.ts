import type { CatalogPackage, IndexPackage } from '../../model/package.ts';
import { whyUnusable } from '../../model/unusable.ts';
import type { Change, ChangeResult } from '../transaction.ts';
import { takesArchitecture } from './architectures.ts';
import { resolveInnerConflicts, resolveOuterConflicts } from './conflicts.ts';
import type { SyncSource } from './databases.ts';
import { installOrder } from './install-order.ts';
import { PackageList } from './package-list.ts';
import {
  type Displaced,
  explainArchitecture,
  explainBroken,
  explainClash,
  explainMissing,
  explainUnusable,
  type FailedChange,
  type Failure,
  failTargets,
  failTransaction,
  missingLine,
  WORLD,
} from './problems.ts';
import type { PacmanChangeRequest } from './request.ts';
import { Resolution } from './resolution.ts';
import { fullName, Session } from './session.ts';
import { addUpgrades } from './system-upgrade.ts';
import { findTargets, type Targets } from './targets.ts';

const UNSATISFIED = 'could not satisfy dependencies';

/**
 * Returns what `pacman -S --noconfirm` would do, in pacman's order, or the problems for which it would fail. The steps are
 * libalpm's (sync.c, deps.c, conflict.c): targets, system upgrade, dependencies target by target, conflicts, a last check, the
 * install order; removals come before all else.
 * @throws AppError LIMIT when dependencies take too long to resolve
 */
export function change(request: PacmanChangeRequest, source: SyncSource): ChangeResult {
  const session = new Session(request, source);
  const { targets, failures } = findTargets(request, session);
  if (failures.length > 0) return failTargets(failures);
  if (session.options.upgrade !== undefined) addUpgrades(session, targets, request.repositoryNames ?? []);
  const foreign = foreignAmong(targets.list.packages, request.architecture);
  if (foreign.length > 0) return fail('package architecture is not valid', foreign);

  const resolution =
    session.options.skipDependencies === 'all' ? undefined : new Resolution(session, targets);
  if (resolution !== undefined && resolution.failed.length > 0 && session.options.skipUnresolvable !== true) {
    return failTransaction(UNSATISFIED, resolution.problems(), resolution.lines);
  }
  const because = (entry: IndexPackage) =>
    resolution?.because(entry) ?? { requirement: entry.name, chain: [WORLD] };

  const resolved = resolveConflicts(resolution?.resolved.packages ?? targets.list.packages, {
    session,
    targets,
  });
  if ('clash' in resolved) {
    const { problems, report } = fail('conflicting dependencies', [explainClash(resolved.clash, because)]);
    return { ok: false, problems, report: ['error: unresolvable package conflicts detected', ...report] };
  }
  const { packages } = resolved;
  const unusable = packages.flatMap((entry) => {
    const why = whyUnusable(entry);
    return why === undefined ? [] : [explainUnusable(entry, why, because(entry))];
  });
  if (unusable.length > 0) return failTransaction('package filename is not valid', unusable, []);
  const replaced = packages.flatMap((by) => targets.removedBy(by).map((old): Displaced => ({ old, by })));
  const removed = new PackageList(session.relations, new Set(replaced.map(({ old }) => old)));
  if (resolution === undefined)
    return { ok: true, ...finish(packages, removed.packages, { session, targets }) };
  const displaced = [...resolved.displaced, ...replaced];
  const broken = unmetAfter(packages, { removed, displaced }, session);
  if (broken.length > 0) return fail(UNSATISFIED, broken);
  const staying = session.installed.without(removed);
  const added = installOrder(packages, staying, session.relations);
  const dropped = installOrder(removed.packages, staying, session.relations).reverse();
  return { ok: true, ...finish(added, dropped, { session, targets }) };
}

type Parts = { readonly session: Session; readonly targets: Targets };

function fail(why: string, failures: readonly Failure[]): FailedChange {
  return failTransaction(
    why,
    failures.map(({ problem }) => problem),
    failures.map(({ line }) => line),
  );
}

/** Returns failures for targets of another architecture; libalpm checks only targets, before it resolves anything. */
function foreignAmong(packages: readonly CatalogPackage[], expected: string): Failure[] {
  return packages
    .filter((entry) => !takesArchitecture(expected, entry.architecture))
    .map((entry) => explainArchitecture(entry, expected));
}

function resolveConflicts(
  packages: readonly CatalogPackage[],
  { session, targets }: Parts,
): ReturnType<typeof resolveInnerConflicts> {
  if (session.options.skipConflicts === true) return { packages, displaced: [] };
  const inside = resolveInnerConflicts(packages, session);
  if ('clash' in inside) return inside;
  const clash = resolveOuterConflicts(inside.packages, { session, targets });
  return clash === undefined ? inside : { clash };
}

/**
 * Returns failures for requirements that are no longer met after packages gave way or were replaced, of added and of installed
 * packages (alpm_checkdeps).
 */
function unmetAfter(
  packages: readonly CatalogPackage[],
  {
    removed,
    displaced,
  }: { readonly removed: PackageList<IndexPackage>; readonly displaced: readonly Displaced[] },
  session: Session,
): Failure[] {
  const added = new PackageList(session.relations, packages);
  const staying = session.installed.without(removed).without(added);
  const leaving = session.installed.without(staying);
  const unmet = (entry: IndexPackage) =>
    entry.depends
      .map((text) => session.requirement(text))
      .filter(
        (wanted) =>
          added.firstSatisfier(wanted) === undefined &&
          staying.firstSatisfier(wanted) === undefined &&
          !session.isAssumed(wanted),
      );
  const missing = packages.flatMap((entry) =>
    unmet(entry).map((wanted): Failure => {
      const lost = displaced.find(({ old }) => session.relations.satisfies(old, wanted));
      const chains = [[WORLD, fullName(entry)]];
      return {
        problem: explainMissing({ wanted, chains, more: 0, displaced: lost }, session),
        line: missingLine(entry.name, wanted),
      };
    }),
  );
  const broken = staying.packages.flatMap((requirer) =>
    unmet(requirer).flatMap((wanted) => {
      const lost = leaving.firstSatisfier(wanted);
      if (lost === undefined) return [];
      return [explainBroken({ requirer, wanted, lost, by: added.named(lost.name) })];
    }),
  );
  return [...missing, ...broken];
}

function finish(
  added: readonly CatalogPackage[],
  removed: readonly IndexPackage[],
  { session, targets }: Parts,
): { readonly changes: readonly Change[]; readonly warnings: readonly string[] } {
  const gone = new Set(removed);
  const additions = added.map((entry): Change => {
    const old = session.installed.named(entry.name);
    if (old === undefined || gone.has(old)) {
      return { kind: 'install', package: entry, reason: targets.reasonOf(entry) };
    }
    return { kind: 'replace', package: entry, old, reason: session.reasonOf(old.name) ?? 'explicit' };
  });
  return {
    changes: [...removed.map((old): Change => ({ kind: 'remove', old })), ...additions],
    warnings: session.warnings,
  };
}
