import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, renameSync, statSync, utimesSync } from 'node:fs';
import { chmod, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, storageError } from '../files/errno.ts';
import { makeFolder } from '../files/make-folder.ts';
import { AppError } from '../model/app-error.ts';
import { type Digest, hexOf } from '../model/digest.ts';
import { DamagedBlobError, MissingBlobError } from './blob-errors.ts';
import { BLOB_MODE, type BlobWriter, openBlobWriter, removeFile } from './blob-writer.ts';
import { readBlobFile } from './checked-read.ts';

/** Content-addressed blobs. */
export interface BlobStore {
  /** Returns the path of the blob. @throws AppError NOT_FOUND */
  get(digest: Digest): string;
  has(digest: Digest): boolean;
  /**
   * Stores a blob, which gets its name after `expected` has been verified; an existing one is replaced.
   * @throws AppError INTEGRITY, STORAGE
   */
  put(
    source: AsyncIterable<Uint8Array> | Uint8Array,
    expected?: { digest?: Digest; sizeBytes?: number },
  ): Promise<{ digest: Digest; sizeBytes: number }>;
  /** Removes the blob; returns false if it was not there. */
  remove(digest: Digest): Promise<boolean>;
}

/** A blob of the store, as `list` finds it. */
export interface StoredBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Time of the last `touch`, or when it was stored, in milliseconds since the epoch */
  readonly usedAtMs: number;
}

/** Temp files are called `<pid>-<random>`, so that gc can tell which process they belong to. */
const RANDOM_BYTES = 8;

/**
 * Content-addressed blobs in a folder that any number of processes share. Every name under blobs/ belongs to a complete, flushed,
 * read-only file; a process that is killed leaves nothing but files under ingest/ and partial/, which gc removes.
 *
 *     blobs/sha256/<hex>   blobs, 0444
 *     ingest/<pid>-<hex>   temp files
 *     partial/<key>        downloads that can be resumed
 */
export class FileBlobStore implements BlobStore {
  readonly directory: string;
  readonly blobsDirectory: string;
  readonly ingestDirectory: string;
  readonly partialDirectory: string;
  readonly #touched = new Set<Digest>();

  /** @throws AppError STORAGE */
  constructor(directory: string) {
    this.directory = directory;
    this.blobsDirectory = join(directory, 'blobs', 'sha256');
    this.ingestDirectory = join(directory, 'ingest');
    this.partialDirectory = join(directory, 'partial');
    for (const path of [this.blobsDirectory, this.ingestDirectory, this.partialDirectory])
      makeDirectory(path);
  }

  get(digest: Digest): string {
    const path = this.pathOf(digest);
    if (existsSync(path)) return path;
    throw new MissingBlobError(digest, `cache ${this.directory}`);
  }

  /**
   * Tells whether the blob is there. With `sizeBytes`, a file of another size is damaged and counts as missing, so that storing
   * the blob again replaces it.
   */
  has(digest: Digest, sizeBytes?: number): boolean {
    if (sizeBytes === undefined) return existsSync(this.pathOf(digest));
    return statSync(this.pathOf(digest), { throwIfNoEntry: false })?.size === sizeBytes;
  }

  async put(
    source: AsyncIterable<Uint8Array> | Uint8Array,
    expected: { digest?: Digest; sizeBytes?: number } = {},
  ): Promise<{ digest: Digest; sizeBytes: number }> {
    const writer = this.#newWriter();
    try {
      const hash = createHash('sha256');
      let sizeBytes = 0;
      for await (const chunk of source instanceof Uint8Array ? [source] : source) {
        hash.update(chunk);
        sizeBytes += chunk.length;
        writer.write(chunk);
      }
      const digest = `sha256:${hash.digest('hex')}` as Digest;
      checkExpected(expected, digest, sizeBytes);
      await writer.commit(digest, sizeBytes);
      return { digest, sizeBytes };
    } finally {
      await writer.abort();
    }
  }

  async remove(digest: Digest): Promise<boolean> {
    return this.removeNow(digest);
  }

  /** As remove, at once. */
  removeNow(digest: Digest): boolean {
    this.#touched.delete(digest);
    return removeFile(this.pathOf(digest));
  }

  async begin(): Promise<BlobWriter> {
    return this.#newWriter();
  }

