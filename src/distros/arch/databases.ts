import type { CatalogPackage, IndexPackage, PackageSource } from '../../model/package.ts';
import { type Relation, type RelationCache, satisfiesByName } from './relation.ts';
import { compareVersions } from './version.ts';

/** A source that also knows what replaces a package, by the names in `replaces`; without it -Su replaces nothing. */
export interface SyncSource extends PackageSource {
  replacers?(name: string): readonly CatalogPackage[];
}

/** How a package is chosen for a requirement. */
export interface Search<Entry extends IndexPackage> {
  /** Packages of these names are not chosen */
  readonly excluding?: { named(name: string): IndexPackage | undefined };
  /** Whether the package may not be chosen; called once for each that would do */
  readonly isIgnored: (entry: Entry) => boolean;
  /** A provider that is installed is chosen before all others */
  readonly installed?: { named(name: string): IndexPackage | undefined };
}

/**
 * libalpm's resolvedep: of the packages of this name the first whose version fits, else the first provider. Lists are
 * in the order of the databases, then of names, as `--noconfirm` chooses.
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
 * The sync databases as libalpm sees them: in the order of the request, each with one package a name (the newest,
 * as repo-add keeps it), walked in order of name.
 */
export class SyncDatabases {
  readonly #source: SyncSource;
  readonly #relations: RelationCache;
  readonly #providers = new Map<string, readonly CatalogPackage[]>();

  constructor(source: SyncSource, relations: RelationCache) {
    this.#source = source;
    this.#relations = relations;
  }

  /** What a requirement is met with; `rank` limits the search to one database. */
  find(wanted: Relation, search: Search<CatalogPackage>, rank?: number): CatalogPackage | undefined {
    const lists = { named: this.named(wanted.name, rank), providers: this.providers(wanted.name, rank) };
    return choose(wanted, lists, this.#relations, search);
  }

  /** Every package that `find` could choose. A package of the name is never chosen for another version it provides. */
  candidates(wanted: Relation): CatalogPackage[] {
    return this.considered(wanted.name).filter((entry) =>
      entry.name === wanted.name
        ? satisfiesByName(entry, wanted)
        : this.#relations.satisfiesByProvision(entry.provides, wanted),
    );
  }

  /** Every package of this name or that provides it. */
  considered(name: string): CatalogPackage[] {
    return [...this.named(name), ...this.providers(name)];
  }

  /** Packages of this name, one a database at most. */
  named(name: string, rank?: number): CatalogPackage[] {
    return inDatabase(newestOfEach(this.#source.byName(name)), rank);
  }

  /** Packages of another name that provide this one. */
  providers(name: string, rank?: number): CatalogPackage[] {
    let found = this.#providers.get(name);
    if (found === undefined) {
      found = this.#walk(this.#source.providers(name).filter((entry) => entry.name !== name));
      this.#providers.set(name, found);
    }
    return inDatabase(found, rank);
  }

  /** Members of a group in every database. */
  group(name: string, rank?: number): CatalogPackage[] {
    return inDatabase(this.#walk(this.#source.group(name)), rank);
  }

  /** Packages that replace one of this name, in some version. */
  replacers(name: string): CatalogPackage[] {
    return this.#walk(this.#source.replacers?.(name) ?? []);
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
  if (packages.length < 2) return [...packages];
  const newest = new Map<string, CatalogPackage>();
  for (const entry of packages) {
    const key = `${entry.repositoryRank}/${entry.name}`;
    const known = newest.get(key);
    if (known === undefined || compareVersions(entry.version, known.version) > 0) newest.set(key, entry);
  }
  return [...newest.values()];
}
