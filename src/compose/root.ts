import { createHash } from 'node:crypto';
import type { DirectoryOwnership, NewEntry, Root, RootEntry } from '../distros/install.ts';
import { AppError } from '../model/app-error.ts';
import { PathNames } from '../model/path-names.ts';
import { directoryInode, type Inode, parentOf, type Tree } from './tree.ts';

/** A million paths of a hundred names; without a limit, long symlinks that are followed again and again could take hours. */
const MAX_STEPS = 100_000_000;

/** A tree as a file system: resolves paths and makes missing parents. */
export class TreeRoot implements Root {
  readonly tree: Tree;
  /** Modification time of what is made here, in seconds since the epoch */
  readonly #time: number;
  /** Names looked up so far */
  #steps = 0;
  /** Contents that are known without the archive's bytes */
  readonly #known: WeakMap<Inode, () => Uint8Array>;

  constructor(tree: Tree, time: number) {
    this.tree = tree;
    this.#time = time;
    this.#known = new WeakMap();
  }

  /** Sets how the content of an archive's file is read. */
  know(inode: Inode, content: () => Uint8Array): void {
    this.#known.set(inode, content);
  }

  stat(path: string): RootEntry | undefined {
    const real = this.#find(path, false);
    return real === undefined ? undefined : this.tree.get(real);
  }

  read(path: string): Uint8Array | undefined {
    const real = this.#find(path, true);
    const inode = real === undefined ? undefined : this.tree.get(real);
    if (inode?.type !== 'file') return undefined;
    return inode.content?.kind === 'bytes' ? inode.content.bytes : this.#known.get(inode)?.();
  }

  list(path: string): readonly string[] {
    const real = this.#find(path, true);
    if (real === undefined) return [];
    return [...this.tree.names(real)].sort();
  }

  hasOtherNames(path: string): boolean {
    const real = this.#find(path, false);
    const inode = real === undefined ? undefined : this.tree.get(real);
    if (inode?.type !== 'file') return false;
    for (const [other, there] of this.tree.laid()) if (there === inode && other !== real) return true;
    return false;
  }

