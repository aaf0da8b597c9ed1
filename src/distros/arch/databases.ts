import type { CatalogPackage, IndexPackage, PackageSource } from '../../model/package.ts';
import { type Relation, type RelationCache, satisfiesByName } from './relation.ts';
import { compareVersions } from './version.ts';

/** A source that also finds the packages that have a name in `replaces`; without that, -Su replaces nothing. */
export interface SyncSource extends PackageSource {
  replacers?(name: string): readonly CatalogPackage[];
}

/** Conditions for choosing a package for a requirement. */
export interface Search<Entry extends IndexPackage> {
  /** Packages with these names are not chosen */
  readonly excluding?: { named(name: string): IndexPackage | undefined };
  /** Returns whether a package must not be chosen; called once for each suitable package. */
  readonly isIgnored: (entry: Entry) => boolean;
  /** An installed provider is chosen before all others */
  readonly installed?: { named(name: string): IndexPackage | undefined };
}

/**
 * Chooses a package as libalpm's resolvedep does with `--noconfirm`: the first package of the name whose version fits, else the
 * first provider. The lists are in the order of the databases, then of names.
 */
export function choose<Entry extends IndexPackage>(
  wanted: Relation,
  { named, providers }: { readonly named: readonly Entry[]; readonly providers: readonly Entry[] },
  relations: RelationCache,
  { excluding, isIgnored, installed }: Search<Entry>,
): Entry | undefined {
  for (const entry of named) {
    if (!satisfiesByName(entry, wanted) || excluding?.named(entry.name) !== undefined) continue;
    if (!isIgnored(entry)) return entry;
  }
  let first: Entry | undefined;
  for (const entry of providers) {
    if (!relations.satisfiesByProvision(entry.provides, wanted)) continue;
    if (excluding?.named(entry.name) !== undefined || isIgnored(entry)) continue;
    if (installed?.named(entry.name) !== undefined) return entry;
    first ??= entry;
  }
  return first;
}

/**
 * The sync databases as libalpm sees them: in the order of the request, each with one package per name (the newest, which is what
 * repo-add keeps), sorted by name.
 */
export class SyncDatabases {
  readonly #source: SyncSource;
  readonly #relations: RelationCache;
  readonly #providers = new Map<string, readonly CatalogPackage[]>();

  constructor(source: SyncSource, relations: RelationCache) {
    this.#source = source;
    this.#relations = relations;
  }

  /** Returns the package that meets a requirement; `rank` limits the search to one database. */
  find(wanted: Relation, search: Search<CatalogPackage>, rank?: number): CatalogPackage | undefined {
    const lists = { named: this.named(wanted.name, rank), providers: this.providers(wanted.name, rank) };
    return choose(wanted, lists, this.#relations, search);
  }

  /**
   * Returns every package that `find` could choose. A package of the required name is never chosen for another version that it
   * provides.
   */
  candidates(wanted: Relation): CatalogPackage[] {
    return this.considered(wanted.name).filter((entry) =>
      entry.name === wanted.name
        ? satisfiesByName(entry, wanted)
        : this.#relations.satisfiesByProvision(entry.provides, wanted),
    );
  }

  /** Returns every package that has or provides the name. */
  considered(name: string): CatalogPackage[] {
    return [...this.named(name), ...this.providers(name)];
  }

  /** Returns packages of this name, at most one per database. */
  named(name: string, rank?: number): CatalogPackage[] {
    return inDatabase(newestOfEach(this.#source.byName(name)), rank);
  }

  /** Returns packages of another name that provide this one. */
  providers(name: string, rank?: number): CatalogPackage[] {
    let found = this.#providers.get(name);
    if (found === undefined) {
      found = this.#walk(this.#source.providers(name).filter((entry) => entry.name !== name));
      this.#providers.set(name, found);
    }
    return inDatabase(found, rank);
  }

  /** Returns the members of a group in every database. */
  group(name: string, rank?: number): CatalogPackage[] {
    return inDatabase(this.#walk(this.#source.group(name)), rank);
  }

  /** Returns packages that replace one of this name, in any version. */
  replacers(name: string): CatalogPackage[] {
    return this.#walk(this.#source.replacers?.(name) ?? []);
  }

  #walk(packages: readonly CatalogPackage[]): CatalogPackage[] {
    const current = packages.filter((entry) => this.#isCurrent(entry));
    return newestOfEach(current).sort(
      (a, b) => a.repositoryRank - b.repositoryRank || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    );
  }

  /** Returns whether the package is the newest of its name in its database; superseded versions provide nothing. */
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
  if (packages.length < 2) return [...packages];
  const newest = new Map<string, CatalogPackage>();
  for (const entry of packages) {
    const key = `${entry.repositoryRank}/${entry.name}`;
    const known = newest.get(key);
    if (known === undefined || compareVersions(entry.version, known.version) > 0) newest.set(key, entry);
  }
  return [...newest.values()];
}
