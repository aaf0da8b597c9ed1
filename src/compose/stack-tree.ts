import type { Digest } from '../model/digest.ts';
import type { FileEntries } from '../model/file-entries.ts';
import type { FileEntry } from '../model/file-entry.ts';
import { foldersOf, NONE, plainFolders } from '../model/folders.ts';
import { copied } from '../model/path-bytes.ts';
import { directoryInode, type Inode, inodeOf, parentOf, Tree } from './tree.ts';

/** The entries of an archive in a layer, in tar order. */
export interface LayerPart {
  readonly digest: Digest;
  readonly files: FileEntries;
  /** Returns whether the layer lacks an entry; absent: it has all. */
  omits?(entry: Pick<FileEntry, 'path' | 'type'>): boolean;
}

/** Entries of one layer, and the archives that hold their bytes. A bundle is made of several. */
export interface LayerEntries {
  readonly parts: readonly LayerPart[];
}

/** Attributes that an unpacker gives a directory that no entry describes (engine-facts: docker and podman). */
const IMPLIED = { mode: 0o755, uid: 0, gid: 0, mtime: 0 };

/**
 * Builds the tree that an engine shows when it stacks these layers, lowest first (OCI image-spec "Applying Changesets",
 * overlay semantics): an upper non-directory hides what is below, a directory merges with a directory, a
 * directory over a symlink hides the symlink.
 */
export function stackTree(layers: readonly LayerEntries[]): Tree {
  const tree = new Tree();
  for (const layer of layers) applyLayer(tree, layer);
  return tree;
}

interface State {
  readonly tree: Tree;
  /** Directories that this layer describes or has been made to imply; their parents are in the set too. */
  readonly described: Set<string>;
  /** Files with a hard link whose header disagrees */
  readonly doubtful: Set<Inode>;
}

function applyLayer(tree: Tree, layer: LayerEntries): void {
  const state: State = { tree, described: new Set(['']), doubtful: new Set() };
  for (const part of layer.parts) applyPart(state, part);
  markUncertain(tree, state.doubtful);
}

function applyPart(state: State, part: LayerPart): void {
  const { files } = part;
  const { parents, isFilled } = foldersOf(files);
  const isOmitted = (index: number) =>
    part.omits?.({ path: files.path(index), type: files.head(index).type }) === true;
  const plain = plainFolders(files, part.omits === undefined ? undefined : isOmitted);
  const folded = new Uint8Array(files.length + 1);
  for (let index = 0; index < files.length; index += 1) {
    const parent = parents[index] as number;
    if (parent !== NONE && folded[parent] === 1) {
      folded[index] = 1;
      if (files.head(index).type === 'directory') state.described.add(copied(files.path(index)));
    } else if (!isOmitted(index)) {
      const isNew = apply(state, part, files.at(index));
      if (!isNew || plain[index] !== 1 || !isFilled(index)) continue;
      fold(state.tree, part, index);
      folded[index] = 1;
    }
  }
}

/** Applies an entry; returns whether it is a directory that no layer had before. */
function apply({ tree, described, doubtful }: State, { digest }: LayerPart, entry: FileEntry): boolean {
  for (let parent = parentOf(entry.path); !described.has(parent); parent = parentOf(parent)) {
    described.add(parent);
    imply(tree, parent);
  }
  const existing = tree.get(entry.path);
  if (entry.type === 'directory') {
    described.add(entry.path);
    tree.set(entry.path, inodeOf(entry, digest));
    return existing === undefined;
  }
  if (existing?.type === 'directory') tree.removeBelow(entry.path);
  const inode = entry.type === 'hardlink' ? linked(tree, entry, digest) : inodeOf(entry, digest);
  if (entry.type === 'hardlink' && !sameHeader(inode, entry)) doubtful.add(inode);
  tree.set(entry.path, inode);
  return false;
}

function fold(tree: Tree, { digest, files }: LayerPart, folder: number): void {
  const { isFilled } = foldersOf(files);
  const lay = (index: number): void => {
    const entry = files.at(index);
    tree.set(entry.path, inodeOf(entry, digest));
    if (entry.type === 'directory' && isFilled(index)) tree.fold(entry.path, { files, folder: index, lay });
  };
  tree.fold(files.path(folder), { files, folder, lay });
}

function imply(tree: Tree, path: string): void {
  tree.set(path, directoryInode(IMPLIED, true));
}

/** Returns the inode of a link's target; if the target does not exist, an uncertain one. */
function linked(tree: Tree, entry: FileEntry, digest: Digest): Inode {
  return tree.get(entry.linkTarget) ?? { ...inodeOf({ ...entry, type: 'file' }, digest), uncertain: true };
}

/** Tells whether a link's header agrees with its target's: if not, podman applies the link's and umoci the target's. */
function sameHeader(inode: Inode, entry: FileEntry): boolean {
  return inode.mode === entry.mode && inode.uid === entry.uid && inode.gid === entry.gid;
}

function markUncertain(tree: Tree, inodes: ReadonlySet<Inode>): void {
  if (inodes.size === 0) return;
  const marked = new Map([...inodes].map((inode) => [inode, { ...inode, uncertain: true }]));
  for (const [path, inode] of tree.laid()) {
    const uncertain = marked.get(inode);
    if (uncertain !== undefined) tree.set(path, uncertain);
  }
}
