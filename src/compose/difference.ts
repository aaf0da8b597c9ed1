import { type Inode, parentOf, type Tree } from './tree.ts';

/** OCI image-spec "Whiteouts": an empty file with this prefix removes its sibling from the layers below. */
const WHITEOUT_PREFIX = '.wh.';

/** One entry of the layer that turns one tree into another. */
export type Change =
  | { readonly kind: 'put'; readonly path: string; readonly inode: Inode }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'whiteout'; readonly path: string };

/**
 * Returns the layer that turns `from` into `to`: changed or new paths, whiteouts for removed ones, and the parents of every
 * entry, since a layer without them would reset their modes. Sorted by path, parents first. A group of hard links is written as a
 * whole, because a layer cannot link to a file of a lower one.
 */
export function difference(from: Tree, to: Tree): readonly Change[] {
  layApart(from, to);
  const changed = new Set<string>();
  const groups = linkGroups(to);
  for (const [path, inode] of to.laid()) {
    if (groups.has(inode)) continue;
    const before = from.get(path);
    if (before === undefined || !sameInode(before, inode)) changed.add(path);
  }
  for (const [inode, members] of groups)
    if (!sameGroup(from, members, inode)) for (const member of members) changed.add(member);
  const gone: string[] = [];
  for (const [path] of from.laid()) if (!to.has(path) && survives(path, to)) gone.push(path);
  for (const path of [...changed, ...gone]) addParents(changed, path);

  const changes: Change[] = [];
  const firstOf = new Map<Inode, string>();
  for (const path of [...changed].sort()) {
    const inode = to.get(path);
    if (inode === undefined) throw new Error(`no parent ${path} in the target tree`);
    const first = firstOf.get(inode);
    if (first !== undefined) {
      changes.push({ kind: 'link', path, target: first });
    } else {
      changes.push({ kind: 'put', path, inode });
      if (groups.has(inode)) firstOf.set(inode, path);
    }
  }
  for (const path of gone.sort()) changes.push({ kind: 'whiteout', path: whiteoutOf(path) });
  return changes;
}

/** Lays out all contents of directories but those that both trees have from the same entries of an archive. */
function layApart(from: Tree, to: Tree): void {
  for (const [tree, other] of [
    [to, from],
    [from, to],
  ] as const)
    for (const [path, { files, folder }] of tree.folds) {
      // Lays out what is above it.
      other.get(path);
      const same = other.folds.get(path);
      if (same?.files !== files || same.folder !== folder) tree.unfold(path);
    }
}

/** Adds the parents of a path, up to the first that is in the set already: its own parents are too. */
function addParents(paths: Set<string>, path: string): void {
  for (let parent = parentOf(path); parent !== '' && !paths.has(parent); parent = parentOf(parent))
    paths.add(parent);
}

/** Returns the paths of each inode that has several. */
function linkGroups(tree: Tree): Map<Inode, string[]> {
  const paths = new Map<Inode, string[]>();
  for (const [path, inode] of tree.laid()) {
    if (inode.type === 'directory') continue;
    const known = paths.get(inode);
    if (known === undefined) paths.set(inode, [path]);
    else known.push(path);
  }
  for (const [inode, members] of paths) if (members.length === 1) paths.delete(inode);
  return paths;
}

/** Tells whether the paths that are one file in the target are that same file in `from` too. */
function sameGroup(from: Tree, members: readonly string[], inode: Inode): boolean {
  const [first = ''] = members;
  const before = from.get(first);
  return (
    before !== undefined && sameInode(before, inode) && members.every((member) => from.get(member) === before)
  );
}

/** Returns false if a parent is gone or no longer a directory: hiding the parent hides the path. */
function survives(path: string, to: Tree): boolean {
  const parent = parentOf(path);
  return parent === '' || to.get(parent)?.type === 'directory';
}

function whiteoutOf(path: string): string {
  const parent = parentOf(path);
  return parent === ''
    ? `${WHITEOUT_PREFIX}${path}`
    : `${parent}/${WHITEOUT_PREFIX}${path.slice(parent.length + 1)}`;
}

/** Compares inodes, except for mtimes of directories, which every install into a directory changes. */
function sameInode(a: Inode, b: Inode): boolean {
  if (a.uncertain || b.uncertain) return false;
  return (
    a.type === b.type &&
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.sizeBytes === b.sizeBytes &&
    a.sha256 === b.sha256 &&
    a.linkTarget === b.linkTarget &&
    a.deviceMajor === b.deviceMajor &&
    a.deviceMinor === b.deviceMinor &&
    (a.type === 'directory' || a.mtime === b.mtime) &&
    sameXattrs(a.xattrs, b.xattrs)
  );
}

function sameXattrs(a: Inode['xattrs'], b: Inode['xattrs']): boolean {
  if (a === b) return true;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
