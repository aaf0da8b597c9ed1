import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { AppError } from '../model/app-error.ts';
import { encodePath } from '../model/path-bytes.ts';
import { LinkJudge, type TreeNode } from './link-judge.ts';
import type { EntryVisitor, UnpackedEntry } from './tar-entries.ts';

/** The last second of the year 9999. */
const LAST_TIME = 253_402_300_799;
/** The user can work in the unpacked folders, and remove them. */
export const OWNER = 0o700;

/** Part of an archive to unpack, and the archive's name in messages. */
export interface TreeOptions {
  /** Path of the folder within the archive, which all entries are below; empty: they are at the top */
  readonly prefix: string;
  /** Names the archive in messages */
  readonly where: string;
}

const DIRECTORY: TreeNode = { type: 'directory', linkTarget: '' };

/** A tree in a folder that nobody else writes to, so that it holds only what this class has made. */
export class UnpackedTree implements EntryVisitor {
  readonly #folder: Buffer;
  readonly #options: TreeOptions;
  /** Nodes by path below the folder */
  readonly #nodes = new Map<string, TreeNode>([['', DIRECTORY]]);
  readonly #times = new Map<string, number>();
  #file = -1;
  entries = 0;
  skipped = 0;

  constructor(folder: string, options: TreeOptions) {
    this.#folder = Buffer.from(folder);
    this.#options = options;
  }

  entry(entry: UnpackedEntry): void {
    this.entries += 1;
    const path = this.#within(entry.path);
    if (entry.type === 'directory') this.#directory(path, entry);
    else if (path === '') throw this.#bad(entry.path, `is a ${entry.type} instead of the folder`);
    else if (entry.type === 'file') this.#openFile(path, entry);
    else if (entry.type === 'symlink') this.#symlink(path, entry);
    else if (entry.type === 'hardlink') this.#hardLink(path, entry);
    else this.skipped += 1;
  }

  content(chunk: Uint8Array): void {
    for (let written = 0; written < chunk.length; ) written += writeSync(this.#file, chunk, written);
  }

  end({ path, mtime }: UnpackedEntry): void {
    closeSync(this.#file);
    this.#file = -1;
    setTime(this.#pathOf(this.#within(path)), mtime);
  }

  /** Closes the file that an error may have left open. */
  close(): void {
    if (this.#file >= 0) closeSync(this.#file);
  }

  /** Checks the links, and sets the modification times of folders. @throws AppError BAD_ARCHIVE if a link leads out */
  finish(): void {
    const out = new LinkJudge(this.#nodes, this.#options.where).find();
    if (out !== undefined) {
      throw this.#bad(
        out,
        `is a symlink out of the folder: ${this.#nodes.get(out)?.linkTarget.slice(0, 200)}`,
      );
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

  #directory(path: string, { mode, mtime }: UnpackedEntry): void {
    this.#parents(path);
    const there = this.#nodes.get(path);
    if (there !== undefined && there.type !== 'directory')
      throw this.#bad(path, `already exists as a ${there.type}`);
    const wanted = (mode & 0o777) | OWNER;
    if (there === undefined) mkdirSync(this.#pathOf(path), wanted);
    else chmodSync(this.#pathOf(path), wanted & ~process.umask());
    this.#nodes.set(path, DIRECTORY);
    this.#times.set(path, mtime);
  }

  #openFile(path: string, { mode }: UnpackedEntry): void {
    this.#replace(path, { type: 'file', linkTarget: '' });
    this.#file = openSync(this.#pathOf(path), 'wx', mode & 0o777);
  }

  #symlink(path: string, { linkTarget }: UnpackedEntry): void {
    this.#replace(path, { type: 'symlink', linkTarget });
    symlinkSync(encodePath(linkTarget), this.#pathOf(path));
  }

  #hardLink(path: string, { linkTarget }: UnpackedEntry): void {
    const target = this.#within(linkTarget);
    if (this.#nodes.get(target)?.type !== 'file') {
      throw this.#bad(path, `is a hard link to ${JSON.stringify(linkTarget)}, which is not an earlier file`);
    }
    if (target === path) return;
    this.#replace(path, { type: 'file', linkTarget: '' });
    linkSync(this.#pathOf(target), this.#pathOf(path));
  }

  /** Makes room: of several entries of a path the last one counts. */
  #replace(path: string, node: TreeNode): void {
    this.#parents(path);
    const there = this.#nodes.get(path);
    if (there?.type === 'directory') throw this.#bad(path, 'already exists as a folder');
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

/** Sets a time, clamped to what file systems can hold. */
function setTime(path: Buffer, mtime: number): void {
  const time = Math.min(Math.max(mtime, 0), LAST_TIME);
  utimesSync(path, time, time);
}
