import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, utimesSync } from 'node:fs';
import { type FileHandle, open, opendir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../model/app-error.ts';
import { type Digest, hexOf, parseDigest } from '../model/digest.ts';
import { storageError } from './storage-error.ts';

/** What a content-addressed store is to the rest. */
export interface BlobStore {
  /** Path of the blob's file. @throws AppError NOT_FOUND */
  get(digest: Digest): string;
  has(digest: Digest): boolean;
  /** Stores all of `source`. An existing blob is success. @throws AppError INTEGRITY, STORAGE; nothing is left then */
  put(
    source: AsyncIterable<Uint8Array> | Uint8Array,
    expected?: { readonly digest?: Digest; readonly sizeBytes?: number },
  ): Promise<{ digest: Digest; sizeBytes: number }>;
  /** True when it was there. */
  remove(digest: Digest): Promise<boolean>;
}

/** A blob on its way in. Exactly one of commit and abort ends it. */
export interface BlobWriter {
  readonly path: string;
  write(chunk: Uint8Array): Promise<void>;
  /** The caller has hashed what it wrote; the size is checked here. @throws AppError INTEGRITY, STORAGE */
  commit(digest: Digest, sizeBytes: number): Promise<void>;
  abort(): Promise<void>;
}

export interface StoredBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly usedAtMs: number;
}

/** Blobs are never written to again. */
const BLOB_MODE = 0o444;

/**
 * Blobs as files, `blobs/sha256/<hex>`. A blob comes into being by rename, after its bytes were checked and
 * synced, so a file with a blob's name always is that blob, whenever a process was killed.
 */
export class FileBlobStore implements BlobStore {
  readonly directory: string;
  readonly #blobs: string;
  readonly #ingest: string;
  readonly #partial: string;
  readonly #touched = new Set<Digest>();

  /** @throws AppError STORAGE when the folders cannot be made */
  constructor(directory: string) {
    this.directory = directory;
    this.#blobs = join(directory, 'blobs/sha256');
    this.#ingest = join(directory, 'ingest');
    this.#partial = join(directory, 'partial');
    for (const folder of [this.#blobs, this.#ingest, this.#partial]) {
      try {
        mkdirSync(folder, { recursive: true });
      } catch (error) {
        throw storageError(error, folder);
      }
    }
  }

  get(digest: Digest): string {
    const path = this.#pathOf(digest);
    if (existsSync(path)) return path;
    throw new AppError('NOT_FOUND', `${path}: the cache has no blob ${digest}`, {
      hint: 'It may have been collected in the meantime; run the command again.',
    });
  }

  has(digest: Digest): boolean {
    return existsSync(this.#pathOf(digest));
  }

  async put(
    source: AsyncIterable<Uint8Array> | Uint8Array,
    expected: { readonly digest?: Digest; readonly sizeBytes?: number } = {},
  ): Promise<{ digest: Digest; sizeBytes: number }> {
    const writer = await this.begin();
    try {
      const hash = createHash('sha256');
      let sizeBytes = 0;
      for await (const chunk of source instanceof Uint8Array ? [source] : source) {
        hash.update(chunk);
        sizeBytes += chunk.length;
        await writer.write(chunk);
      }
      const digest = `sha256:${hash.digest('hex')}` as Digest;
      if (expected.digest !== undefined && expected.digest !== digest) {
        throw mismatch(writer.path, expected.digest, digest);
      }
      await writer.commit(digest, expected.sizeBytes ?? sizeBytes);
      return { digest, sizeBytes };
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  async remove(digest: Digest): Promise<boolean> {
    try {
      await unlink(this.#pathOf(digest));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw storageError(error, this.#pathOf(digest));
    }
  }

  /** A temporary file in the store's own filesystem; its name says which process writes it. */
  async begin(): Promise<BlobWriter> {
    const path = join(this.#ingest, `${process.pid}-${randomUUID()}`);
    let file: FileHandle | undefined;
    try {
      file = await open(path, 'wx', 0o600);
    } catch (error) {
      throw storageError(error, path);
    }
    return new TemporaryBlob(file, path, (digest) => this.#pathOf(digest));
  }

  /**
   * Moves a complete file whose digest the caller has checked into the store; it must be in the same filesystem.
   * @throws AppError INTEGRITY when its size is not `sizeBytes`, STORAGE
   */
  async adopt(path: string, digest: Digest, sizeBytes: number): Promise<void> {
    try {
      const file = await open(path, 'r+');
      await place(file, { path, sizeBytes, target: this.#pathOf(digest) });
    } catch (error) {
      throw storageError(error, path);
    }
  }

  /** Where a download of this key is kept until it is complete. */
  partialPath(key: string): string {
    return join(this.#partial, key);
  }

  /** Remembers that the blob was used now, for gc; once a process. */
  touch(digest: Digest): void {
    if (this.#touched.has(digest)) return;
    this.#touched.add(digest);
    const now = new Date();
    try {
      utimesSync(this.#pathOf(digest), now, now);
    } catch {
      // A read-only cache works too; gc then goes by the time of ingest.
    }
  }

  async *list(): AsyncGenerator<StoredBlob> {
    for await (const entry of await opendir(this.#blobs)) {
      if (!/^[0-9a-f]{64}$/.test(entry.name)) continue;
      try {
        const { size, mtimeMs } = await stat(join(this.#blobs, entry.name));
        yield { digest: parseDigest(`sha256:${entry.name}`), sizeBytes: size, usedAtMs: mtimeMs };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw storageError(error, entry.name);
      }
    }
  }

  /** Folders of files on their way in: temporary blobs and partial downloads. */
  get unfinished(): readonly string[] {
    return [this.#ingest, this.#partial];
  }

  #pathOf(digest: Digest): string {
    return join(this.#blobs, hexOf(digest));
  }
}

class TemporaryBlob implements BlobWriter {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #pathOf: (digest: Digest) => string;
  #ended = false;

  constructor(file: FileHandle, path: string, pathOf: (digest: Digest) => string) {
    this.#file = file;
    this.path = path;
    this.#pathOf = pathOf;
  }

  async write(chunk: Uint8Array): Promise<void> {
    try {
      let at = 0;
      while (at < chunk.length) at += (await this.#file.write(chunk, at, chunk.length - at)).bytesWritten;
    } catch (error) {
      throw storageError(error, this.path);
    }
  }

  async commit(digest: Digest, sizeBytes: number): Promise<void> {
    try {
      await place(this.#file, { path: this.path, sizeBytes, target: this.#pathOf(digest) });
      this.#ended = true;
    } catch (error) {
      throw storageError(error, this.path);
    }
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#file.close().catch(() => {});
    await unlink(this.path).catch(() => {});
  }
}

/** size → 0444 → fsync → rename. */
async function place(
  file: FileHandle,
  { path, sizeBytes, target }: { path: string; sizeBytes: number; target: string },
): Promise<void> {
  try {
    const { size } = await file.stat();
    if (size !== sizeBytes) throw mismatch(path, `${sizeBytes} bytes`, `${size} bytes`);
    if (existsSync(target)) {
      await unlink(path);
      return;
    }
    await file.chmod(BLOB_MODE);
    await file.sync();
    await rename(path, target);
  } finally {
    await file.close();
  }
}

function mismatch(path: string, expected: string, got: string): AppError {
  return new AppError('INTEGRITY', `${path}: expected ${expected}, got ${got}`, {
    hint: 'The source is damaged or changed while it was read; nothing was stored.',
    details: { expected, got },
  });
}
