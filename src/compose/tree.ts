import type { Digest } from '../model/digest.ts';
import type { FileEntries } from '../model/file-entries.ts';
import type { EntryType, FileEntry } from '../model/file-entry.ts';
import { foldersOf } from '../model/folders.ts';

/** Source of a file's bytes: an archive's uncompressed tar, memory, or a file of this machine. */
export type Content =
  | { readonly kind: 'archive'; readonly digest: Digest; readonly offset: number }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'file'; readonly path: string };

/** A file, directory or other object that paths refer to. Hard links are several paths with one Inode object. */
export interface Inode {
  readonly type: Exclude<EntryType, 'hardlink'>;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch */
  readonly mtime: number;
  readonly sizeBytes: number;
  readonly linkTarget: string;
  readonly sha256: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** Values base64 */
  readonly xattrs: Readonly<Record<string, string>>;
  readonly content: Content | undefined;
  /**
   * Unpackers disagree about the object, for example about a directory that an upper layer's files imply without listing it; such
   * a path never counts as equal.
   */
  readonly uncertain: boolean;
}

/** The contents of a directory as an archive lists them, not laid out yet. Equal lists and folders have equal contents. */
export interface Fold {
  readonly files: FileEntries;
  /** Index of the directory's entry */
  readonly folder: number;
  /** Sets the inode of an entry that is directly in the directory, and folds its own contents. */
  lay(index: number): void;
}

/**
 * Inodes by path, without leading and trailing slashes; the root itself is not included. The contents of a directory may be
 * folded: they are laid out when one of their paths is looked up, or all are listed. So what a single package holds, and nobody
 * looks at, takes no memory.
 */
export class Tree extends Map<string, Inode> {
  readonly #folds = new Map<string, Fold>();

  constructor(entries: Iterable<readonly [string, Inode]> = []) {
    super();
    for (const [path, inode] of entries) super.set(path, inode);
  }

  /** Gives an empty directory of the tree folded contents. */
  fold(path: string, fold: Fold): void {
    this.#folds.set(path, fold);
  }

  /** Returns the folds by the directories' paths. */
  get folds(): ReadonlyMap<string, Fold> {
    return this.#folds;
  }

  /** Lays out what is directly in a directory, if its contents are folded. */
  unfold(path: string): void {
    const fold = this.#folds.get(path);
    this.#folds.delete(path);
    if (fold !== undefined) for (const index of foldersOf(fold.files).inside(fold.folder)) fold.lay(index);
  }

  override get(path: string): Inode | undefined {
    return super.get(path) ?? (this.#reveal(path) ? super.get(path) : undefined);
  }

  override has(path: string): boolean {
    return super.has(path) || (this.#reveal(path) && super.has(path));
  }

  override set(path: string, inode: Inode): this {
    if (!super.has(path)) this.#reveal(path);
    return super.set(path, inode);
  }

  override delete(path: string): boolean {
    this.#reveal(path);
    return super.delete(path);
  }

  override entries(): MapIterator<[string, Inode]> {
    for (const path of this.#folds.keys()) this.unfold(path);
    return super.entries();
  }

  override keys(): MapIterator<string> {
    this.entries();
    return super.keys();
  }

  override values(): MapIterator<Inode> {
    this.entries();
    return super.values();
  }

  override [Symbol.iterator](): MapIterator<[string, Inode]> {
    return this.entries();
  }

  /** Iterates over what is not folded: everything that has been looked at. */
  laid(): MapIterator<[string, Inode]> {
    return super.entries();
  }

  /** Returns the names in a directory, not sorted. */
  names(directory: string): readonly string[] {
    this.get(directory);
    this.unfold(directory);
    const prefix = directory === '' ? '' : `${directory}/`;
    const names: string[] = [];
    for (const path of super.keys())
      if (path.startsWith(prefix) && !path.includes('/', prefix.length))
        names.push(path.slice(prefix.length));
    return names;
  }

  /** Removes everything below a directory; the directory itself stays. */
  removeBelow(directory: string): void {
    this.get(directory);
    const prefix = `${directory}/`;
    for (const path of this.#folds.keys())
      if (path === directory || path.startsWith(prefix)) this.unfold(path);
    for (const path of super.keys()) if (path.startsWith(prefix)) super.delete(path);
  }

  /** Lays out folds above a path until it is there, if it is in one; returns whether there were any. */
  #reveal(path: string): boolean {
    if (this.#folds.size === 0) return false;
    let above = parentOf(path);
    while (above !== '' && !super.has(above)) above = parentOf(above);
    if (!this.#folds.has(above)) return false;
    this.unfold(above);
    this.#reveal(path);
    return true;
  }
}

/** Makes the inode of a directory. */
export function directoryInode(
  attributes: { mode: number; uid: number; gid: number; mtime: number },
  uncertain = false,
): Inode {
  return {
    type: 'directory',
    ...attributes,
    sizeBytes: 0,
    linkTarget: '',
    sha256: '',
    deviceMajor: 0,
    deviceMinor: 0,
    xattrs: {},
    content: undefined,
    uncertain,
  };
}

/** Makes the inode of an archive's entry; the caller resolves hard links. */
export function inodeOf(entry: FileEntry, archive: Digest): Inode {
  return {
    type: entry.type as Inode['type'],
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    mtime: entry.mtime,
    sizeBytes: entry.sizeBytes,
    linkTarget: entry.linkTarget,
    sha256: entry.sha256,
    deviceMajor: entry.deviceMajor,
    deviceMinor: entry.deviceMinor,
    xattrs: entry.xattrs,
    content: entry.type === 'file' ? { kind: 'archive', digest: archive, offset: entry.offset } : undefined,
    uncertain: false,
  };
}

/** Returns the parent of a path: `a/b` for `a/b/c`, empty for `a`. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

/** Yields the ancestors of a path: `a`, `a/b` for `a/b/c`. */
export function* ancestorsOf(path: string): Generator<string> {
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    yield path.slice(0, slash);
  }
}
