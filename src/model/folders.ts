import type { EntryHead } from './file-block.ts';
import type { FileEntries } from './file-entries.ts';

/** Instead of an index: there is none. */
export const NONE = -1;

/** The entries of an archive by their folders. */
export interface Folders {
  /** By entry: index of its folder's entry, or `root`; NONE where the folder has no earlier entry */
  readonly parents: Int32Array;
  /**
   * By entry, and at last for the root: 1 for a directory below which there are only files, symlinks and directories, each of
   * them once and after its folder's entry. They are laid down as they are listed, whatever else is installed elsewhere.
   */
  readonly plain: Uint8Array;
  /** Index that stands for the root folder, which has no entry */
  readonly root: number;
  /** Whether a directory has several entries */
  readonly repeats: boolean;
  /** Whether every entry comes after its folder's, and no path of a directory is something else later */
  readonly isOrderly: boolean;
  /** Whether the entries directly in a directory are sorted by name. */
  isSorted(folder: number): boolean;
  /** Whether the directory has entries. */
  isFilled(folder: number): boolean;
  /** Yields the indexes of the entries directly in a directory, in order. */
  inside(folder: number): Generator<number>;
}

const known = new WeakMap<FileEntries, Folders>();

/** Returns the folders of an archive. */
export function foldersOf(files: FileEntries): Folders {
  const found = known.get(files) ?? read(files);
  known.set(files, found);
  return found;
}

/** Returns Folders.plain without the folders that have an `excepted` entry somewhere below them; by default, there are none. */
export function plainFolders(files: FileEntries, excepted?: (index: number) => boolean): Uint8Array {
  const { parents, plain } = foldersOf(files);
  if (excepted === undefined) return plain;
  const left = plain.slice();
  for (let index = 0; index < files.length; index += 1)
    if (excepted(index)) spoil(left, parents, parents[index] as number);
  return left;
}

/** Where a folder is spoilt, those above it are, too. */
function spoil(plain: Uint8Array, parents: Int32Array, folder: number): void {
  for (let above = folder; above !== NONE && plain[above] === 1; above = parents[above] as number)
    plain[above] = 0;
}

function read(files: FileEntries): Folders {
  const root = files.length;
  const lists = () => new Int32Array(files.length + 1).fill(NONE);
  const [parents, first, last, next] = [lists(), lists(), lists(), lists()];
  const plain = new Uint8Array(files.length + 1);
  plain[root] = 1;
  const byPath = new Map([['', root]]);
  const unsorted = new Set<number>();
  let repeats = false;
  let isOrderly = true;
  let folder = '';
  let parent = root;
  for (let index = 0; index < files.length; index += 1) {
    const path = files.path(index);
    const above = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    if (above !== folder) {
      folder = above;
      parent = byPath.get(above) ?? NONE;
    }
    const head = files.head(index);
    if (head.type === 'directory') {
      plain[index] = 1;
      if (byPath.has(path)) repeats = true;
      else byPath.set(path, index);
    } else if (byPath.has(path)) isOrderly = false;
    if (parent === NONE) {
      isOrderly = false;
      plain[root] = 0;
      continue;
    }
    parents[index] = parent;
    const before = last[parent] as number;
    last[parent] = index;
    if (before === NONE) first[parent] = index;
    else {
      next[before] = index;
      if (path <= files.path(before)) unsorted.add(parent);
    }
    if (!isPlain(head)) spoil(plain, parents, parent);
  }
  function* inside(folder: number): Generator<number> {
    for (let index = first[folder] as number; index !== NONE; index = next[index] as number) yield index;
  }
  for (const folder of unsorted) {
    const paths = [...inside(folder)].map((index) => files.path(index));
    if (new Set(paths).size < paths.length) spoil(plain, parents, folder);
  }
  return {
    parents,
    plain,
    root,
    repeats,
    isOrderly,
    isSorted: (folder) => !unsorted.has(folder),
    isFilled: (folder) => first[folder] !== NONE,
    inside,
  };
}

/** Directories of an installed tree have no more than owner and mode. */
function isPlain({ type, links, deviceMajor, deviceMinor, xattrs }: EntryHead): boolean {
  if (type !== 'directory') return type === 'file' || type === 'symlink';
  return !links && deviceMajor === 0 && deviceMinor === 0 && Object.keys(xattrs).length === 0;
}
