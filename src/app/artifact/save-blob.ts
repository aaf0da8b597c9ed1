import { createHash } from 'node:crypto';
import { accessSync, constants, createReadStream, lstatSync, renameSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { whileDownloading } from '../../fetch/http.ts';
import { Meter } from '../../fetch/meter.ts';
import { receiveFile } from '../../fetch/receive.ts';
import { AppError, isAppError } from '../../model/app-error.ts';
import { hexOf } from '../../model/digest.ts';
import type { Progress } from '../../model/progress.ts';
import type { Repository } from '../../model/reference.ts';
import { writeStream } from '../../output/output-target.ts';
import { outputError } from '../../output/storage-error.ts';
import { keptFile } from '../../output/unpack-folder.ts';
import { type BlobId, blobFile, readBlob } from '../../registry/blobs.ts';
import type { RegistrySession } from '../../registry/types.ts';

const READ_BYTES = 1024 * 1024;
/** Bytes of the name that are kept, so that the additions fit in the 255 bytes of a file name. */
const NAME_BYTES = 180;

/** Options of saving a blob. */
export interface SaveOptions {
  readonly path: string;
  readonly progress: Progress;
  /** An existing file is an error, unless it is the same */
  readonly keepOldFiles: boolean;
}

/** Result of saving a blob. */
export interface SavedBlob {
  readonly state: 'saved' | 'there';
  /** Bytes of an earlier, unfinished fetch that were used */
  readonly resumedBytes: number;
}

/**
 * Saves a blob to a file, which appears complete and checked or not at all. A link at that path is replaced; callers that follow
 * links resolve them first (`outputTarget`). An interrupted fetch leaves `.NAME.<12 hex digits of the digest>.part` beside it,
 * from which the next one resumes. If several processes save the same file, one fetches and the others wait for it.
 * @throws AppError CONFLICT, STORAGE, and as readBlob
 */
export async function saveBlob(
  session: RegistrySession,
  repository: Repository,
  { blob, path, progress, keepOldFiles }: SaveOptions & { readonly blob: BlobId },
): Promise<SavedBlob> {
  try {
    if (await isSaved(blob, path, keepOldFiles)) return { state: 'there', resumedBytes: 0 };
    accessSync(dirname(path), constants.W_OK);
  } catch (error) {
    throw outputError(error, path, blob.size);
  }
  const name = Buffer.from(basename(path))
    .subarray(0, NAME_BYTES)
    .toString()
    .replace(/\ufffd+$/, '');
  const partial = join(dirname(path), `.${name}.${hexOf(blob.digest).slice(0, 12)}.part`);
  return whileDownloading(partial, { signal: session.signal, progress }, () =>
    saveThrough(partial, { session, repository, blob, path, progress, keepOldFiles }),
  );
}

interface Saving extends SaveOptions {
  readonly session: RegistrySession;
  readonly repository: Repository;
  readonly blob: BlobId;
}

async function saveThrough(
  partial: string,
  { session, repository, blob, path, progress, keepOldFiles }: Saving,
): Promise<SavedBlob> {
  const meter = new Meter(progress, basename(path));
  try {
    // Another process may have saved it in the meantime.
    if (await isSaved(blob, path, keepOldFiles)) return { state: 'there', resumedBytes: 0 };
    const file = blobFile(session, repository, blob);
    const resumedBytes = await receiveFile(file, partial, { meter }).catch((error) => {
      // The partial file may have been of another blob, or bytes were damaged on the way: it starts over.
      if (!isAppError(error, 'INTEGRITY')) throw error;
      return receiveFile(file, partial, { meter });
    });
    await syncFile(partial);
    renameSync(partial, path);
    return { state: 'saved', resumedBytes };
  } catch (error) {
    throw outputError(error, path, blob.size);
  } finally {
    meter.done();
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  await file.sync().finally(() => file.close());
}

/**
 * Writes a blob to a pipe, a device or standard output, where bytes cannot be taken back: if they were wrong, that is an error at
 * the end.
 * @throws AppError INTEGRITY, CANCELLED, and as readBlob
 */
export async function streamBlob(
  session: RegistrySession,
  repository: Repository,
  { blob, path, progress }: Omit<SaveOptions, 'keepOldFiles'> & { readonly blob: BlobId },
): Promise<SavedBlob> {
  const task = progress.task(basename(path), blob.size, 'bytes');
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of readBlob(session, repository, blob)) {
      yield piece;
      task.advance(piece.length);
    }
  }
  try {
    await writeStream(path, counted(), session.signal);
  } catch (error) {
    throw outputError(error, path, blob.size);
  } finally {
    task.done();
  }
  return { state: 'saved', resumedBytes: 0 };
}

/** Tells whether the file exists already. @throws AppError CONFLICT, STORAGE if another file is there that may not be replaced */
async function isSaved({ digest, size }: BlobId, path: string, keepOldFiles: boolean): Promise<boolean> {
  const link = lstatSync(path, { throwIfNoEntry: false });
  if (link === undefined) return false;
  if (!link.isFile() && !link.isSymbolicLink()) {
    throw new AppError('STORAGE', `cannot write ${path}: it exists and is not a regular file`, {
      details: { path },
    });
  }
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts?.isFile() && facts.size === size) {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) hash.update(chunk);
    if (`sha256:${hash.digest('hex')}` === digest) return true;
  }
  if (keepOldFiles) throw keptFile(path);
  return false;
}
