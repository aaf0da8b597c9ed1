import type { TarEntry } from '../archive/tar-entry.ts';
import { AppError } from '../model/app-error.ts';
import type { EntryType } from '../model/file-entry.ts';
import { append } from '../model/lists.ts';
import { PathNames } from '../model/path-names.ts';

/** A file of the flattened image, as an engine unpacks it. */
export interface RootfsEntry {
  readonly type: Exclude<EntryType, 'hardlink'>;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtime: number;
  /** Target of a symlink, as written; else empty */
  readonly linkTarget: string;
  /** Lower-case hex; empty for everything but regular files */
  readonly sha256: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  readonly xattrs: Readonly<Record<string, string>>;
  /** Path of the first name, for a further name of a hard-linked file; else empty */
  readonly hardLinkOf: string;
  /** Index of the layer that set it, from 0 */
  readonly layer: number;
  /** A directory that no entry of that layer names: engines make it 0755, root, whatever a lower layer said. */
  readonly implicit: boolean;
}

/** An entry of a layer and the hash of its content. */
export interface LayerEntry {
  readonly entry: TarEntry;
  readonly sha256: string;
}

/** Shared by all names of a hard-linked file. */
type Inode = { -readonly [Key in Exclude<keyof RootfsEntry, 'hardLinkOf'>]: RootfsEntry[Key] };

interface Node {
  inode: Inode;
  readonly hardLinkOf: string;
  /** Index of the last layer that touched it, if only as a parent */
  layer: number;
  readonly children: Map<string, Node>;
}

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
  readonly #root: Node = directory(-1);
  #layer = -1;
  #nodes = 0;
  readonly #maxNodes: number;

  constructor(maxNodes = MAX_NODES) {
    this.#maxNodes = maxNodes;
  }

  /** Applies the next layer. @throws AppError BAD_ARCHIVE if an engine could not unpack it */
  apply(entries: readonly LayerEntry[]): void {
    this.#layer += 1;
    for (const item of entries) this.#place(item);
  }

  /** Returns every path below the root, parents first, sorted by name. */
  result(): ReadonlyMap<string, RootfsEntry> {
    const found = new Map<string, RootfsEntry>();
    const stack = sortedChildren(this.#root, '');
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { inode, hardLinkOf } = next.node;
      found.set(next.path, { ...inode, hardLinkOf });
      if (next.node.children.size > 0) append(stack, sortedChildren(next.node, `${next.path}/`));
    }
    return found;
  }

  #place({ entry, sha256 }: LayerEntry): void {
    const slash = entry.path.lastIndexOf('/');
    const name = entry.path.slice(slash + 1);
    const parent = this.#enter(entry.path.slice(0, Math.max(slash, 0)), entry.path);
    if (name.startsWith(WHITEOUT)) {
      this.#whiteOut(parent, name, entry.path);
      return;
    }
    if (entry.type === 'hardlink') {
      this.#add(parent, name, this.#linkTo(entry));
      return;
    }
    const before = parent.children.get(name);
    const inode = inodeOf(entry, { type: entry.type, sha256, layer: this.#layer });
    if (inode.type === 'directory' && before?.inode.type === 'directory') {
      before.inode = inode;
      before.layer = this.#layer;
    } else {
      this.#add(parent, name, { inode, hardLinkOf: '', layer: this.#layer, children: new Map() });
    }
  }

  /** Engines set mode, owner and time of the shared file to what the link's own header says. */
  #linkTo(entry: TarEntry): Node {
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
    return { inode: target.inode, hardLinkOf, layer: this.#layer, children: new Map() };
  }

  /** Returns the directory at `folder` as this layer sees it, made if it is missing. */
  #enter(folder: string, path: string): Node {
    const names = new PathNames(folder);
    const above: Node[] = [];
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
      const next = child?.inode.type === 'directory' ? child : directory(this.#layer);
      if (next !== child) this.#add(here, name, next);
      if (next.layer !== this.#layer) {
        next.layer = this.#layer;
        next.inode = directory(this.#layer).inode;
      }
      above.push(here);
      here = next;
    }
    return here;
  }

  /** Looks up without making anything; symlinks on the way are followed as in `#enter`. */
  #find(path: string): Node | undefined {
    const names = new PathNames(path);
    const above: Node[] = [];
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

  #toRoot(above: Node[]): Node {
    above.length = 0;
    return this.#root;
  }

  #add(parent: Node, name: string, node: Node): void {
    this.#nodes += 1;
    if (this.#nodes > this.#maxNodes) {
      throw new AppError(
        'LIMIT',
        `layer ${this.#layer}: expected at most ${this.#maxNodes} files and folders, got more`,
      );
    }
    parent.children.set(name, node);
  }

  /** A whiteout hides what lower layers gave, never what its own layer gives. */
  #whiteOut(parent: Node, name: string, path: string): void {
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

  #hideLower(top: Node): void {
    const stack = [top];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      for (const [name, child] of node.children) {
        if (child.layer === this.#layer) stack.push(child);
        else node.children.delete(name);
      }
    }
  }
}

function inodeOf(
  entry: TarEntry,
  {
    type,
    sha256,
    layer,
  }: { readonly type: RootfsEntry['type']; readonly sha256: string; readonly layer: number },
): Inode {
  const { mode, uid, gid, sizeBytes, mtime, deviceMajor, deviceMinor, xattrs } = entry;
  const linkTarget = type === 'symlink' ? entry.linkTarget : '';
  const content = { sizeBytes, linkTarget, sha256, deviceMajor, deviceMinor, xattrs };
  return { type, mode, uid, gid, mtime, ...content, layer, implicit: false };
}

function directory(layer: number): Node {
  const owner = { mode: 0o755, uid: 0, gid: 0, mtime: 0 };
  const content = { sizeBytes: 0, linkTarget: '', sha256: '', deviceMajor: 0, deviceMinor: 0, xattrs: {} };
  const inode: Inode = { type: 'directory', ...owner, ...content, layer, implicit: true };
  return { inode, hardLinkOf: '', layer, children: new Map() };
}

/** Sorted in reverse, to be taken from the end. */
function sortedChildren(node: Node, prefix: string): { readonly path: string; readonly node: Node }[] {
  return [...node.children]
    .sort(([a], [b]) => (a < b ? 1 : a > b ? -1 : 0))
    .map(([name, child]) => ({ path: prefix + name, node: child }));
}

function unpackable(layer: number, path: string, why: string): AppError {
  return new AppError('BAD_ARCHIVE', `layer ${layer}: ${JSON.stringify(path.slice(0, 200))} ${why}`, {
    details: { layer, path },
  });
}
