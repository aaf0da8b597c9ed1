import { type FileHandle, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { storageError } from '../files/errno.ts';

/** What the bytes of a partial download are a prefix of: `path + '.json'`. */
export interface Origin {
  /** Without credentials */
  readonly url: string;
  readonly etag: string;
  readonly lastModified: string;
}

/** Chunks are gathered to this size before a write: few calls, and one write runs while the next batch arrives. */
const BATCH_BYTES = 1024 * 1024;

function originPath(path: string): string {
  return `${path}.json`;
}

/** Size of the file; 0 where none is. */
export async function partialSize(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw storageError(error, 'write', path);
  }
}

/** Undefined where it is missing or unreadable: the partial is then of no known origin, and not resumed. */
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

/** Removes the partial and what is remembered of it. */
export async function discardPartial(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
    await rm(originPath(path), { force: true });
  } catch (error) {
    throw storageError(error, 'write', path);
  }
}

/** The partial has become the whole file. */
export async function forgetOrigin(path: string): Promise<void> {
  try {
    await rm(originPath(path), { force: true });
  } catch (error) {
    throw storageError(error, 'write', path);
  }
}

/** The value of If-Range that `url` may be asked with (RFC 9110 section 13.1.5: strong ones only); '' where none fits. */
export function ifRange(origin: Origin, url: string): string {
  if (origin.url === url && origin.etag !== '' && !origin.etag.startsWith('W/')) return origin.etag;
  // Entity tags are each server's own; modification times travel with a file from mirror to mirror.
  return origin.lastModified;
}

/** Appends to a partial from a known offset; every error is AppError STORAGE. */
export class PartialWriter {
  readonly #path: string;
  readonly #handle: FileHandle;
  #sizeBytes: number;
  #batch: Buffer[] = [];
  #batchBytes = 0;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, handle: FileHandle, sizeBytes: number) {
    this.#path = path;
    this.#handle = handle;
    this.#sizeBytes = sizeBytes;
  }

  /**
   * Opens `path` cut to `offset` bytes; with offset 0 the old file is unlinked, not truncated: whoever may still have it open keeps it.
   * The origin is on disk before the first byte of its content.
   */
  static async open(path: string, offset: number, origin: Origin): Promise<PartialWriter> {
    try {
      if (offset > 0) {
        const handle = await open(path, 'r+');
        await handle.truncate(offset);
        return new PartialWriter(path, handle, offset);
      }
      await discardPartial(path);
      await writeFile(originPath(path), JSON.stringify(origin));
      return PartialWriter.over(path, await open(path, 'wx'));
    } catch (error) {
      throw storageError(error, 'write', path);
    }
  }

  /** From the start of an open file, which the writer then owns. */
  static over(path: string, handle: FileHandle): PartialWriter {
    return new PartialWriter(path, handle, 0);
  }

  /** Written or in the current batch */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Takes the chunk (not copied unless `copy`); waits only while an earlier batch is being written. */
  async write(chunk: Buffer, copy = false): Promise<void> {
    this.#batch.push(copy ? Buffer.from(chunk) : chunk);
    this.#batchBytes += chunk.length;
    this.#sizeBytes += chunk.length;
    if (this.#batchBytes >= BATCH_BYTES) await this.#flush();
  }

  /** Writes what is left and closes; also after an error, so that a later try can resume. */
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
    let left = batch;
    try {
      while (left.length > 0) {
        const { bytesWritten } = await this.#handle.writev(left, position);
        position += bytesWritten;
        left = skip(left, bytesWritten);
      }
    } catch (error) {
      throw storageError(error, 'write', this.#path);
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
