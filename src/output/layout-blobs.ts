import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { errnoOf } from '../files/errno.ts';
import { DamagedBlobError } from '../store/blob-errors.ts';
import { BlobCheck, type BlobFile } from '../store/checked-read.ts';
import type { LayoutBlob } from './image.ts';
import { throwIfCancelled } from './storage-error.ts';
import { withTempFile } from './temp-file.ts';

/** Errors if hard links are not possible: other file system, no permission, too many links, not supported. */
const NO_LINK = new Set(['EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);
const BLOB_MODE = 0o444;
const BUFFER_BYTES = 1024 * 1024;
/** The event loop runs (signals, progress) after this many bytes. */
const TURN_BYTES = 8 * 1024 * 1024;

interface PlaceOptions {
  readonly signal: AbortSignal | undefined;
  /** Called after each blob */
  readonly placed: (blob: LayoutBlob) => void;
}

/**
 * Adds blobs to a layout, each on disk before it gets its name. An existing file is kept if its digest is right, otherwise
 * replaced. A file of the store is cloned (reflink) if the file system can, else linked, else copied; in any case its bytes are
 * checked once, before they get that name.
 * @throws DamagedBlobError; AppError CANCELLED; the system's errors
 */
export async function placeBlobs(
  layout: string,
  blobs: readonly LayoutBlob[],
  { signal, placed }: PlaceOptions,
): Promise<void> {
  // All files are of one store: where one cannot be cloned, none can. Each attempt costs as much as making a file.
  let canClone = true;
  const place = async (source: string, temp: string, blob: LayoutBlob): Promise<void> => {
    canClone &&= cloned(source, temp);
    if (canClone || linked(source, temp, blob)) await readChecked(temp, fileOf(blob, source), { signal });
    else await copy(source, temp, { blob: fileOf(blob, source), signal });
  };
  for (const blob of blobs) {
    throwIfCancelled(signal);
    const target = join(layout, blob.path);
    const { content } = blob;
    if (!(await isRight(target, blob, signal))) {
      if (typeof content !== 'string') await writeWhole(target, layout, { bytes: content, mode: BLOB_MODE });
      else {
        await withTempFile(layout, async (temp) => {
          await place(content, temp, blob);
          // rename(2) of a hard link over another one of the same file leaves both; withTempFile then removes the temporary name.
          renameSync(temp, target);
        });
      }
    }
    placed(blob);
    await nextTurn();
  }
}

/** Writes a file to a temporary name, flushes it to disk, and renames it. */
export function writeWhole(
  target: string,
  layout: string,
  { bytes, mode }: { readonly bytes: Uint8Array; readonly mode: number },
): Promise<void> {
  return withTempFile(layout, async (temp) => {
    const descriptor = openSync(temp, 'wx', mode);
    try {
      writeFileSync(descriptor, bytes);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temp, target);
  });
}

function fileOf({ digest, sizeBytes }: LayoutBlob, path: string): BlobFile {
  return { digest, sizeBytes, path };
}

async function isRight(target: string, blob: LayoutBlob, signal: AbortSignal | undefined): Promise<boolean> {
  const there = lstatSync(target, { throwIfNoEntry: false });
  if (there?.isFile() !== true || there.size !== blob.sizeBytes) return false;
  try {
    await readChecked(target, fileOf(blob, target), { signal });
    return true;
  } catch (error) {
    if (error instanceof DamagedBlobError) return false;
    throw error;
  }
}

/** Clones a file, which then shares its bytes with the source until either is written to. Any other outcome is left to linked(). */
function cloned(source: string, target: string): boolean {
  try {
    copyFileSync(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
  } catch {
    return false;
  }
  const made = openSync(target, 'r');
  try {
    fchmodSync(made, BLOB_MODE);
    fsyncSync(made);
  } finally {
    closeSync(made);
  }
  return true;
}

function linked(source: string, target: string, blob: LayoutBlob): boolean {
  try {
    linkSync(source, target);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && lstatSync(source, { throwIfNoEntry: false }) === undefined) {
      throw new DamagedBlobError(fileOf(blob, source), 'no such file');
    }
    if (NO_LINK.has(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

async function copy(
  source: string,
  target: string,
  { blob, signal }: { readonly blob: BlobFile; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const output = openSync(target, 'wx', 0o600);
  try {
    await readChecked(source, blob, {
      signal,
      take(bytes) {
        for (let offset = 0; offset < bytes.length; )
          offset += writeSync(output, bytes, offset, bytes.length - offset);
      },
    });
    fsyncSync(output);
  } finally {
    closeSync(output);
  }
  chmodSync(target, BLOB_MODE);
}

/** Reads a file and checks it. @throws DamagedBlobError if the bytes are not the blob's */
async function readChecked(
  path: string,
  blob: BlobFile,
  { signal, take }: { readonly signal: AbortSignal | undefined; readonly take?: (bytes: Buffer) => void },
): Promise<void> {
  const check = new BlobCheck(blob);
  const buffer = Buffer.allocUnsafeSlow(Math.min(BUFFER_BYTES, Math.max(1, blob.sizeBytes)));
  const input = openSync(path, 'r');
  try {
    let sinceTurn = 0;
    for (;;) {
      const got = readSync(input, buffer, 0, buffer.length, null);
      if (got === 0) break;
      check.update(buffer.subarray(0, got));
      take?.(buffer.subarray(0, got));
      sinceTurn += got;
      if (sinceTurn < TURN_BYTES) continue;
      sinceTurn = 0;
      await nextTurn();
      throwIfCancelled(signal);
    }
  } finally {
    closeSync(input);
  }
  check.finish();
}
