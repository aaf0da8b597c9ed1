import { matchesGlob } from '../../model/glob.ts';
import type { IndexPackage } from '../../model/package.ts';
import type { InstalledEntry } from '../transaction.ts';
import { choose, SyncDatabases, type SyncSource } from './databases.ts';
import { PackageList } from './package-list.ts';
import { type Relation, RelationCache, withoutVersion } from './relation.ts';
import type { PacmanChangeRequest, PacmanOptions } from './request.ts';

/** State that all steps of a transaction share: databases, installed packages, options, and the warnings so far. */
export class Session {
  readonly options: PacmanOptions;
  readonly relations = new RelationCache();
  readonly databases: SyncDatabases;
  /** Installed packages by name, the order in which pacman walks its local database */
  readonly installed: PackageList<IndexPackage>;
  /** Warnings in pacman's words, without `warning: ` */
  readonly warnings: string[] = [];
  readonly #reasons: ReadonlyMap<string, InstalledEntry['reason']>;
  readonly #assumed: readonly string[];

  constructor(request: PacmanChangeRequest, source: SyncSource) {
    this.options = request.pacman ?? {};
    this.databases = new SyncDatabases(source, this.relations);
    this.#assumed = this.options.assumeInstalled ?? [];
    const byName = new Map(request.installed.map((entry) => [entry.package.name, entry]));
    const entries = [...byName.values()].sort((a, b) => (a.package.name < b.package.name ? -1 : 1));
    this.installed = new PackageList(
      this.relations,
      entries.map((entry) => entry.package),
    );
    this.#reasons = new Map(entries.map((entry) => [entry.package.name, entry.reason]));
  }

  /** Returns the install reason of a package; undefined: not installed. */
  reasonOf(name: string): InstalledEntry['reason'] | undefined {
    return this.#reasons.get(name);
  }

  /** Parses a package's requirement, without the version for -d. */
  requirement(text: string): Relation {
    const relation = this.relations.get(text);
    return this.options.skipDependencies === 'versions' ? withoutVersion(relation) : relation;
  }

  isAssumed(wanted: Relation): boolean {
    return this.relations.satisfiesByProvision(this.#assumed, wanted);
  }

  isIgnored({ name, groups }: IndexPackage): boolean {
    const { ignore = [], ignoreGroups = [] } = this.options;
    return (
      ignore.some((pattern) => matchesGlob(pattern, name)) ||
      groups.some((group) => ignoreGroups.some((pattern) => matchesGlob(pattern, group)))
    );
  }

  /** Returns whether a package is ignored, and warns if it is. */
  readonly passesOver = (entry: IndexPackage): boolean => {
    if (!this.isIgnored(entry)) return false;
    this.warnings.push(`ignoring package ${fullName(entry)}`);
    return true;
  };

  /** Returns an installed package, not among `removed`, that meets a requirement. */
  findInstalled(wanted: Relation, removed: PackageList<IndexPackage>): IndexPackage | undefined {
    const meeting = [...this.installed.satisfiers(wanted)].flatMap(
      (position) => this.installed.packages[position] ?? [],
    );
    const lists = {
      named: meeting.filter(({ name }) => name === wanted.name),
      providers: meeting.filter(({ name }) => name !== wanted.name),
    };
    return choose(wanted, lists, this.relations, { excluding: removed, isIgnored: this.passesOver });
  }
}

/** Returns a package as pacman prints it: `name-version`. */
export function fullName(entry: { readonly name: string; readonly version: string }): string {
  return `${entry.name}-${entry.version}`;
}
