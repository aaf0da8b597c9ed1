import type { SyncSource } from '../../../src/distros/arch/databases.ts';
import type { CatalogPackage, IndexPackage } from '../../../src/model/package.ts';

export interface MemoryRepository {
  readonly name: string;
  readonly packages: readonly (Partial<IndexPackage> & { readonly name: string; readonly version: string })[];
}

/** The catalog's view, from lists in memory. */
export function memorySource(repositories: readonly MemoryRepository[]): SyncSource {
  let id = 0;
  const all = repositories.flatMap(({ packages }, repositoryRank) =>
    packages.map((entry, ordinal): CatalogPackage => {
      id += 1;
      return { ...BLANK, ...entry, id, repositoryId: repositoryRank, repositoryRank, ordinal };
    }),
  );
  return {
    byName: lookup(all, ({ name }) => [name]),
    providers: lookup(all, ({ provides }) => provides.map(nameIn)),
    installIf: () => [],
    group: lookup(all, ({ groups }) => groups),
    replacers: lookup(all, ({ replaces }) => replaces.map(nameIn)),
    tags: repositories.map(() => ''),
    all: () => all,
    keep: (_kind, make) => make(),
  };
}

function nameIn(relation: string): string {
  return relation.split(/[<>=]/)[0] ?? '';
}

function lookup(
  all: readonly CatalogPackage[],
  keys: (entry: CatalogPackage) => readonly string[],
): (key: string) => readonly CatalogPackage[] {
  const found = new Map<string, CatalogPackage[]>();
  for (const entry of all) {
    for (const key of new Set(keys(entry))) found.set(key, [...(found.get(key) ?? []), entry]);
  }
  return (key) => found.get(key) ?? [];
}

export const BLANK = {
  architecture: 'any',
  description: '',
  url: '',
  license: '',
  origin: '',
  maintainer: '',
  buildTime: 0,
  commit: '',
  sizeBytes: 0,
  installedSizeBytes: 0,
  fileName: '',
  checksum: '',
  depends: [],
  provides: [],
  replaces: [],
  conflicts: [],
  installIf: [],
  groups: [],
  providerPriority: 0,
  replacesPriority: 0,
  signature: '',
  extra: {},
  dependents: 0,
  tag: '',
} as const;
