import type { Digest } from '../model/digest.ts';
import type { FileEntry } from '../model/file-entry.ts';
import { directoryInode, type Inode, inodeOf, parentOf, removeBelow, type Tree } from './tree.ts';

/** Entries of one layer, in tar order, and the archive that holds their bytes. A bundle is several of these at once. */
export interface LayerEntries {
  readonly parts: readonly { readonly digest: Digest; readonly entries: Iterable<FileEntry> }[];
}

/** Attributes that an unpacker gives a directory that no entry describes (engine-facts: docker and podman). */
const IMPLIED = { mode: 0o755, uid: 0, gid: 0, mtime: 0 };

/**
 * Builds the tree that an engine shows when it stacks these layers, lowest first (OCI image-spec "Applying Changesets",
 * overlay semantics): an upper non-directory hides what is below, a directory merges with a directory, a
 * directory over a symlink hides the symlink.
 */
export function stackTree(layers: readonly LayerEntries[]): Tree {
  const tree: Tree = new Map();
  for (const layer of layers) applyLayer(tree, layer);
  return tree;
}

function applyLayer(tree: Tree, layer: LayerEntries): void {
  /** Directories that this layer describes or has been made to imply; their parents are in the set too. */
  const described = new Set<string>(['']);
  /** Files with a hard link whose header disagrees */
  const doubtful = new Set<Inode>();
  for (const { digest, entries } of layer.parts) {
    for (const entry of entries) {
      for (let parent = parentOf(entry.path); !described.has(parent); parent = parentOf(parent)) {
        described.add(parent);
        imply(tree, parent);
      }
      const existing = tree.get(entry.path);
      if (entry.type === 'directory') {
        described.add(entry.path);
        tree.set(entry.path, inodeOf(entry, digest));
        continue;
      }
      if (existing?.type === 'directory') removeBelow(tree, entry.path);
      const inode = entry.type === 'hardlink' ? linked(tree, entry, digest) : inodeOf(entry, digest);
      if (entry.type === 'hardlink' && !sameHeader(inode, entry)) doubtful.add(inode);
      tree.set(entry.path, inode);
    }
  }
  markUncertain(tree, doubtful);
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
  for (const [path, inode] of tree) {
    const uncertain = marked.get(inode);
    if (uncertain !== undefined) tree.set(path, uncertain);
  }
}
