import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type TarEntry, TarScanner } from '../archive/tar-reader.ts';
import { AppError } from '../model/app-error.ts';
import { encodePath } from '../model/path-bytes.ts';
import { outputError } from './storage-error.ts';

/** Linux's own limit on links followed in one path. */
const MAX_LINKS = 40;
/** Parts of paths that are looked at to find out where all links lead: seconds of work, and more than any real tree asks for. */
const MAX_LINK_STEPS = 20_000_000;
/** The last second of the year 9999 */
const LAST_TIME = 253_402_300_799;
/** Whoever unpacks can go on working in what was unpacked, and can remove it. */
const OWNER = 0o700;

export interface UnpackOptions {
  /** Folder that the archive's becomes; what is there stays, but for files of the same path */
  readonly target: string;
  /** Path of the folder within the archive: all entries are below; '': they are at the top */
  readonly prefix: string;
  /** Names the archive in messages */
  readonly where: string;
  /** Files that are there are an error */
  readonly keepOldFiles: boolean;
}

export interface Unpacked {
  readonly entries: number;
  /** Devices and pipes, which are never made */
  readonly skipped: number;
}

/**
 * Unpacks a tar into a folder beside its target and moves it there once the bytes have come to their end without an error:
 * `chunks` throws when they are not the right ones. Nothing is ever written through a link: of the archive none is followed,
 * and where the target has one in a folder's place that is an error. Links that lead out of the folder are refused. Owners and set-uid bits
 * are left out, the umask counts.
 * @throws AppError BAD_ARCHIVE, LIMIT, CONFLICT, STORAGE, and what `chunks` throws
 */
export async function unpackFolder(chunks: AsyncIterable<Buffer>, options: UnpackOptions): Promise<Unpacked> {
  const { target, where, keepOldFiles } = options;
  const there = statOf(target);
  if (there !== undefined && !there.isDirectory()) throw inTheWay(target, 'a folder');
  // What is renamed into a folder that is there must lie in its file system.
  const folder = join(
    there === undefined ? dirname(target) : target,
    `.compose-${randomBytes(8).toString('hex')}`,
  );
  const discard = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', discard);
  const tree = new NewTree(folder, options);
  try {
    mkdirSync(folder, { mode: OWNER });
    const scanner = new TarScanner(tree, { where });
    for await (const chunk of chunks) scanner.write(chunk);
    scanner.finish();
    tree.finish();
    if (there === undefined) renameSync(folder, target);
    else merge(folder, target, keepOldFiles);
    return { entries: tree.entries, skipped: tree.skipped };
  } catch (error) {
    throw outputError(error, target, 0);
  } finally {
    tree.close();
    discard();
    process.removeListener('exit', discard);
  }
}

interface Node {
  readonly type: 'directory' | 'file' | 'symlink';
  /** Of a symlink */
  readonly linkTarget: string;
}

const DIRECTORY: Node = { type: 'directory', linkTarget: '' };

/** A tree in a folder that nobody else writes to, so that what it has made is all there is. */
class NewTree {
  readonly #folder: Buffer;
  readonly #options: UnpackOptions;
  /** By path below the folder */
  readonly #nodes = new Map<string, Node>([['', DIRECTORY]]);
  readonly #times = new Map<string, number>();
  #file = -1;
  entries = 0;
  skipped = 0;

  constructor(folder: string, options: UnpackOptions) {
    this.#folder = Buffer.from(folder);
    this.#options = options;
  }

  entry(entry: TarEntry): void {
    this.entries += 1;
    const path = this.#within(entry.path);
    if (entry.type === 'directory') this.#directory(path, entry);
    else if (path === '') throw this.#bad(entry.path, `is a ${entry.type} in the place of the folder`);
    else if (entry.type === 'file') this.#openFile(path, entry);
    else if (entry.type === 'symlink') this.#symlink(path, entry);
    else if (entry.type === 'hardlink') this.#hardLink(path, entry);
    else this.skipped += 1;
  }

  content(_entry: TarEntry, chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) at += writeSync(this.#file, chunk, at, chunk.length - at);
  }

