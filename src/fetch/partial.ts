import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readFile, unlink, writeFile } from 'node:fs/promises';
import { errnoOf } from '../files/errno.ts';
import { AppError } from '../model/app-error.ts';
import type { FilePrefix } from './remote.ts';

/** Record of the file that a partial download is a prefix of, kept in `path + '.json'`. */
export interface Origin {
  /** Without credentials */
  readonly url: string;
  readonly etag: string;
  readonly lastModified: string;
}

/** Chunks are collected up to this size before a write: this makes few calls, and one write runs while the next batch arrives. */
const BATCH_BYTES = 1024 * 1024;

function originPath(path: string): string {
  return `${path}.json`;
}

/**
 * Returns the size in bytes of a partial file that may be resumed; 0 if there is none. A file that belongs to another user or has
 * a second name could still change after it was verified, so it is not resumed but replaced.
 * @throws AppError STORAGE for a symbolic link
 */
export async function partialSize(path: string): Promise<number> {
  try {
    const stats = await lstat(path);
    if (stats.isSymbolicLink()) {
      throw new AppError('STORAGE', `cannot write ${path}: it is a symbolic link`, { details: { path } });
    }
    return isOwn(stats) ? stats.size : 0;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0;
    throw error;
  }
}

function isOwn(stats: Stats): boolean {
  return stats.isFile() && stats.nlink === 1 && stats.uid === process.geteuid?.();
}

/** Reads the origin of a partial file; undefined if it is missing or unreadable, so that the partial file is not resumed. */
export async function readOrigin(path: string): Promise<Origin | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(originPath(path), 'utf8'));
    if (typeof value !== 'object' || value === null) return undefined;
    const { url, etag, lastModified } = value as Record<string, unknown>;
    if (typeof url !== 'string' || typeof etag !== 'string' || typeof lastModified !== 'string')
      return undefined;
    return { url, etag, lastModified };
  } catch {
    return undefined;
  }
}

/** Removes the partial file and its origin. */
export async function discardPartial(path: string): Promise<void> {
  await remove(path);
  await forgetOrigin(path);
}

/** Removes the origin alone, since the partial file has become the whole file. */
export async function forgetOrigin(path: string): Promise<void> {
  await remove(originPath(path));
}

/** Unlike `rm`, it costs one system call, and none on the main thread. */
async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/** Returns the If-Range value for a request to `url` (RFC 9110 section 13.1.5: strong validators only); empty if none fits. */
export function ifRange(origin: Origin, url: string): string {
  if (origin.url === url && origin.etag !== '' && !origin.etag.startsWith('W/')) return origin.etag;
  // Entity tags are each server's own; modification times travel with a file from mirror to mirror.
  return origin.lastModified;
}

/** Appends to a partial file from a known offset. It throws the system's own errors. */
export class PartialWriter {
  readonly #handle: FileHandle;
  #sizeBytes: number;
  #batch: Buffer[] = [];
  #batchBytes = 0;
  #writing: Promise<void> = Promise.resolve();

  private constructor(handle: FileHandle, sizeBytes: number) {
    this.#handle = handle;
    this.#sizeBytes = sizeBytes;
  }

  /**
   * Opens `path`, cut to `offset` bytes. At offset 0 the old file is unlinked, not truncated: another process may have it open.
   * @param origin written to disk before the first byte of the content; undefined: none is recorded
   */
  static async open(path: string, offset: number, origin: Origin | undefined): Promise<PartialWriter> {
    if (offset > 0) return PartialWriter.#resume(path, offset);
    await discardPartial(path);
    if (origin !== undefined) await writeFile(originPath(path), JSON.stringify(origin));
    return PartialWriter.over(await open(path, 'wx+'));
  }

  static async #resume(path: string, offset: number): Promise<PartialWriter> {
    const handle = await open(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!isOwn(stats) || stats.size < offset) {
        throw new AppError('STORAGE', `cannot write ${path}: another program replaced it`, {
          details: { path },
        });
      }
      await handle.truncate(offset);
      return new PartialWriter(handle, offset);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Hashes the bytes that are in the file. Call it before the first write. */
  async prefix(): Promise<FilePrefix> {
    const hash = createHash('sha256');
    const offset = this.#sizeBytes;
    const bytes = this.#handle.createReadStream({
      start: 0,
      end: offset - 1,
      autoClose: false,
      highWaterMark: BATCH_BYTES,
    });
    for await (const chunk of bytes) hash.update(chunk);
    return { offset, hash };
  }

  /** Writes an open file from its start; the writer closes it. */
  static over(handle: FileHandle): PartialWriter {
    return new PartialWriter(handle, 0);
  }

  /** Bytes in the file and in the current batch */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Takes the chunk, without copying it unless `copy` is set; waits only while an earlier batch is being written. */
  async write(chunk: Buffer, copy = false): Promise<void> {
    this.#batch.push(copy ? Buffer.from(chunk) : chunk);
    this.#batchBytes += chunk.length;
    this.#sizeBytes += chunk.length;
    if (this.#batchBytes >= BATCH_BYTES) await this.#flush();
  }

  /** Writes the rest and closes the file, also after an error, so that a later try can resume. */
  async close(): Promise<void> {
    try {
      await this.#flush();
      await this.#writing;
    } finally {
      await this.#handle.close();
    }
  }

  async #flush(): Promise<void> {
    await this.#writing;
    if (this.#batchBytes === 0) return;
    const batch = this.#batch;
    const position = this.#sizeBytes - this.#batchBytes;
    this.#batch = [];
    this.#batchBytes = 0;
    this.#writing = this.#writeAll(batch, position);
    // Its error is met by the next flush or by close.
    this.#writing.catch(() => {});
  }

  async #writeAll(batch: Buffer[], start: number): Promise<void> {
    let position = start;
    let rest = batch;
    while (rest.length > 0) {
      const { bytesWritten } = await this.#handle.writev(rest, position);
      position += bytesWritten;
      rest = skip(rest, bytesWritten);
    }
  }
}

/** A full disk may take a part of a write before it refuses the rest. */
function skip(buffers: readonly Buffer[], bytes: number): Buffer[] {
  let left = bytes;
  const rest: Buffer[] = [];
  for (const buffer of buffers) {
    if (left >= buffer.length) left -= buffer.length;
    else {
      rest.push(left > 0 ? buffer.subarray(left) : buffer);
      left = 0;
    }
  }
  return rest;
}
