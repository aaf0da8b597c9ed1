import type { CatalogPackage, IndexPackage } from '../../model/package.ts';
import { type Relation, RelationCache } from './relation.ts';

/** Packages in a fixed order, found by name or provision. libalpm walks such lists from the front: the first wins. */
export class PackageList<Entry extends IndexPackage = CatalogPackage> {
  readonly #relations: RelationCache;
  readonly #packages: Entry[] = [];
  /** Positions of the packages that are called so or provide it, ascending */
  readonly #positions = new Map<string, number[]>();
  readonly #names = new Map<string, Entry>();
  /** Its own name and what it provides: packages come and go often */
  readonly #provided = new Map<Entry, ReadonlySet<string>>();

  constructor(relations: RelationCache = new RelationCache(), packages: Iterable<Entry> = []) {
    this.#relations = relations;
    for (const entry of packages) this.add(entry);
  }

  get packages(): readonly Entry[] {
    return this.#packages;
  }

  /** The package of exactly this name. */
  named(name: string): Entry | undefined {
    return this.#names.get(name);
  }

  /** Names occur once in a list. */
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

  /** Forgets everything after the first `length` packages. */
  truncate(length: number): void {
    while (this.#packages.length > length) {
      const entry = this.#packages.pop();
      if (entry === undefined) return;
      this.#names.delete(entry.name);
      for (const name of this.#namesOf(entry)) this.#positions.get(name)?.pop();
    }
  }

  /** Positions of the packages that satisfy `wanted`, ascending. */
  *satisfiers(wanted: Relation): Generator<number> {
    for (const position of this.#positions.get(wanted.name) ?? []) {
      const entry = this.#packages[position];
      if (entry !== undefined && this.#relations.satisfies(entry, wanted)) yield position;
    }
  }

  /** The first that satisfies `wanted`; `except`: one of this name does not count. */
  firstSatisfier(wanted: Relation, except?: string): Entry | undefined {
    for (const position of this.satisfiers(wanted)) {
      const entry = this.#packages[position];
      if (entry?.name !== except) return entry;
    }
    return undefined;
  }

  /** The packages that are not in the other list by name. */
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
