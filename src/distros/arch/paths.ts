import type { ArchiveFacts, FileEntry } from '../../model/archive.ts';
import { decodePath, encodePath } from '../../model/path-bytes.ts';
import { sortByBytes } from './byte-order.ts';
import { mtreePaths } from './mtree.ts';

/** Key in ArchiveFacts.rootMembers: what `.MTREE` lists, NUL-terminated, where the archive's entries are others. No entry's path ends so. */
export const LISTED_PATHS = '.MTREE/';

/** The same of folders that the tar names without a slash: pacman lists them with one, and unpacks what it has listed. */
export const UNSLASHED_FOLDERS = 'folders/';

type Listing = Pick<ArchiveFacts, 'files' | 'rootMembers'>;

/**
 * A package's files as pacman lists them, sorted by bytes; directories end in `/`. It takes them from `.MTREE`, if
 * there is one.
 */
export function packagePaths(facts: Listing): readonly string[] {
  let paths = known.get(facts);
  if (paths === undefined) {
    const listed = facts.rootMembers[LISTED_PATHS];
    paths = listed === undefined ? entryPaths(facts.files) : fromTerminated(listed);
    known.set(facts, paths);
  }
  return paths;
}

/** Whether pacman unpacks the entry: as the archive names it, it is one of packagePaths. */
export function isUnpacked(facts: Listing, { path, type }: FileEntry): boolean {
  const { [LISTED_PATHS]: listed, [UNSLASHED_FOLDERS]: unslashed } = facts.rootMembers;
  if (listed === undefined && unslashed === undefined) return true;
  let paths = sets.get(facts);
  if (paths === undefined) {
    paths = new Set(packagePaths(facts));
    for (const folder of unslashed === undefined ? [] : fromTerminated(unslashed)) paths.delete(`${folder}/`);
    sets.set(facts, paths);
  }
  return paths.has(type === 'directory' ? `${path}/` : path);
}

const sets = new WeakMap<Listing, Set<string>>();

/** Base64 of paths with a NUL behind each. */
export function terminated(paths: readonly string[]): string {
  return encodePath(paths.map((path) => `${path}\0`).join('')).toString('base64');
}

function fromTerminated(base64: string): string[] {
  return decodePath(Buffer.from(base64, 'base64')).split('\0').slice(0, -1);
}

/** Sorting is what costs: hooks and the database both ask. */
const known = new WeakMap<Listing, readonly string[]>();

/** The content for LISTED_PATHS; undefined where the entries say the same. */
export async function listedPaths(
  mtree: Uint8Array,
  files: readonly FileEntry[],
): Promise<string | undefined> {
  const found = await mtreePaths(mtree);
  if (found === undefined) return undefined;
  const listed = sortByBytes([...found]);
  const entries = entryPaths(files);
  if (listed.length === entries.length && listed.every((path, index) => path === entries[index]))
    return undefined;
  return terminated(listed);
}

function entryPaths(files: readonly FileEntry[]): string[] {
  const paths: string[] = [];
  for (const { path, type } of files)
    if (!path.startsWith('.')) paths.push(type === 'directory' ? `${path}/` : path);
  return sortByBytes(paths);
}
