import type { CatalogPackage, IndexPackage, PackageSource } from '../../../src/model/package.ts';

export interface MemoryRepository {
  readonly name: string;
  readonly packages: readonly (Partial<IndexPackage> & { readonly name: string; readonly version: string })[];
}

/** The catalog's view, from lists in memory. */
export function memorySource(repositories: readonly MemoryRepository[]): PackageSource {
  let id = 0;
  const all = repositories.flatMap(({ packages }, repositoryRank) =>
    packages.map((entry, ordinal): CatalogPackage => {
      id += 1;
      return { ...BLANK, ...entry, id, repositoryId: repositoryRank, repositoryRank, ordinal };
    }),
  );
  return {
    byName: lookup(all, ({ name }) => [name]),
    providers: lookup(all, ({ provides }) => provides.map((text) => text.split(/[<>=]/)[0] ?? '')),
    installIf: () => [],
    group: lookup(all, ({ groups }) => groups),
  };
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

const BLANK = {
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
