import type { CatalogPackage, IndexPackage } from '../../model/package.ts';
import type { ChangeRequest, InstalledEntry } from '../transaction.ts';
import { PackageList } from './package-list.ts';
import type { Failure } from './problems.ts';
import { fullName, type Session } from './session.ts';
import { explainDuplicate, explainUnknownDatabase, explainUnknownTarget } from './target-problems.ts';
import { compareVersions } from './version.ts';

/** Packages that a transaction is asked to add: named ones and, with -Su, upgrades and replacements. */
export class Targets {
  readonly list: PackageList;
  /** Id of an added package → installed packages that it replaces */
  readonly #removes = new Map<number, IndexPackage[]>();
  readonly #reasons = new Map<number, InstalledEntry['reason']>();

  constructor(session: Session) {
    this.list = new PackageList(session.relations);
  }

  add(entry: CatalogPackage, reason: InstalledEntry['reason']): void {
    this.list.add(entry);
    this.#reasons.set(entry.id, reason);
  }

  /**
   * Returns the install reason of a package. As in libalpm, one that is installed instead of a target of the same name counts as
   * explicitly requested.
   */
  reasonOf(entry: CatalogPackage): InstalledEntry['reason'] {
    return (
      this.#reasons.get(entry.id) ?? (this.list.named(entry.name) === undefined ? 'dependency' : 'explicit')
    );
  }

  removedBy(entry: CatalogPackage): readonly IndexPackage[] {
    return this.#removes.get(entry.id) ?? [];
  }

  remove(old: IndexPackage, inFavourOf: CatalogPackage): void {
    this.#removes.set(inFavourOf.id, [...this.removedBy(inFavourOf), old]);
  }

  replace(old: IndexPackage, by: CatalogPackage, reason: InstalledEntry['reason']): void {
    this.remove(old, by);
    if (!this.#reasons.has(by.id)) this.add(by, reason);
    else if (reason === 'explicit') this.#reasons.set(by.id, reason);
  }
}

/**
 * Finds the packages that targets name: a name or provide from the databases in order, else a group with all its members;
 * `repo/…` searches one database.
 */
export function findTargets(
  { targets, repositoryNames = [] }: ChangeRequest,
  session: Session,
): { readonly targets: Targets; readonly failures: readonly Failure[] } {
  const found = new Targets(session);
  const failures: Failure[] = [];
  for (const target of targets) {
    const slash = target.indexOf('/');
    const name = slash > 0 ? target.slice(slash + 1) : target;
    const rank = slash > 0 ? repositoryNames.indexOf(target.slice(0, slash)) : undefined;
    if (rank === -1) {
      failures.push(explainUnknownDatabase(target.slice(0, slash), name));
      continue;
    }
    const { members, skipped } = membersOf(name, rank, session);
    if (members.length === 0 && !skipped) failures.push(explainUnknownTarget(target, name, session));
    for (const member of members) {
      const failure = addTarget(member, found, session);
      if (failure !== undefined) {
        failures.push(failure);
        break;
      }
    }
  }
  return { targets: found, failures };
}

/** Returns the package that a target names, or the members of a group. `skipped`: there were some, but all are skipped. */
function membersOf(
  name: string,
  rank: number | undefined,
  session: Session,
): { readonly members: readonly CatalogPackage[]; readonly skipped: boolean } {
  const { databases, options } = session;
  let passedOver = false;
  const found = databases.find(
    session.relations.get(name),
    {
      installed: session.installed,
      isIgnored(entry) {
        const ignored = options.skipIgnored === true && session.isIgnored(entry);
        passedOver ||= ignored;
        return ignored;
      },
    },
    rank,
  );
  if (found !== undefined) return { members: [found], skipped: false };
  if (passedOver) {
    session.warnings.push(`skipping target: ${name}`);
    return { members: [], skipped: true };
  }
  const everyone = databases.group(name, rank);
  return { members: groupMembers(everyone, session), skipped: everyone.length > 0 };
}

/** Returns the members of a group, one per name: the earlier database's, even if that one is skipped. */
function groupMembers(everyone: readonly CatalogPackage[], session: Session): CatalogPackage[] {
  const { needed, skipIgnored } = session.options;
  const seen = new Set<string>();
  return everyone.filter((entry) => {
    if (seen.has(entry.name)) return false;
    seen.add(entry.name);
    const installed = session.installed.named(entry.name);
    if (needed && installed !== undefined && compareVersions(entry.version, installed.version) === 0) {
      session.warnings.push(`${fullName(installed)} is up to date -- skipping`);
      return false;
    }
    return !(skipIgnored && session.isIgnored(entry));
  });
}

/** Adds a target as libalpm's alpm_add_pkg does. */
function addTarget(entry: CatalogPackage, targets: Targets, session: Session): Failure | undefined {
  const known = targets.list.named(entry.name);
  if (known !== undefined) return known.id === entry.id ? undefined : explainDuplicate(known, entry);
  const installed = session.installed.named(entry.name);
  if (installed !== undefined) {
    const order = compareVersions(entry.version, installed.version);
    if (order === 0 && session.options.needed) {
      session.warnings.push(`${fullName(installed)} is up to date -- skipping`);
      return undefined;
    }
    if (order === 0) session.warnings.push(`${fullName(installed)} is up to date -- reinstalling`);
    if (order < 0) {
      session.warnings.push(`downgrading package ${entry.name} (${installed.version} => ${entry.version})`);
    }
  }
  targets.add(entry, 'explicit');
  return undefined;
}
