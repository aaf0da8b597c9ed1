import type { CatalogPackage, PackageSource } from '../../model/package.ts';
import type { PackageList } from './package-list.ts';
import { type Relation, type RelationCache, satisfiesByName } from './relation.ts';
import { compareVersions } from './version.ts';

/**
 * The sync databases as libalpm sees them: in the order of the request, each with one package a name (the newest,
 * as repo-add keeps it), walked in order of name.
 */
export class SyncDatabases {
  readonly #source: PackageSource;
  readonly #relations: RelationCache;

  constructor(source: PackageSource, relations: RelationCache) {
    this.#source = source;
    this.#relations = relations;
  }

  /**
   * libalpm's resolvedep: a package of this name from the first database whose version fits, else the first provider.
   * `rank` limits the search to one database.
   */
  find(wanted: Relation, excluding: PackageList | undefined, rank?: number): CatalogPackage | undefined {
    const literal = this.named(wanted.name, rank).find(
      (entry) => satisfiesByName(entry, wanted) && excluding?.named(entry.name) === undefined,
    );
    if (literal !== undefined) return literal;
    return this.providers(wanted.name, rank).find(
      (entry) =>
        this.#relations.satisfiesByProvision(entry.provides, wanted) &&
        excluding?.named(entry.name) === undefined,
    );
  }

  /** Every package that satisfies the requirement, by name or provision. */
  candidates(wanted: Relation): CatalogPackage[] {
    return [...this.named(wanted.name), ...this.providers(wanted.name)].filter((entry) =>
      this.#relations.satisfies(entry, wanted),
    );
  }

  /** Packages of this name, one a database at most. */
  named(name: string, rank?: number): CatalogPackage[] {
    return newestOfEach(inDatabase(this.#source.byName(name), rank));
  }

  /** Packages of another name that provide this one. */
  providers(name: string, rank?: number): CatalogPackage[] {
    const others = this.#source.providers(name).filter((entry) => entry.name !== name);
    return this.#walk(inDatabase(others, rank));
  }

  /** Members of a group; of two members of one name the earlier database's. */
  group(name: string, rank?: number): CatalogPackage[] {
    const seen = new Set<string>();
    return this.#walk(inDatabase(this.#source.group(name), rank)).filter((entry) => {
      const isNew = !seen.has(entry.name);
      seen.add(entry.name);
      return isNew;
    });
  }

  #walk(packages: readonly CatalogPackage[]): CatalogPackage[] {
    const current = packages.filter((entry) => this.#isCurrent(entry));
    return newestOfEach(current).sort(
      (a, b) => a.repositoryRank - b.repositoryRank || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    );
  }

  /** Only what `named` would give is in a database: a superseded version there provides nothing. */
  #isCurrent(entry: CatalogPackage): boolean {
    const siblings = this.#source.byName(entry.name);
    if (siblings.length < 2) return true;
    return newestOfEach(siblings).some(({ id }) => id === entry.id);
  }
}

function inDatabase(packages: readonly CatalogPackage[], rank: number | undefined): CatalogPackage[] {
  return packages.filter((entry) => rank === undefined || entry.repositoryRank === rank);
}

function newestOfEach(packages: readonly CatalogPackage[]): CatalogPackage[] {
  const newest = new Map<string, CatalogPackage>();
  for (const entry of packages) {
    const key = `${entry.repositoryRank}/${entry.name}`;
    const known = newest.get(key);
    if (known === undefined || compareVersions(entry.version, known.version) > 0) newest.set(key, entry);
  }
  return [...newest.values()];
}
