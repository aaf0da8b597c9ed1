import { parseIndexText } from '../../../src/distros/alpine/index-text.ts';
import type { CatalogPackage, PackageSource } from '../../../src/model/package.ts';
import { relationName } from '../../../src/model/relation.ts';

export interface TextRepository {
  /** `@edge`; null when untagged */
  readonly tag: string | null;
  /** APKINDEX text */
  readonly index: string;
}

/** A catalog in memory, with the order that PackageSource promises. */
export function memorySource(repositories: readonly TextRepository[]): PackageSource {
  const byName = new Map<string, CatalogPackage[]>();
  const providers = new Map<string, CatalogPackage[]>();
  const installIf = new Map<string, CatalogPackage[]>();
  const all: CatalogPackage[] = [];
  const kept = new Map<string, Uint8Array>();
  let id = 0;
  for (const [rank, repository] of repositories.entries()) {
    for (const [ordinal, entry] of parseIndexText(repository.index, 'test').entries()) {
      id += 1;
      const found: CatalogPackage = {
        ...entry,
        id,
        repositoryId: rank,
        repositoryRank: rank,
        ordinal,
        dependents: 0,
        tag: (repository.tag ?? '').replace('@', ''),
      };
      all.push(found);
      append(byName, found.name, found);
      const provided = new Set(found.provides.map(relationName));
      for (const name of provided) if (name !== found.name) append(providers, name, found);
      for (const name of new Set(found.installIf.map(relationName))) append(installIf, name, found);
    }
  }
  return {
    byName: (name) => byName.get(name) ?? [],
    providers: (name) => providers.get(name) ?? [],
    installIf: (name) => installIf.get(name) ?? [],
    group: () => [],
    tags: repositories.map(({ tag }) => (tag ?? '').replace('@', '')),
    all: () => all,
    keep(kind, make) {
      const bytes = kept.get(kind) ?? make();
      kept.set(kind, bytes);
      return bytes;
    },
  };
}

/** `git-2.0 D:musl so:x p:cmd:git=2.0 i:a b` lines as an index; the checksum is made up from the line, the installed size is 1. */
export function indexOf(...lines: readonly string[]): string {
  return lines
    .map((line) => {
      const [label = '', ...rest] = line.split(' ');
      const at = label.lastIndexOf('-', label.search(/-r\d+$/) > 0 ? label.search(/-r\d+$/) - 1 : undefined);
      const fields = rest.join(' ').replaceAll(/ (?=[Dpikr]:)/g, '\n');
      const head = `C:Q1${Buffer.from(line).toString('base64')}\nP:${label.slice(0, at)}\nV:${label.slice(at + 1)}\nA:x86_64\nI:1`;
      return fields === '' ? `${head}\n` : `${head}\n${fields}\n`;
    })
    .join('\n');
}

function append(map: Map<string, CatalogPackage[]>, key: string, value: CatalogPackage): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
