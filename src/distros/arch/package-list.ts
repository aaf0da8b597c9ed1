import type { CatalogPackage, IndexPackage } from '../../model/package.ts';
import { type Relation, RelationCache } from './relation.ts';

/** A list of packages that finds them by name or provision. libalpm walks such lists from the front: the first match wins. */
export class PackageList<Entry extends IndexPackage = CatalogPackage> {
  readonly #relations: RelationCache;
  readonly #packages: Entry[] = [];
  /** Name → positions of the packages that have or provide it, ascending */
  readonly #positions = new Map<string, number[]>();
  readonly #names = new Map<string, Entry>();
  /** Names of a package, its own and those that it provides, kept because packages come and go often */
  readonly #provided = new Map<Entry, ReadonlySet<string>>();

  constructor(relations: RelationCache = new RelationCache(), packages: Iterable<Entry> = []) {
    this.#relations = relations;
    for (const entry of packages) this.add(entry);
  }

  get packages(): readonly Entry[] {
    return this.#packages;
  }

  /** Returns the package of exactly this name. */
  named(name: string): Entry | undefined {
    return this.#names.get(name);
  }

  /** Adds a package; a name may occur only once in a list. */
  add(entry: Entry): void {
    const position = this.#packages.length;
    this.#packages.push(entry);
    this.#names.set(entry.name, entry);
    for (const name of this.#namesOf(entry)) {
      const positions = this.#positions.get(name);
      if (positions === undefined) this.#positions.set(name, [position]);
      else positions.push(position);
    }
  }

  /** Removes all but the first `length` packages. */
  truncate(length: number): void {
    while (this.#packages.length > length) {
      const entry = this.#packages.pop();
      if (entry === undefined) return;
      this.#names.delete(entry.name);
      for (const name of this.#namesOf(entry)) this.#positions.get(name)?.pop();
    }
  }

  /** Yields the positions of the packages that satisfy `wanted`, ascending. */
  *satisfiers(wanted: Relation): Generator<number> {
    for (const position of this.#positions.get(wanted.name) ?? []) {
      const entry = this.#packages[position];
      if (entry !== undefined && this.#relations.satisfies(entry, wanted)) yield position;
    }
  }

  /** Returns the first package that satisfies `wanted`, ignoring the one with the name `except`. */
  firstSatisfier(wanted: Relation, except?: string): Entry | undefined {
    for (const position of this.satisfiers(wanted)) {
      const entry = this.#packages[position];
      if (entry?.name !== except) return entry;
    }
    return undefined;
  }

  /** Returns the packages whose names are not in the other list. */
  without(other: { named(name: string): IndexPackage | undefined }): PackageList<Entry> {
    return new PackageList(
      this.#relations,
      this.#packages.filter(({ name }) => other.named(name) === undefined),
    );
  }

  #namesOf(entry: Entry): ReadonlySet<string> {
    let names = this.#provided.get(entry);
    if (names === undefined) {
      names = new Set([entry.name, ...entry.provides.map((text) => this.#relations.get(text).name)]);
      this.#provided.set(entry, names);
    }
    return names;
  }
}
