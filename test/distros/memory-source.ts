import type { SyncSource } from '../../src/distros/arch/databases.ts';
import { BLANK_PACKAGE } from '../../src/model/blank-package.ts';
import type { CatalogPackage, IndexPackage } from '../../src/model/package.ts';

/** What a test tells of a package; the rest is BLANK. */
export type Description = Partial<IndexPackage> & { readonly name: string; readonly version: string };

export interface MemoryRepository {
  readonly name: string;
  /** apk's `@tag`, without the at sign; absent: untagged */
  readonly tag?: string;
  readonly packages: readonly Description[];
}

/** The catalog's view, from lists in memory. */
export function memorySource(repositories: readonly MemoryRepository[]): SyncSource {
  let id = 0;
  const all = repositories.flatMap(({ packages, tag = '' }, repositoryRank) =>
    packages.map((entry, ordinal): CatalogPackage => {
      id += 1;
      return { ...BLANK, ...entry, tag, id, repositoryId: repositoryRank, repositoryRank, ordinal };
    }),
  );
  const kept = new Map<string, Uint8Array>();
  return {
    byName: lookup(all, ({ name }) => [name]),
    providers: lookup(all, ({ provides }) => provides.map(nameIn)),
    group: lookup(all, ({ groups }) => groups),
    replacers: lookup(all, ({ replaces }) => replaces.map(nameIn)),
    tags: repositories.map(({ tag = '' }) => tag),
    all: () => all,
    cached(kind, make) {
      const bytes = kept.get(kind) ?? make();
      kept.set(kind, bytes);
      return bytes;
    },
  };
}

function nameIn(relation: string): string {
  return /^!?([^<>=~]*)/.exec(relation)?.[1] ?? '';
}

function lookup(
  all: readonly CatalogPackage[],
  keys: (entry: CatalogPackage) => readonly string[],
): (key: string) => readonly CatalogPackage[] {
  const found = new Map<string, CatalogPackage[]>();
  for (const entry of all) {
    for (const key of new Set(keys(entry))) {
      const list = found.get(key);
      if (list === undefined) found.set(key, [entry]);
      else list.push(entry);
    }
  }
  return (key) => found.get(key) ?? [];
}

/** A package of any architecture that says nothing of itself. */
export const BLANK = { ...BLANK_PACKAGE, architecture: 'any', dependents: 0, tag: '' };
