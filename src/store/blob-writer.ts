import { closeSync, fchmodSync, fsync, openSync, unlinkSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { errnoOf, storageError } from '../files/errno.ts';
import { AppError } from '../model/app-error.ts';
import type { Digest } from '../model/digest.ts';

const fsyncAsync = promisify(fsync);

/** Mode of blobs, which never change. */
export const BLOB_MODE = 0o444;

/** A blob that is being written. After commit or abort, the temp file is gone. */
export interface BlobWriter {
  /** Path of the temp file, in the store's own file system */
  readonly path: string;
  /** Appends to the file, synchronously (into the page cache). @throws AppError STORAGE */
  write(chunk: Uint8Array): void;
  /**
   * Flushes the file to disk and gives it its name; many commits at a time overlap their flushes. The caller has computed
   * `digest` over the bytes it wrote; their number is checked here. An existing blob is replaced. On failure the temp file is
   * gone.
   * @throws AppError INTEGRITY if `sizeBytes` is not what was written, STORAGE
   */
  commit(digest: Digest, sizeBytes: number): Promise<void>;
  /** Removes the temp file. Has no effect after commit or a second time. */
  abort(): Promise<void>;
}

/** Gives a finished file the name of its blob. */
export type Install = (path: string, digest: Digest) => void;

/** Opens a temp file at `path`, which must not exist; `install` gives the finished file its name. @throws AppError STORAGE */
export function openBlobWriter(path: string, install: Install): BlobWriter {
  let fd = -1;
  let writtenBytes = 0;
  let open = true;
  try {
    fd = openSync(path, 'wx', 0o600);
  } catch (error) {
    throw storageError(error, 'create', path);
  }

  function discard(): void {
    if (!open) return;
    open = false;
    closeSync(fd);
    removeFile(path);
  }

  return {
    path,
    write(chunk) {
      try {
        for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at, chunk.length - at);
      } catch (error) {
        throw storageError(error, 'write', path);
      }
      writtenBytes += chunk.length;
    },
    async commit(digest, sizeBytes) {
      try {
        if (writtenBytes !== sizeBytes) {
          const text = `blob ${digest}: expected ${sizeBytes} bytes, got ${writtenBytes}`;
          throw new AppError('INTEGRITY', text, {
            details: { digest, expected: sizeBytes, got: writtenBytes },
          });
        }
        await fsyncAsync(fd);
        fchmodSync(fd, BLOB_MODE);
        install(path, digest);
        open = false;
        closeSync(fd);
      } catch (error) {
        discard();
        throw storageError(error, 'store', path);
      }
    },
    async abort() {
      discard();
    },
  };
}

/** Removes a file; returns false if there was none. @throws AppError STORAGE */
export function removeFile(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw storageError(error, 'remove', path);
  }
}
