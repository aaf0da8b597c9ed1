import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { TarEntry } from '../../archive/tar-entry.ts';
import { TarScanner } from '../../archive/tar-reader.ts';
import { type Content, type Inode, inodeOf, Tree } from '../../compose/tree.ts';
import { storageError } from '../../files/errno.ts';
import type { Digest } from '../../model/digest.ts';
import { isCarriedXattr } from '../../sandbox/sandbox.ts';
import { NONDETERMINISTIC_FILES, type RunTimes } from './nondeterministic-files.ts';

/** Contents up to this size, and up to the next one in all, are kept in memory, others in files. */
const SMALL_BYTES = 64 * 1024;
const MEMORY_BYTES = 64 * 2 ** 20;
/** File systems keep nanoseconds, tars of packages mostly seconds; numbers here have about 0.3 µs. */
const TIME_PRECISION = 1e-3;

/** Options of reading back the tree that scripts have left. */
export interface CaptureOptions {
  /** The tree before the scripts ran; its `archive` contents are kept where nothing changed. */
  readonly before: Tree;
  /** Folder for changed contents, which are needed as long as the tree. */
  readonly folder: string;
  readonly times: RunTimes;
}

/**
 * Reads the tree that scripts have left from a tar of it. The same scripts give the same tree: times of the run become the
 * image's time, and files that differ from run to run are normalised (nondeterministic-files.ts).
 * @throws AppError BAD_ARCHIVE, LIMIT, STORAGE
 */
export async function capturedTree(
  tar: AsyncIterable<Buffer>,
  { before, folder, times }: CaptureOptions,
): Promise<Tree> {
  const tree = new Tree();
  const used = new Set<Inode>();
  const place: ContentPlace = { folder, memoryBytes: MEMORY_BYTES, files: 0 };
  let content: ContentSink | undefined;

  const finalInode = (path: string, inode: Inode, sink: ContentSink | undefined): Inode | undefined => {
    const old = before.get(path);
    if (old !== undefined && !used.has(old) && isSame(old, inode)) {
      sink?.drop();
      used.add(old);
      return old;
    }
    const time = (seconds: number): number =>
      seconds >= times.from && seconds <= times.to ? times.time : seconds;
    const xattrs = { ...foreignXattrs(old), ...inode.xattrs };
    const changed: Inode = { ...inode, xattrs, mtime: time(inode.mtime) };
    if (sink === undefined) return changed;
    const known = NONDETERMINISTIC_FILES.find((file) => file.path.test(path));
    if (known === undefined) return { ...changed, content: sink.keep() };
    const bytes = known.normalise(sink.bytes(), times);
    sink.drop();
    return bytes === undefined ? undefined : withContent(changed, bytes);
  };

  const scanner = new TarScanner({
    entry(entry) {
      if (entry.type === 'file') content = new ContentSink(place);
    },
    content: (_entry, chunk) => content?.write(chunk),
    end(entry) {
      const sink = content;
      content = undefined;
      if (entry.type === 'hardlink') {
        const target = tree.get(entry.linkTarget);
        if (target !== undefined) tree.set(entry.path, target);
        return;
      }
      const inode = finalInode(entry.path, foundInode(entry, sink?.digest() ?? ''), sink);
      if (inode !== undefined) tree.set(entry.path, inode);
    },
  });
  try {
    for await (const chunk of tar) scanner.write(chunk);
    scanner.finish();
  } catch (error) {
    content?.drop();
    throw storageError(error, 'keep changed files in', folder);
  }
  return tree;
}

function foundInode(entry: TarEntry, sha256: string): Inode {
  // The archive would be this tar; where the content is kept is decided later.
  return { ...inodeOf({ ...entry, sha256 }, '' as Digest), content: undefined };
}

function withContent(inode: Inode, bytes: Buffer): Inode {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { ...inode, sha256, sizeBytes: bytes.length, content: { kind: 'bytes', bytes } };
}

/** Compares inodes without the times of directories, which every file made below changes. */
function isSame(old: Inode, now: Inode): boolean {
  return (
    old.type === now.type &&
    old.mode === now.mode &&
    old.uid === now.uid &&
    old.gid === now.gid &&
    old.sizeBytes === now.sizeBytes &&
    old.sha256 === now.sha256 &&
    old.linkTarget === now.linkTarget &&
    (old.type === 'directory' || Math.abs(old.mtime - now.mtime) < TIME_PRECISION) &&
    sameXattrs(old.xattrs, now.xattrs)
  );
}

function sameXattrs(old: Inode['xattrs'], now: Inode['xattrs']): boolean {
  const carried = Object.keys(old).filter(isCarriedXattr);
  return carried.length === Object.keys(now).length && carried.every((name) => old[name] === now[name]);
}

/** Returns the attributes that the sandbox could not have had. */
function foreignXattrs(old: Inode | undefined): Inode['xattrs'] {
  if (old === undefined) return {};
  return Object.fromEntries(Object.entries(old.xattrs).filter(([name]) => !isCarriedXattr(name)));
}

/** Stores the bytes of files: in memory while these are few, then in files of their own. */
class ContentSink {
  readonly #place: ContentPlace;
  readonly #hash: Hash = createHash('sha256');
  #parts: Buffer[] = [];
  #sizeBytes = 0;
  #path = '';
  #fd = -1;

  constructor(place: ContentPlace) {
    this.#place = place;
  }

  write(chunk: Buffer): void {
    this.#hash.update(chunk);
    this.#sizeBytes += chunk.length;
    if (this.#path === '' && this.#sizeBytes <= Math.min(SMALL_BYTES, this.#place.memoryBytes)) {
      this.#parts.push(Buffer.from(chunk));
      return;
    }
    if (this.#path === '') {
      this.#path = join(this.#place.folder, `changed-${this.#place.files++}`);
      this.#fd = openSync(this.#path, 'wx', 0o600);
      for (const part of this.#parts.splice(0)) writeAll(this.#fd, part);
    }
    writeAll(this.#fd, chunk);
  }

  digest(): string {
    return this.#hash.digest('hex');
  }

  keep(): Content {
    this.#close();
    if (this.#path !== '') return { kind: 'file', path: this.#path };
    this.#place.memoryBytes -= this.#sizeBytes;
    return { kind: 'bytes', bytes: Buffer.concat(this.#parts) };
  }

  bytes(): Buffer {
    return this.#path === '' ? Buffer.concat(this.#parts) : readFileSync(this.#path);
  }

  drop(): void {
    this.#close();
    if (this.#path !== '') rmSync(this.#path, { force: true });
  }

  #close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}

/** Place for changed contents. */
interface ContentPlace {
  readonly folder: string;
  /** Memory that is left */
  memoryBytes: number;
  /** Number of files made so far */
  files: number;
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
}
