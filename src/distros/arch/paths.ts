import { gunzipSync } from 'node:zlib';
import type { ArchiveFacts, FileEntry } from '../../model/archive.ts';
import { decodePath, encodePath } from '../../model/path-bytes.ts';
import { sortByBytes } from './byte-order.ts';

/** `.MTREE` of the largest packages inflates to 60 MiB. */
const MAX_MTREE_BYTES = 256 * 1024 * 1024;

/** Key in ArchiveFacts.rootMembers: what `.MTREE` lists, NUL-terminated, where the archive's entries are others. No entry's path ends so. */
export const LISTED_PATHS = '.MTREE/';

/**
 * A package's files as pacman lists them, sorted by bytes; directories end in `/`. It takes them from `.MTREE`, if
 * there is one.
 */
export function packagePaths(facts: ArchiveFacts): readonly string[] {
  let paths = known.get(facts);
  if (paths === undefined) {
    const listed = facts.rootMembers[LISTED_PATHS];
    paths =
      listed === undefined
        ? entryPaths(facts.files)
        : decodePath(Buffer.from(listed, 'base64')).split('\0').slice(0, -1);
    known.set(facts, paths);
  }
  return paths;
}

/** Sorting is what costs: hooks and the database both ask. */
const known = new WeakMap<ArchiveFacts, readonly string[]>();

/** The content for LISTED_PATHS; undefined where the entries say the same. */
export function listedPaths(mtree: Uint8Array, files: readonly FileEntry[]): Buffer | undefined {
  const listed = mtreePaths(mtree);
  if (listed === undefined) return undefined;
  const entries = entryPaths(files);
  if (listed.length === entries.length && listed.every((path, at) => path === entries[at])) return undefined;
  return encodePath(listed.map((path) => `${path}\0`).join(''));
}

function entryPaths(files: readonly FileEntry[]): string[] {
  const paths: string[] = [];
  for (const { path, type } of files)
    if (!path.startsWith('.')) paths.push(type === 'directory' ? `${path}/` : path);
  return sortByBytes(paths);
}

/** mtree(5) as makepkg writes it: gzip, one entry a line, octal escapes. Undefined for anything else. */
function mtreePaths(mtree: Uint8Array): string[] | undefined {
  let text: string;
  try {
    text = gunzipSync(mtree, { maxOutputLength: MAX_MTREE_BYTES }).toString('latin1');
  } catch {
    return undefined;
  }
  if (!text.startsWith('#mtree')) return undefined;
  const paths: string[] = [];
  let usualType = '';
  for (const line of text.split('\n')) {
    const type = / type=(\S+)/.exec(line)?.[1];
    if (line.startsWith('/set ')) usualType = type ?? usualType;
    if (!line.startsWith('./') || line.startsWith('./.')) continue;
    const [name = ''] = line.slice(2).split(' ', 1);
    const bytes = name.replaceAll(/\\([0-3][0-7]{2})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const path = decodePath(Buffer.from(bytes, 'latin1'));
    paths.push((type ?? usualType) === 'dir' ? `${path}/` : path);
  }
  return sortByBytes(paths);
}
