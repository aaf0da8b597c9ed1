import type { Digest } from '../model/digest.ts';
import type { EntryType, FileEntry } from '../model/file-entry.ts';

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

/** Inodes by path, without leading and trailing slashes; the root itself is not included. */
export type Tree = Map<string, Inode>;

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

/** Removes everything below a directory; the directory itself stays. */
export function removeBelow(tree: Tree, directory: string): void {
  const prefix = `${directory}/`;
  for (const path of tree.keys()) if (path.startsWith(prefix)) tree.delete(path);
}
