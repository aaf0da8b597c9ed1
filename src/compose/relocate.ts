import type { FileEntry } from '../model/file-entry.ts';
import { TreeRoot } from './root.ts';
import { directoryInode, type Inode, Tree } from './tree.ts';

/**
 * Moves a package's entries below a folder (`opt/tools`, without slash at either end). Absolute symlinks to a path of the same
 * package are adjusted; relative ones need not be, and any other (`/proc/mounts`) stays.
 */
export function relocateEntries(entries: readonly FileEntry[], prefix: string): readonly FileEntry[] {
  if (prefix === '') return entries;
  const own = new Set(entries.map(({ path }) => path));
  return entries.map((entry) => ({
    ...entry,
    path: `${prefix}/${entry.path}`,
    linkTarget:
      entry.type === 'hardlink'
        ? `${prefix}/${entry.linkTarget}`
        : relocateTarget(entry, prefix, (path) => own.has(path)),
  }));
}

/**
 * Moves a whole tree below a folder. Absolute symlinks to a path of the tree are adjusted. The folder and its parents are 0755,
 * root.
 * @param time their mtime in seconds since the epoch
 */
export function relocateTree(tree: Tree, prefix: string, time: number): Tree {
  if (prefix === '') return tree;
  const moved = new Tree();
  const parts = prefix.split('/');
  for (let count = 1; count <= parts.length; count++) {
    moved.set(parts.slice(0, count).join('/'), directoryInode({ mode: 0o755, uid: 0, gid: 0, mtime: time }));
  }
  const root = new TreeRoot(tree, time);
  const relocated = new Map<Inode, Inode>();
  for (const [path, inode] of tree) {
    const linkTarget = relocateTarget(inode, prefix, (target) => root.stat(target) !== undefined);
    const known = relocated.get(inode);
    const next = known ?? (linkTarget === inode.linkTarget ? inode : { ...inode, linkTarget });
    // Hard links stay one inode.
    relocated.set(inode, next);
    moved.set(`${prefix}/${path}`, next);
  }
  return moved;
}

function relocateTarget(
  { type, linkTarget }: Pick<Inode | FileEntry, 'type' | 'linkTarget'>,
  prefix: string,
  exists: (path: string) => boolean,
): string {
  if (type !== 'symlink' || !linkTarget.startsWith('/')) return linkTarget;
  const path = normalised(linkTarget);
  return path === '' || exists(path) ? `/${prefix}${linkTarget}` : linkTarget;
}

/** Normalises `/usr//lib/../bin/` to `usr/bin`, without looking at symlinks. */
function normalised(target: string): string {
  const parts: string[] = [];
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}