  end({ path, type, mtime }: TarEntry): void {
    if (type !== 'file') return;
    closeSync(this.#file);
    this.#file = -1;
    setTime(this.#pathOf(this.#within(path)), mtime);
  }

  /** After an error a file may be left open. */
  close(): void {
    if (this.#file >= 0) closeSync(this.#file);
  }

  /** @throws AppError BAD_ARCHIVE when a link leads out */
  finish(): void {
    const steps = { left: MAX_LINK_STEPS };
    for (const [path, { type }] of this.#nodes) {
      if (type === 'symlink' && this.#leadsOut(path, steps)) {
        throw this.#bad(path, `is a link that leads out of the folder: ${this.#nodes.get(path)?.linkTarget}`);
      }
    }
    if (!this.#times.has('')) chmodSync(this.#folder, 0o777 & ~process.umask());
    for (const [path, mtime] of this.#times) setTime(this.#pathOf(path), mtime);
  }

  #within(path: string): string {
    const { prefix } = this.#options;
    if (prefix === '') return path;
    if (path === prefix) return '';
    if (path.startsWith(`${prefix}/`)) return path.slice(prefix.length + 1);
    throw this.#bad(path, `is not below ${prefix}`);
  }

  #directory(path: string, { mode, mtime }: TarEntry): void {
    this.#parents(path);
    const there = this.#nodes.get(path);
    if (there !== undefined && there.type !== 'directory')
      throw this.#bad(path, `is a ${there.type} already`);
    const wanted = (mode & 0o777) | OWNER;
    if (there === undefined) mkdirSync(this.#pathOf(path), wanted);
    else chmodSync(this.#pathOf(path), wanted & ~process.umask());
    this.#nodes.set(path, DIRECTORY);
    this.#times.set(path, mtime);
  }

  #openFile(path: string, { mode }: TarEntry): void {
    this.#replace(path, { type: 'file', linkTarget: '' });
    this.#file = openSync(this.#pathOf(path), 'wx', mode & 0o777);
  }

  #symlink(path: string, { linkTarget }: TarEntry): void {
    this.#replace(path, { type: 'symlink', linkTarget });
    symlinkSync(encodePath(linkTarget), this.#pathOf(path));
  }

  #hardLink(path: string, { linkTarget }: TarEntry): void {
    const target = this.#within(linkTarget);
    if (this.#nodes.get(target)?.type !== 'file') {
      throw this.#bad(path, `is a hard link to ${JSON.stringify(linkTarget)}, which is no file before it`);
    }
    if (target === path) return;
    this.#replace(path, { type: 'file', linkTarget: '' });
    linkSync(this.#pathOf(target), this.#pathOf(path));
  }

  /** Makes room: of several entries of a path the last one counts. */
  #replace(path: string, node: Node): void {
    this.#parents(path);
    const there = this.#nodes.get(path);
    if (there?.type === 'directory') throw this.#bad(path, 'is a folder already');
    if (there !== undefined) unlinkSync(this.#pathOf(path));
    this.#nodes.set(path, node);
  }

  /** Folders that no entry names. */
  #parents(path: string): void {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      const parent = path.slice(0, slash);
      const there = this.#nodes.get(parent);
      if (there !== undefined && there.type !== 'directory') {
        throw this.#bad(path, `goes through ${JSON.stringify(parent)}, which is a ${there.type}`);
      }
      if (there !== undefined) continue;
      mkdirSync(this.#pathOf(parent), 0o777);
      this.#nodes.set(parent, DIRECTORY);
    }
  }

  /** Whether following it, through further links of the tree too, ever leaves the folder. */
  #leadsOut(path: string, steps: { left: number }): boolean {
    const at = path.split('/').slice(0, -1);
    let target = this.#nodes.get(path)?.linkTarget ?? '';
    /** Last first */
    const parts: string[] = [];
    for (let links = 1; links <= MAX_LINKS; links++) {
      if (target.startsWith('/')) return true;
      parts.push(...target.split('/').reverse());
      let link: Node | undefined;
      while (parts.length > 0 && link === undefined) {
        const part = parts.pop() ?? '';
        steps.left -= 1 + at.length;
        if (steps.left < 0) {
          throw new AppError('LIMIT', `${this.#options.where}: its links would take too long to follow`);
        }
        if (part === '' || part === '.') continue;
        if (part === '..') {
          if (at.pop() === undefined) return true;
          continue;
        }
        at.push(part);
        const node = this.#nodes.get(at.join('/'));
        if (node?.type === 'symlink') link = node;
      }
      if (link === undefined) return false;
      at.pop();
      target = link.linkTarget;
    }
    // The system does not follow so many either.
    return false;
  }

  #pathOf(path: string): Buffer {
    return path === '' ? this.#folder : Buffer.concat([this.#folder, Buffer.from('/'), encodePath(path)]);
  }

  #bad(path: string, why: string): AppError {
    return new AppError(
      'BAD_ARCHIVE',
      `${this.#options.where}: ${JSON.stringify(path.slice(0, 200))} ${why}`,
      {
        details: { path },
      },
    );
  }
}

/** All or nothing as far as it can be known before: what is in the way is found before the first is moved. */
function merge(from: string, to: string, keepOldFiles: boolean): void {
  const moves: (readonly [from: Buffer, to: Buffer])[] = [];
  const folders: (readonly [from: Buffer, to: Buffer])[] = [[Buffer.from(from), Buffer.from(to)]];
  for (let pair = folders.pop(); pair !== undefined; pair = folders.pop()) {
    for (const name of readdirSync(pair[0], { encoding: 'buffer' })) {
      const [source, target] = pair.map((folder) => Buffer.concat([folder, Buffer.from('/'), name]));
      if (source === undefined || target === undefined) continue;
      const there = statOf(target);
      const isFolder = lstatSync(source).isDirectory();
      if (there === undefined) moves.push([source, target]);
      else if (isFolder !== there.isDirectory()) throw inTheWay(target, isFolder ? 'a folder' : 'no folder');
      else if (isFolder) folders.push([source, target]);
      else if (keepOldFiles) throw keptFile(target);
      else moves.push([source, target]);
    }
  }
  for (const [source, target] of moves) renameSync(source, target);
}

/** What a tar can say may be beyond what a file system can. */
function setTime(path: Buffer, mtime: number): void {
  const time = Math.min(Math.max(mtime, 0), LAST_TIME);
  utimesSync(path, time, time);
}

function statOf(path: string | Buffer): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function inTheWay(path: string | Buffer, expected: string): AppError {
  return new AppError(
    'CONFLICT',
    `${path}: expected ${expected}, or nothing: what is there is not replaced`,
    {
      hint: 'Move it away, or choose another place with -o.',
      details: { path: String(path) },
    },
  );
}

/** For --keep-old-files. */
export function keptFile(path: string | Buffer): AppError {
  return new AppError('CONFLICT', `${path}: is there already, and files are not to be replaced`, {
    hint: 'Without --keep-old-files it is replaced.',
    details: { path: String(path) },
  });
}
