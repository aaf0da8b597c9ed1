import type { FileEntry } from '../model/archive.ts';
import type { Digest } from '../model/digest.ts';
import { ancestorsOf, directoryInode, type Inode, inodeOf, removeBelow, type Tree } from './tree.ts';

/** One layer's entries, in tar order, with the archive whose bytes they are. A bundle is several of these at once. */
export interface LayerEntries {
  readonly parts: readonly { readonly digest: Digest; readonly entries: readonly FileEntry[] }[];
}

/** The attributes an unpacker gives a directory that no entry describes (engine-facts: docker and podman). */
const IMPLIED = { mode: 0o755, uid: 0, gid: 0, mtime: 0 };

/**
 * The tree that an engine shows when it stacks these layers, lowest first (OCI image-spec "Applying Changesets",
 * overlay semantics): an upper non-directory hides what is below, a directory merges with a directory, a
 * directory over a symlink hides the symlink.
 */
export function stackTree(layers: readonly LayerEntries[]): Tree {
  const tree: Tree = new Map();
  for (const layer of layers) applyLayer(tree, layer);
  return tree;
}

function applyLayer(tree: Tree, layer: LayerEntries): void {
  /** Directories this layer describes, or has already been made to imply. */
  const described = new Set<string>();
  for (const { digest, entries } of layer.parts) {
    for (const entry of entries) {
      for (const ancestor of ancestorsOf(entry.path)) {
        if (described.has(ancestor)) continue;
        described.add(ancestor);
        imply(tree, ancestor);
      }
      const existing = tree.get(entry.path);
      if (entry.type === 'directory') {
        described.add(entry.path);
        tree.set(entry.path, inodeOf(entry, digest));
        continue;
      }
      if (existing?.type === 'directory') removeBelow(tree, entry.path);
      tree.set(entry.path, resolveHardlink(tree, entry, digest));
    }
  }
}

function imply(tree: Tree, path: string): void {
  tree.set(path, directoryInode(IMPLIED, true));
}

/**
 * A link shares its target's inode. Where its header disagrees with the target's, podman applies the link's and
 * umoci the target's, so the file is left uncertain, as is one whose target is not there.
 */
function resolveHardlink(tree: Tree, entry: FileEntry, digest: Digest): Inode {
  if (entry.type !== 'hardlink') return inodeOf(entry, digest);
  const target = tree.get(entry.linkTarget);
  if (target === undefined) return { ...inodeOf({ ...entry, type: 'file' }, digest), uncertain: true };
  if (target.mode === entry.mode && target.uid === entry.uid && target.gid === entry.gid) return target;
  const doubtful: Inode = { ...target, uncertain: true };
  for (const [path, inode] of tree) if (inode === target) tree.set(path, doubtful);
  return doubtful;
}
