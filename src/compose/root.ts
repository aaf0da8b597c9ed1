import { createHash } from 'node:crypto';
import type { DirectoryOwnership, NewEntry, Root, RootEntry } from '../distros/install.ts';
import { AppError } from '../model/app-error.ts';
import { append } from '../model/lists.ts';
import { directoryInode, type Inode, parentOf, removeBelow, type Tree } from './tree.ts';

/** Symlinks followed before a path is called a loop, as Linux does (path_resolution(7): 40). */
const MAX_SYMLINKS = 40;
/** A million paths of a hundred names; long symlinks, followed again and again, could keep it busy for hours. */
const MAX_STEPS = 100_000_000;

/** A tree as a file system: paths are resolved, missing parents made. */
export class TreeRoot implements Root {
  readonly tree: Tree;
  /** Seconds; mtime of what is made here */
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

  /** Says how the content of an archive's file is had. */
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
    const prefix = real === '' ? '' : `${real}/`;
    const names: string[] = [];
    for (const other of this.tree.keys()) {
      if (other.startsWith(prefix) && !other.includes('/', prefix.length))
        names.push(other.slice(prefix.length));
    }
    return names.sort();
  }

  hasOtherNames(path: string): boolean {
    const real = this.#find(path, false);
    const inode = real === undefined ? undefined : this.tree.get(real);
    if (inode?.type !== 'file') return false;
    for (const [other, there] of this.tree) if (there === inode && other !== real) return true;
    return false;
  }

  put(path: string, entry: NewEntry): void {
    const real = this.locate(path, path);
    const before = this.tree.get(real);
    const inode = newInode(entry, this.#time);
    if (before?.type === 'directory' && entry.type !== 'directory') removeBelow(this.tree, real);
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
    // An inode is this tree's own, so that all of its names change at once.
    Object.assign(before, attributes);
  }

  remove(path: string): void {
    const real = this.#find(path, false);
    if (real === undefined || real === '') return;
    if (this.tree.get(real)?.type === 'directory') removeBelow(this.tree, real);
    this.tree.delete(real);
  }

  /** Whether a directory is there, symlinks followed. */
  isDirectory(path: string): boolean {
    return this.#walk(path, () => false) !== undefined;
  }

  /** The real place of a path: its parents' symlinks followed, missing parents made. @throws AppError CONFLICT, BAD_ARCHIVE */
  locate(path: string, who: string): string {
    const parent = parentOf(path);
    if (parent === '') return path;
    // A tree never holds entries below a symlink, so a directory that is in it is at its real place.
    if (this.tree.get(parent)?.type === 'directory') return path;
    const real = this.directory(parent, who);
    return `${real === '' ? '' : `${real}/`}${path.slice(parent.length + 1)}`;
  }

  /** Resolves a directory component by component; makes the missing ones (0755, root), as both tools do. */
  directory(path: string, who: string): string {
    return this.#walk(path, (real, problem) => {
      if (problem === undefined) {
        const parents = { mode: 0o755, uid: 0, gid: 0, mtime: this.#time };
        this.tree.set(real, directoryInode(parents));
        return true;
      }
      throw problem === 'loop'
        ? new AppError('BAD_ARCHIVE', `${who}: /${path}: too many levels of symbolic links`)
        : new AppError(
            'CONFLICT',
            `${who}: /${real} is a ${problem}, not a directory, so /${path} cannot be created`,
          );
    }) as string;
  }

  /** Undefined where nothing is, or no directory on the way. */
  #find(path: string, follow: boolean): string | undefined {
    const slash = path.lastIndexOf('/');
    const above = path.slice(0, Math.max(slash, 0));
    // As in `locate`: a directory that is in the tree is at its real place.
    const isReal = above === '' || this.tree.get(above)?.type === 'directory';
    const parent = isReal ? above : this.#walk(above, () => false);
    if (parent === undefined) return undefined;
    const real = `${parent === '' ? '' : `${parent}/`}${path.slice(slash + 1)}`;
    let at = real;
    for (let links = 0; follow && links <= MAX_SYMLINKS; links++) {
      const inode = this.tree.get(at);
      if (inode?.type !== 'symlink') return at;
      const target = inode.linkTarget.startsWith('/')
        ? inode.linkTarget
        : `${parentOf(at)}/${inode.linkTarget}`;
      const last = target.replace(/\/+$/, '').lastIndexOf('/');
      const base = this.#walk(target.slice(0, Math.max(last, 0)), () => false);
      const name = target.slice(last + 1).replace(/\/+$/, '');
      if (base === undefined) return undefined;
      if (name === '' || name === '.') at = base;
      else if (name === '..') at = parentOf(base);
      else at = base === '' ? name : `${base}/${name}`;
    }
    return follow ? undefined : real;
  }

  /**
   * Resolves a directory from the root. `onObstacle` is asked about a path that is not there (undefined), is no
   * directory, or loops; true goes on as if it were a directory now.
   * @throws AppError LIMIT
   */
  #walk(path: string, onObstacle: (real: string, problem: Obstacle) => boolean): string | undefined {
    let real = '';
    let links = 0;
    const left = path.split('/').reverse();
    for (let part = left.pop(); part !== undefined; part = left.pop()) {
      this.#steps += 1;
      if (this.#steps > MAX_STEPS)
        throw new AppError('LIMIT', `/${real}: expected at most ${MAX_STEPS} names to look up, got more`);
      if (part === '' || part === '.') continue;
      if (part === '..') {
        real = parentOf(real);
        continue;
      }
      const next = real === '' ? part : `${real}/${part}`;
      const inode = this.tree.get(next);
      if (inode?.type === 'symlink') {
        links += 1;
        if (links > MAX_SYMLINKS) {
          onObstacle(next, 'loop');
          return undefined;
        }
        if (inode.linkTarget.startsWith('/')) real = '';
        append(left, inode.linkTarget.split('/').reverse());
      } else {
        if (inode?.type !== 'directory' && !onObstacle(next, inode?.type)) return undefined;
        real = next;
      }
    }
    return real;
  }
}

type Obstacle = Inode['type'] | 'loop' | undefined;

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