  /**
   * Moves in a complete file of the same file system. The caller has verified its digest; its size is checked here. On success
   * there is no file at `path` any more.
   * @throws AppError INTEGRITY, STORAGE
   */
  async adopt(path: string, digest: Digest, sizeBytes: number): Promise<void> {
    try {
      const got = (await stat(path)).size;
      if (got !== sizeBytes) throw sizeError(digest, sizeBytes, got);
      const file = await open(path, 'r');
      await file.sync().finally(() => file.close());
      await chmod(path, BLOB_MODE);
      this.#install(path, digest);
    } catch (error) {
      throw storageError(error, 'store', path);
    }
  }

  /** As adopt, for a file that has been flushed to disk. @throws AppError STORAGE */
  install(path: string, digest: Digest): void {
    try {
      chmodSync(path, BLOB_MODE);
      this.#install(path, digest);
    } catch (error) {
      throw storageError(error, 'store', path);
    }
  }

  /** Returns the stable path of a resumable download; any text may be a key. */
  partialPath(key: string): string {
    const safe = key.replace(/[^A-Za-z0-9._+-]/g, '_').slice(-100);
    return join(
      this.partialDirectory,
      `${createHash('sha256').update(key).digest('hex').slice(0, 16)}-${safe}`,
    );
  }

  /** Lists all blobs by digest. Blobs that are removed meanwhile are left out. */
  async *list(): AsyncIterable<StoredBlob> {
    for (const name of readdirSync(this.blobsDirectory).sort()) {
      if (!/^[0-9a-f]{64}$/.test(name)) continue;
      const facts = statSync(join(this.blobsDirectory, name), { throwIfNoEntry: false });
      if (facts === undefined) continue;
      yield { digest: `sha256:${name}` as Digest, sizeBytes: facts.size, usedAtMs: facts.mtimeMs };
    }
  }

  /** Marks the blob as used now, for gc; at most once per process. Never fails, since it is only a hint. */
  touch(digest: Digest): void {
    if (this.#touched.has(digest)) return;
    this.#touched.add(digest);
    const now = new Date();
    try {
      utimesSync(this.pathOf(digest), now, now);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
  }

  /** Returns the path of the blob, which need not exist. */
  pathOf(digest: Digest): string {
    return join(this.blobsDirectory, hexOf(digest));
  }

  #newWriter(): BlobWriter {
    const name = `${process.pid}-${randomBytes(RANDOM_BYTES).toString('hex')}`;
    return openBlobWriter(join(this.ingestDirectory, name), this.#install);
  }

  /** Replaces an existing file: it may be damaged, and the new one is right. */
  readonly #install = (path: string, digest: Digest): void => {
    renameSync(path, this.pathOf(digest));
  };

  /** Streams the blob's bytes from `start` on, checked if that is 0. @throws DamagedBlobError */
  read(blob: { digest: Digest; size: number }, start = 0, signal?: AbortSignal): AsyncGenerator<Buffer> {
    return readBlobFile(
      { digest: blob.digest, sizeBytes: blob.size, path: this.pathOf(blob.digest) },
      { start, signal },
    );
  }

  /** Makes the error for a blob whose bytes were found to be wrong. */
  damaged(blob: { digest: Digest; size: number }, got: string): DamagedBlobError {
    return new DamagedBlobError(
      { digest: blob.digest, sizeBytes: blob.size, path: this.pathOf(blob.digest) },
      got,
    );
  }
}

function makeDirectory(path: string): void {
  try {
    makeFolder(path);
  } catch (error) {
    throw storageError(error, 'create', path);
  }
}

function checkExpected(
  expected: { digest?: Digest; sizeBytes?: number },
  digest: Digest,
  sizeBytes: number,
): void {
  const wanted = expected.digest ?? digest;
  if (expected.sizeBytes !== undefined && expected.sizeBytes !== sizeBytes) {
    throw sizeError(wanted, expected.sizeBytes, sizeBytes);
  }
  if (wanted === digest) return;
  throw new AppError('INTEGRITY', `blob digest: expected ${wanted}, got ${digest}`, {
    details: { expected: wanted, got: digest },
  });
}

function sizeError(digest: Digest, expected: number, got: number): AppError {
  return new AppError('INTEGRITY', `blob ${digest}: expected ${expected} bytes, got ${got}`, {
    details: { digest, expected, got },
  });
}
