import { createHash } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  fsync,
  ftruncateSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { whileDownloading } from '../../fetch/http.ts';
import { AppError, isAppError } from '../../model/app-error.ts';
import { hexOf } from '../../model/digest.ts';
import type { Progress, ProgressTask } from '../../model/progress.ts';
import type { Repository } from '../../model/reference.ts';
import { writeStream } from '../../output/output-target.ts';
import { outputError } from '../../output/storage-error.ts';
import { keptFile } from '../../output/unpack-folder.ts';
import { type BlobId, type BlobPrefix, readBlob } from '../../registry/blobs.ts';
import type { RegistrySession } from '../../registry/types.ts';

const fsyncAsync = promisify(fsync);
const READ_BYTES = 1024 * 1024;
/** Of the name, so that what is added to it fits in the 255 bytes of a file name */
const NAME_BYTES = 180;

export interface SaveOptions {
  readonly path: string;
  readonly progress: Progress;
  /** A file that is there is an error, unless it is the same */
  readonly keepOldFiles: boolean;
}

export interface SavedBlob {
  readonly state: 'saved' | 'there';
  /** Bytes of an earlier, unfinished fetch that were used */
  readonly resumedBytes: number;
}

/**
 * Brings a blob into a file, which appears there complete and checked or not at all; a link there is replaced: whoever follows
 * links does so before (`outputTarget`).
 * What a fetch that was cut leaves, beside it, `.NAME.<12 hex digits of the digest>.part`, the next one goes on from. Of several
 * processes one fetches and the others wait for it.
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
  try {
    // Another process may have saved it meanwhile.
    if (await isSaved(blob, path, keepOldFiles)) return { state: 'there', resumedBytes: 0 };
    const task = progress.task(basename(path), blob.size, 'bytes');
    try {
      const resumedBytes = await fetchInto(partial, { session, repository, blob, task });
      renameSync(partial, path);
      return { state: 'saved', resumedBytes };
    } finally {
      task.done();
    }
  } catch (error) {
    // A later try could only be resumed into the same refusal.
    if (isAppError(error, 'INTEGRITY')) rmSync(partial, { force: true });
    throw outputError(error, path, blob.size);
  }
}

/** Passes a blob on to a pipe, a device or standard output, where it cannot be taken back: it is an error when it was wrong. */
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

/** The same file. @throws AppError CONFLICT, STORAGE when another one may not be replaced */
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

interface Transfer {
  readonly session: RegistrySession;
  readonly repository: Repository;
  readonly blob: BlobId;
  readonly task: ProgressTask;
}

/** The whole blob, checked and on disk; @returns how much of it was there before. */
async function fetchInto(partial: string, transfer: Transfer): Promise<number> {
  const file = openPartial(partial);
  try {
    const prefix = await prefixOf(file, partial, transfer.blob.size);
    const resumed = await append(file, prefix, transfer).then(
      () => prefix.offset,
      async (error) => {
        if (!isAppError(error, 'INTEGRITY')) throw error;
        // What was there may be of something else, or what came was damaged on the way.
        transfer.task.advance(-fstatSync(file).size);
        await append(file, { offset: 0, hash: createHash('sha256') }, transfer);
        return 0;
      },
    );
    await fsyncAsync(file);
    return resumed;
  } finally {
    closeSync(file);
  }
}

/** One of another user, or of several names, could still be written to after it was checked: it makes room for our own. */
function openPartial(path: string): number {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  const file = openSync(path, flags | constants.O_NONBLOCK, 0o666);
  const stats = fstatSync(file);
  if (stats.isFile() && stats.nlink === 1 && stats.uid === process.geteuid?.()) return file;
  closeSync(file);
  rmSync(path);
  return openSync(path, flags | constants.O_EXCL, 0o666);
}

async function prefixOf(file: number, path: string, sizeBytes: number): Promise<BlobPrefix> {
  const hash = createHash('sha256');
  const there = fstatSync(file).size;
  if (there === 0 || there > sizeBytes) return { offset: 0, hash };
  const bytes = createReadStream(path, { fd: file, autoClose: false, start: 0, highWaterMark: READ_BYTES });
  for await (const chunk of bytes) hash.update(chunk);
  return { offset: there, hash };
}

async function append(
  file: number,
  prefix: BlobPrefix,
  { session, repository, blob, task }: Transfer,
): Promise<void> {
  let { offset } = prefix;
  ftruncateSync(file, offset);
  task.advance(offset);
  for await (const chunk of readBlob(session, repository, { ...blob, prefix })) {
    for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at, chunk.length - at, offset + at);
    offset += chunk.length;
    task.advance(chunk.length);
  }
}
