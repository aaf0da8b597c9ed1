import type { FileEntries } from '../model/file-entries.ts';
import type { EntryType, FileEntry } from '../model/file-entry.ts';
import { foldersOf } from '../model/folders.ts';
import { copied } from '../model/path-bytes.ts';

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

/** Shared by all names of a hard-linked file. */
export type RootfsInode = { -readonly [Key in Exclude<keyof RootfsEntry, 'hardLinkOf'>]: RootfsEntry[Key] };

/** An entry of a layer */
interface Listed {
  readonly files: FileEntries;
  readonly index: number;
}

/** What a layer lists in a directory, not laid out yet */
interface Fold {
  readonly files: FileEntries;
  /** Index of the directory's entry */
  readonly folder: number;
  readonly layer: number;
}

/** A name in the flattened image. What a folded directory holds takes no memory until it is looked up. */
export class RootfsNode {
  readonly hardLinkOf: string;
  /** Index of the last layer that touched it, if only as a parent */
  layer: number;
  #inode: RootfsInode | Listed;
  #children: Map<string, RootfsNode> | undefined;
  #fold: Fold | undefined;

  constructor(inode: RootfsInode | Listed, layer: number, hardLinkOf = '') {
    this.#inode = inode;
    this.layer = layer;
    this.hardLinkOf = hardLinkOf;
  }

  get inode(): RootfsInode {
    const inode = this.#inode;
    if (!('files' in inode)) return inode;
    const made = inodeOf(inode.files.once(inode.index), this.layer);
    this.#inode = made;
    return made;
  }

  set inode(inode: RootfsInode) {
    this.#inode = inode;
  }

  get entry(): RootfsEntry {
    return { ...this.inode, hardLinkOf: this.hardLinkOf };
  }

  /** Children by name; lays them out if they are folded. */
  get children(): Map<string, RootfsNode> {
    this.#children ??= new Map([...this.#unfolded()].map(([name, node]) => [copied(name), node]));
    this.#fold = undefined;
    return this.#children;
  }

  /** Gives an empty directory the contents that a layer lists in it. */
  fold(fold: Fold): void {
    this.#fold = fold;
  }

  /** Layer of the contents, if they are folded */
  get foldedLayer(): number | undefined {
    return this.#fold?.layer;
  }

  /** Removes what the directory holds. */
  clear(): void {
    this.#children = undefined;
    this.#fold = undefined;
  }

  get isFilled(): boolean {
    return this.#fold !== undefined || (this.#children !== undefined && this.#children.size > 0);
  }

  /** Tells whether both hold what one list has in one folder. */
  holdsSame(other: RootfsNode): boolean {
    const [own, its] = [this.#fold, other.#fold];
    return own !== undefined && own.files === its?.files && own.folder === its.folder;
  }

  /** Number of names below it */
  get size(): number {
    let size = 0;
    const stack: RootfsNode[] = [this];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      size += node.#fold === undefined ? (node.#children?.size ?? 0) : sizeOf(node.#fold);
      for (const child of node.#children?.values() ?? []) if (child.isFilled) stack.push(child);
    }
    return size;
  }

  /** Yields the children by name. Folded ones stay folded: they are made for the caller alone. */
  *sorted(): Generator<readonly [name: string, node: RootfsNode], undefined> {
    const fold = this.#fold;
    if (fold !== undefined && foldersOf(fold.files).isSorted(fold.folder)) yield* this.#unfolded();
    else yield* [...(this.#children ?? this.#unfolded())].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  }

  *#unfolded(): Generator<readonly [name: string, node: RootfsNode], undefined> {
    if (this.#fold === undefined) return;
    const { files, folder, layer } = this.#fold;
    const { inside, isFilled } = foldersOf(files);
    for (const index of inside(folder)) {
      const path = files.path(index);
      const node = new RootfsNode({ files, index }, layer);
      if (isFilled(index)) node.fold({ files, folder: index, layer });
      yield [path.slice(path.lastIndexOf('/') + 1), node];
    }
  }
}

/** Yields the paths below a node, parents first, sorted by name. */
export function* namesBelow(
  top: RootfsNode,
): Generator<readonly [path: string, node: RootfsNode], undefined> {
  const stack = [{ prefix: '', children: top.sorted() }];
  for (let here = stack.at(-1); here !== undefined; here = stack.at(-1)) {
    const next = here.children.next();
    if (next.done === true) {
      stack.pop();
      continue;
    }
    const [name, node] = next.value;
    const path = here.prefix + name;
    yield [path, node];
    if (node.isFilled) stack.push({ prefix: `${path}/`, children: node.sorted() });
  }
}

function sizeOf({ files, folder }: Fold): number {
  const { inside, isFilled } = foldersOf(files);
  let size = 0;
  const stack = [folder];
  for (let here = stack.pop(); here !== undefined; here = stack.pop()) {
    for (const index of inside(here)) {
      size += 1;
      if (isFilled(index)) stack.push(index);
    }
  }
  return size;
}

/** Returns the inode of an entry that is no hard link. */
export function inodeOf(entry: FileEntry, layer: number): RootfsInode {
  const { mode, uid, gid, sizeBytes, mtime, sha256, deviceMajor, deviceMinor, xattrs } = entry;
  const type = entry.type as RootfsEntry['type'];
  const linkTarget = type === 'symlink' ? entry.linkTarget : '';
  const content = { sizeBytes, linkTarget, sha256, deviceMajor, deviceMinor, xattrs };
  return { type, mode, uid, gid, mtime, ...content, layer, implicit: false };
}

/** Makes a directory that no entry names. */
export function impliedDirectory(layer: number): RootfsNode {
  const owner = { mode: 0o755, uid: 0, gid: 0, mtime: 0 };
  const content = { sizeBytes: 0, linkTarget: '', sha256: '', deviceMajor: 0, deviceMinor: 0, xattrs: {} };
  return new RootfsNode({ type: 'directory', ...owner, ...content, layer, implicit: true }, layer);
}
