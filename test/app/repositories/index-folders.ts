import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceOptions } from '../../../src/model/request.ts';
import { indexOf } from '../../distros/alpine/memory-source.ts';
import { makeApkIndexOf } from '../../fixtures/apk.ts';
import { type ArchSpec, makeArchDb } from '../../fixtures/arch.ts';
import { folder, source } from '../harness.ts';

/** Repositories of indexes without archives: what questions about packages need. */
export interface Shelf {
  readonly cache: string;
  readonly source: SourceOptions;
}

/** Repository name → lines of `indexOf`: `git-2.0-r0 D:musl so:x p:cmd:git=2.0 i:a b k:1`. */
export function alpineShelf(dir: string, repositories: Readonly<Record<string, readonly string[]>>): Shelf {
  const lines = Object.entries(repositories).map(([name, packages]) => {
    const [, tag = '', base = name] = /^(@\S+ )(.*)$/.exec(name) ?? [];
    const path = folder(dir, base);
    writeFileSync(join(path, 'APKINDEX.tar.gz'), makeApkIndexOf(indexOf(...packages)));
    return `${tag}${path}`;
  });
  return { cache: join(dir, 'cache'), source: source({ repositories: lines, allowUntrusted: true }) };
}

/** Repository name → packages. */
export function archShelf(dir: string, repositories: Readonly<Record<string, readonly ArchSpec[]>>): Shelf {
  const lines = Object.entries(repositories).map(([name, packages]) => {
    const path = folder(dir, name);
    const entries = packages.map((spec) => ({ spec, bytes: Buffer.from(spec.name) }));
    writeFileSync(join(path, `${name}.db`), makeArchDb(entries));
    return path;
  });
  return {
    cache: join(dir, 'cache'),
    source: source({ distro: 'arch', repositories: lines, allowUntrusted: true }),
  };
}
