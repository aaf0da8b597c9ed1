import { AppError } from '../model/app-error.ts';
import type { FileEntries } from '../model/file-entries.ts';
import type { FileEntry } from '../model/file-entry.ts';
import { foldersOf, NONE, plainFolders } from '../model/folders.ts';
import { PathNames } from '../model/path-names.ts';
import { impliedDirectory, inodeOf, RootfsNode } from './rootfs-node.ts';

/** OCI image-spec, "Whiteouts". The names that aufs itself keeps below `.wh..wh.` hide nothing that a layer can hold. */
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** Missing parents are made, up to 2,000 for one long path; the largest images have a million files. */
const MAX_NODES = 4_000_000;

/**
 * Stacks layers as OCI image-spec "Image Layer Filesystem Changeset" says, and as docker's overlay2 does where the spec is
 * silent: a parent that a layer does not name is reset to 0755 root, and hides a symlink of a lower layer; a symlink of the same
 * layer is followed inside the root.
 */
export class RootfsBuilder {
  readonly #root = impliedDirectory(-1);
  #layer = -1;
  #nodes = 0;
  readonly #maxNodes: number;

  constructor(maxNodes = MAX_NODES) {
    this.#maxNodes = maxNodes;
  }

  /** Applies the next layer. @throws AppError BAD_ARCHIVE if an engine could not unpack it */
  apply(files: FileEntries): void {
    this.#layer += 1;
    const { parents, isFilled } = foldersOf(files);
    const foldable = foldableFolders(files);
    const folded = new Uint8Array(files.length + 1);
    for (let index = 0; index < files.length; index += 1) {
      const parent = parents[index] as number;
      if (parent !== NONE && folded[parent] === 1) {
        folded[index] = 1;
        this.#count();
        continue;
      }
      const made = this.#place(files.once(index));
      if (made === undefined || foldable?.[index] !== 1 || !isFilled(index)) continue;
      made.fold({ files, folder: index, layer: this.#layer });
      folded[index] = 1;
    }
  }

  /** Returns the root, below which is every path. */
  result(): RootfsNode {
    return this.#root;
  }

  /** Returns the node if it is new. */
  #place(entry: FileEntry): RootfsNode | undefined {
    const slash = entry.path.lastIndexOf('/');
    const name = entry.path.slice(slash + 1);
    const parent = this.#enter(entry.path.slice(0, Math.max(slash, 0)), entry.path);
    if (name.startsWith(WHITEOUT)) {
      this.#whiteOut(parent, name, entry.path);
      return undefined;
    }
    if (entry.type === 'hardlink') return this.#add(parent, name, this.#linkTo(entry));
    const before = parent.children.get(name);
    const inode = inodeOf(entry, this.#layer);
    if (inode.type === 'directory' && before?.inode.type === 'directory') {
      before.inode = inode;
      before.layer = this.#layer;
      return undefined;
    }
    return this.#add(parent, name, new RootfsNode(inode, this.#layer));
  }

  /** Engines set mode, owner and time of the shared file to what the link's own header says. */
  #linkTo(entry: FileEntry): RootfsNode {
    const target = this.#find(entry.linkTarget);
    if (target?.layer !== this.#layer || target.inode.type === 'directory') {
      throw new AppError(
        'BAD_ARCHIVE',
        `layer ${this.#layer}: hard link ${entry.path} expects ${entry.linkTarget} before it in the same layer`,
        { details: { path: entry.path, linkTarget: entry.linkTarget } },
      );
    }
    const { mode, uid, gid, mtime } = entry;
    Object.assign(target.inode, {
      mode: target.inode.type === 'symlink' ? target.inode.mode : mode,
      uid,
      gid,
      mtime,
    });
    const hardLinkOf = target.hardLinkOf || entry.linkTarget;
    return new RootfsNode(target.inode, this.#layer, hardLinkOf);
  }

  /** Returns the directory at `folder` as this layer sees it, made if it is missing. */
  #enter(folder: string, path: string): RootfsNode {
    const names = new PathNames(folder);
    const above: RootfsNode[] = [];
    let here = this.#root;
    for (let name = names.next(); name !== undefined; name = names.next()) {
      if (name === '..') {
        here = above.pop() ?? this.#root;
        continue;
      }
      const child = here.children.get(name);
      const isOwn = child?.layer === this.#layer;
      if (child?.inode.type === 'symlink' && isOwn) {
        const { linkTarget } = child.inode;
        if (!names.follow(linkTarget)) throw unpackable(this.#layer, path, 'goes through too many symlinks');
        if (linkTarget.startsWith('/')) here = this.#toRoot(above);
        continue;
      }
      if (child !== undefined && child.inode.type !== 'directory' && isOwn) {
        throw unpackable(this.#layer, path, `has a parent that is a ${child.inode.type}`);
      }
      const next = child?.inode.type === 'directory' ? child : impliedDirectory(this.#layer);
      if (next !== child) this.#add(here, name, next);
      if (next.layer !== this.#layer) {
        next.layer = this.#layer;
        next.inode = impliedDirectory(this.#layer).inode;
      }
      above.push(here);
      here = next;
    }
    return here;
  }

  /** Looks up without making anything; symlinks on the way are followed as in `#enter`. */
  #find(path: string): RootfsNode | undefined {
    const names = new PathNames(path);
    const above: RootfsNode[] = [];
    let here = this.#root;
    for (let name = names.next(); name !== undefined; name = names.next()) {
      if (name === '..') {
        here = above.pop() ?? this.#root;
        continue;
      }
      const child = here.children.get(name);
      if (child === undefined) return undefined;
      if (child.inode.type === 'symlink' && !names.atEnd) {
        const { linkTarget } = child.inode;
        if (child.layer !== this.#layer || !names.follow(linkTarget)) return undefined;
        if (linkTarget.startsWith('/')) here = this.#toRoot(above);
      } else {
        above.push(here);
        here = child;
      }
    }
    return here;
  }

  #toRoot(above: RootfsNode[]): RootfsNode {
    above.length = 0;
    return this.#root;
  }

  #add(parent: RootfsNode, name: string, node: RootfsNode): RootfsNode {
    this.#count();
    parent.children.set(name, node);
    return node;
  }

  #count(): void {
    this.#nodes += 1;
    if (this.#nodes > this.#maxNodes) {
      throw new AppError(
        'LIMIT',
        `layer ${this.#layer}: expected at most ${this.#maxNodes} files and folders, got more`,
      );
    }
  }

  /** A whiteout hides what lower layers gave, never what its own layer gives. */
  #whiteOut(parent: RootfsNode, name: string, path: string): void {
    if (name === OPAQUE) {
      this.#hideLower(parent);
      return;
    }
    const hidden = name.slice(WHITEOUT.length);
    if (hidden === '' || hidden === '.' || hidden === '..')
      throw unpackable(this.#layer, path, 'is a whiteout without a name');
    const child = parent.children.get(hidden);
    if (child === undefined) return;
    if (child.layer === this.#layer) this.#hideLower(child);
    else parent.children.delete(hidden);
  }

  #hideLower(top: RootfsNode): void {
    const stack = [top];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (node.foldedLayer === this.#layer) continue;
      if (node.foldedLayer !== undefined) node.clear();
      for (const [name, child] of node.children) {
        if (child.layer === this.#layer) stack.push(child);
        else node.children.delete(name);
      }
    }
  }
}

/**
 * Returns which directories can be folded if no lower layer has them: those that end up as they are listed, whatever else the
 * layer has; undefined: none. Hard links change what they lead to, and need it before them.
 */
function foldableFolders(files: FileEntries): Uint8Array | undefined {
  if (!foldersOf(files).isOrderly) return undefined;
  const targets = new Set<string>();
  for (let index = 0; index < files.length; index += 1)
    if (files.head(index).type === 'hardlink') targets.add(files.once(index).linkTarget);
  const listed = new Set<string>();
  const foldable = plainFolders(files, (index) => {
    const path = files.path(index);
    if (targets.has(path)) listed.add(path);
    return listed.has(path) || path.startsWith(WHITEOUT, path.lastIndexOf('/') + 1);
  });
  return listed.size === targets.size ? foldable : undefined;
}

function unpackable(layer: number, path: string, why: string): AppError {
  return new AppError('BAD_ARCHIVE', `layer ${layer}: ${JSON.stringify(path.slice(0, 200))} ${why}`, {
    details: { layer, path },
  });
}