  put(path: string, entry: NewEntry): void {
    const real = this.locate(path, path);
    const before = this.tree.get(real);
    const inode = newInode(entry, this.#time);
    if (before?.type === 'directory' && entry.type !== 'directory') this.tree.removeBelow(real);
    this.tree.set(real, inode);
  }

  link(existing: string, path: string): void {
    const from = this.#find(existing, false);
    const inode = from === undefined ? undefined : this.tree.get(from);
    if (inode === undefined || inode.type === 'directory')
      throw new Error(`/${existing}: no such file to link to`);
    this.tree.set(this.locate(path, path), inode);
  }

  change(path: string, attributes: Partial<DirectoryOwnership>): void {
    const real = this.#find(path, false);
    const before = real === undefined ? undefined : this.tree.get(real);
    if (real === undefined || before === undefined) return;
    // Inodes belong to this tree alone, so that all names of one change at once.
    Object.assign(before, attributes);
  }

  remove(path: string): void {
    const real = this.#find(path, false);
    if (real === undefined || real === '') return;
    if (this.tree.get(real)?.type === 'directory') this.tree.removeBelow(real);
    this.tree.delete(real);
  }

  /** Returns the inode at a path, following a symlink at its end too; undefined if there is none, or for the root itself. */
  follow(path: string): Inode | undefined {
    const real = this.#find(path, true);
    return real === undefined ? undefined : this.tree.get(real);
  }

  /** Tells whether the path is a directory, following symlinks. */
  isDirectory(path: string): boolean {
    const real = this.#find(path, true);
    return real === '' || (real !== undefined && this.tree.get(real)?.type === 'directory');
  }

  /**
   * Returns the real path: symlinks of the parents are followed, missing parents made.
   * @throws AppError CONFLICT, BAD_ARCHIVE, LIMIT
   */
  locate(path: string, who: string): string {
    const parent = parentOf(path);
    if (parent === '') return path;
    // A tree never holds entries below a symlink, so a directory that is in it is at its real place.
    if (this.tree.get(parent)?.type === 'directory') return path;
    const real = this.directory(parent, who);
    return `${real === '' ? '' : `${real}/`}${path.slice(parent.length + 1)}`;
  }

  /**
   * Returns the real path of a directory; makes missing ones on the way (0755, root), as both package managers do.
   * @throws AppError CONFLICT, BAD_ARCHIVE, LIMIT
   */
  directory(path: string, who: string): string {
    const names = new PathNames(path);
    this.#charge(names.steps, path);
    let real = '';
    for (let name = names.next(); name !== undefined; name = names.next()) {
      if (name === '..') {
        real = parentOf(real);
        continue;
      }
      const next = real === '' ? name : `${real}/${name}`;
      const inode = this.tree.get(next);
      if (inode?.type === 'symlink') {
        real = this.#followed(names, inode.linkTarget, real) ?? tooManyLinks(who, path);
        continue;
      }
      if (inode === undefined) {
        this.tree.set(next, directoryInode({ mode: 0o755, uid: 0, gid: 0, mtime: this.#time }));
      } else if (inode.type !== 'directory') {
        throw new AppError(
          'CONFLICT',
          `${who}: /${next} is a ${inode.type}, not a directory, so /${path} cannot be created`,
        );
      }
      real = next;
    }
    return real;
  }

  /** Returns the real place of a path, whose last name need not be there; undefined where no directory leads to it. */
  #find(path: string, followsLast: boolean): string | undefined {
    // A tree never holds entries below a symlink, so a directory that is in it is at its real place.
    const parent = parentOf(path);
    const isReal = parent === '' ? !path.startsWith('/') : this.tree.get(parent)?.type === 'directory';
    const isPlain = isReal && !/(?:^|\/)\.{0,2}$/.test(path);
    if (isPlain && !(followsLast && this.tree.get(path)?.type === 'symlink')) return path;
    const names = new PathNames(path);
    this.#charge(names.steps, path);
    let real = '';
    for (let name = names.next(); name !== undefined; name = names.next()) {
      if (name === '..') {
        real = parentOf(real);
        continue;
      }
      const next = real === '' ? name : `${real}/${name}`;
      const inode = this.tree.get(next);
      if (inode?.type === 'symlink' && (followsLast || !names.atEnd)) {
        const folder = this.#followed(names, inode.linkTarget, real);
        if (folder === undefined) return undefined;
        real = folder;
      } else if (inode?.type !== 'directory' && !names.atEnd) return undefined;
      else real = next;
    }
    return real;
  }

  /** Returns where a symlink in `folder` goes on; undefined after too many. @throws AppError LIMIT */
  #followed(names: PathNames, target: string, folder: string): string | undefined {
    const before = names.steps;
    if (!names.follow(target)) return undefined;
    this.#charge(names.steps - before, folder);
    return target.startsWith('/') ? '' : folder;
  }

  #charge(steps: number, path: string): void {
    this.#steps += steps;
    if (this.#steps <= MAX_STEPS) return;
    throw new AppError('LIMIT', `/${path}: expected at most ${MAX_STEPS} names to look up, got more`);
  }
}

function tooManyLinks(who: string, path: string): never {
  throw new AppError('BAD_ARCHIVE', `${who}: /${path}: too many levels of symbolic links`);
}

/**
 * Returns the inode at a path of a tree, following symlinks within the root; undefined if there is none, or for the root itself.
 */
export function inodeAt(tree: Tree, path: string): Inode | undefined {
  return new TreeRoot(tree, 0).follow(path);
}

/** Tells whether the path of a tree is a file, following symlinks. */
export function isFile(tree: Tree, path: string): boolean {
  return inodeAt(tree, path)?.type === 'file';
}

function newInode(entry: NewEntry, time: number): Inode {
  const { uid = 0, gid = 0, mtime = time } = entry;
  const inode = directoryInode({ mode: entry.type === 'symlink' ? 0o777 : entry.mode, uid, gid, mtime });
  switch (entry.type) {
    case 'directory':
      return inode;
    case 'symlink':
      return { ...inode, type: 'symlink', linkTarget: entry.linkTarget };
    case 'character': {
      const { deviceMajor, deviceMinor } = entry;
      return { ...inode, type: 'character', deviceMajor, deviceMinor };
    }
    case 'file':
      return {
        ...inode,
        type: 'file',
        sizeBytes: entry.content.length,
        sha256: createHash('sha256').update(entry.content).digest('hex'),
        content: { kind: 'bytes', bytes: entry.content },
      };
  }
}
