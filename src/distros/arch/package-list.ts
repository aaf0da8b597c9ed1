import type { CatalogPackage } from '../../model/package.ts';
import { type Relation, RelationCache } from './relation.ts';

/** Packages in a fixed order, found by name or provision. libalpm walks such lists from the front: the first wins. */
export class PackageList {
  readonly #relations: RelationCache;
  readonly #packages: CatalogPackage[] = [];
  /** Positions of the packages that are called so or provide it, ascending */
  readonly #positions = new Map<string, number[]>();
  readonly #names = new Map<string, CatalogPackage>();

  constructor(relations: RelationCache = new RelationCache(), packages: Iterable<CatalogPackage> = []) {
    this.#relations = relations;
    for (const entry of packages) this.add(entry);
  }

  get packages(): readonly CatalogPackage[] {
    return this.#packages;
  }

  /** The package of exactly this name. */
  named(name: string): CatalogPackage | undefined {
    return this.#names.get(name);
  }

  add(entry: CatalogPackage): void {
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

  firstSatisfier(wanted: Relation): CatalogPackage | undefined {
    for (const position of this.satisfiers(wanted)) return this.#packages[position];
    return undefined;
  }

  #namesOf(entry: CatalogPackage): Set<string> {
    const names = new Set([entry.name]);
    for (const text of entry.provides) names.add(this.#relations.get(text).name);
    return names;
  }
}
