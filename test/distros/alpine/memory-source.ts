import type { PackageSource } from '../../../src/model/package.ts';
import { memorySource as sourceOf } from '../memory-source.ts';
import { parseIndexText } from './parse-index.ts';

export interface TextRepository {
  /** `@edge`; null when untagged */
  readonly tag: string | null;
  /** APKINDEX text */
  readonly index: string;
}

/** The catalog's view of indexes. */
export function memorySource(repositories: readonly TextRepository[]): PackageSource {
  return sourceOf(
    repositories.map(({ tag, index }, rank) => ({
      name: String(rank),
      tag: (tag ?? '').replace('@', ''),
      packages: parseIndexText(index, 'test'),
    })),
  );
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
