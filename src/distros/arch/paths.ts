import type { ArchiveFacts } from '../../model/archive.ts';
import type { FileEntries } from '../../model/file-entries.ts';
import type { FileEntry } from '../../model/file-entry.ts';
import { decodePath, encodePath } from '../../model/path-bytes.ts';
import { sortByBytes } from './byte-order.ts';
import { mtreePaths } from './mtree.ts';

/**
 * Key in ArchiveFacts.rootMembers for the paths that `.MTREE` lists, NUL-terminated, if they differ from the archive's entries.
 * It cannot be an entry's path, because it ends in a slash.
 */
export const LISTED_PATHS = '.MTREE/';

/**
 * Key for folders that the tar names without a slash, NUL-terminated: pacman lists them with one, but unpacks only names as it
 * has listed them.
 */
export const UNSLASHED_FOLDERS = 'folders/';

type Listing = Pick<ArchiveFacts, 'files' | 'rootMembers'>;

/**
 * Returns a package's paths as pacman lists them, sorted by bytes; directories end in `/`. pacman takes them from `.MTREE` if
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

/** Returns whether pacman unpacks the entry: whether its name in the archive is one of packagePaths. */
export function isUnpacked(facts: Listing, { path, type }: Pick<FileEntry, 'path' | 'type'>): boolean {
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

/** Returns the base64 of paths, each followed by a NUL. */
export function terminated(paths: readonly string[]): string {
  return encodePath(paths.map((path) => `${path}\0`).join('')).toString('base64');
}

function fromTerminated(base64: string): string[] {
  return decodePath(Buffer.from(base64, 'base64')).split('\0').slice(0, -1);
}

/** Sorted paths, kept because sorting is expensive and both hooks and the database need them. */
const known = new WeakMap<Listing, readonly string[]>();

/** Returns the value for LISTED_PATHS in base64; undefined if the entries have the same paths. */
export async function listedPaths(mtree: Uint8Array, files: FileEntries): Promise<string | undefined> {
  const found = await mtreePaths(mtree);
  if (found === undefined) return undefined;
  const listed = sortByBytes([...found]);
  const entries = entryPaths(files);
  if (listed.length === entries.length && listed.every((path, index) => path === entries[index]))
    return undefined;
  return terminated(listed);
}

function entryPaths(files: FileEntries): string[] {
  const paths: string[] = [];
  for (const { path, type } of files)
    if (!path.startsWith('.')) paths.push(type === 'directory' ? `${path}/` : path);
  return sortByBytes(paths);
}
