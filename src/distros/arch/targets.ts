import type { CatalogPackage, IndexPackage } from '../../model/package.ts';
import type { ChangeRequest, InstalledEntry } from '../transaction.ts';
import { PackageList } from './package-list.ts';
import type { Failure } from './problems.ts';
import { fullName, type Session } from './session.ts';
import { explainDuplicate, explainUnknownDatabase, explainUnknownTarget } from './target-problems.ts';
import { compareVersions } from './version.ts';

/** What a transaction was asked to add: named packages and, with -Su, upgrades and replacements. */
export class Targets {
  readonly list: PackageList;
  /** Installed packages that one being added makes give way, by its id */
  readonly #removes = new Map<number, IndexPackage[]>();
  readonly #reasons = new Map<number, InstalledEntry['reason']>();

  constructor(session: Session) {
    this.list = new PackageList(session.relations);
  }

  add(entry: CatalogPackage, reason: InstalledEntry['reason']): void {
    this.list.add(entry);
    this.#reasons.set(entry.id, reason);
  }

  /** A package of a target's name that is installed in its stead counts as asked for, as libalpm has it. */
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

/** A name or provision from the databases in order, else a group with all its members; `repo/…` asks one database. */
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

/** The package a target names, or the members of a group. `skipped`: there were some, but none is wanted. */
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

/** Members of a group, one for each name: the earlier database's, even where that one is passed over. */
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

/** libalpm's alpm_add_pkg. */
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
