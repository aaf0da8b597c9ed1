import { randomBytes } from 'node:crypto';
import {
  closeSync,
  openSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError } from '../model/app-error.ts';
import { type Progress, silentProgress } from '../model/progress.ts';
import type { Image } from './image.ts';
import { outputError, throwIfCancelled } from './storage-error.ts';
import { type TarPart, tarParts, tarPieces, tarSize } from './tar-pieces.ts';

export interface WriteOptions {
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

/** Fits the caches of current CPUs, and small enough that a cancel is seen at once. */
const BUFFER_BYTES = 1024 * 1024;
/** The event loop runs (signals, progress) after this many bytes. */
const TURN_BYTES = 8 * 1024 * 1024;

/**
 * Writes the image as one tar that docker, podman, ctr, crane and skopeo take, as docker archive or OCI archive.
 * A regular file appears at `path` complete or not at all: it is written beside and renamed, and what was there
 * stays until then. A pipe or device is written to directly.
 * @throws AppError STORAGE (path, needed and free bytes), INTEGRITY (a blob of the wrong size), CANCELLED
 */
export async function writeImageTar(
  image: Image,
  path: string,
  options: WriteOptions = {},
): Promise<{ readonly sizeBytes: number }> {
  const parts = tarParts(image);
  const sizeBytes = tarSize(parts);
  const target = existing(path);
  if (target?.isDirectory() === true) {
    throw new AppError('STORAGE', `cannot write ${path}: it is a folder`, {
      hint: 'Name a file with -o, or write a folder with --format oci-dir.',
      details: { path },
    });
  }
  const write = (file: string, flags: 'w' | 'wx') =>
    writePieces(parts, file, { ...options, flags, label: path, sizeBytes });
  try {
    if (target !== undefined && !target.isFile()) await write(path, 'w');
    else
      await replaceFile(target === undefined ? resolve(path) : realpathSync(path), (temp) =>
        write(temp, 'wx'),
      );
  } catch (error) {
    throw outputError(error, path, sizeBytes);
  }
  return { sizeBytes };
}

/** The bytes that `writeImageTar` writes, for an engine's standard input. Each chunk is the caller's to keep. */
export async function* streamImageTar(image: Image): AsyncGenerator<Buffer, void, void> {
  yield* tarPieces(tarParts(image), () => Buffer.allocUnsafeSlow(BUFFER_BYTES));
}

/** Runs `write` on a temp file beside `path` and renames it there; the temp file never outlives a failure or exit. */
async function replaceFile(path: string, write: (temp: string) => Promise<void>): Promise<void> {
  const temp = join(dirname(path), `.compose-${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
  const discard = () => {
    try {
      unlinkSync(temp);
    } catch {
      // It was never made, or is gone already.
    }
  };
  process.once('exit', discard);
  try {
    await write(temp);
    renameSync(temp, path);
  } catch (error) {
    discard();
    throw error;
  } finally {
    process.removeListener('exit', discard);
  }
}

async function writePieces(
  parts: readonly TarPart[],
  file: string,
  options: WriteOptions & { flags: 'w' | 'wx'; label: string; sizeBytes: number },
): Promise<void> {
  const { progress = silentProgress, signal } = options;
  throwIfCancelled(signal);
  const buffer = Buffer.allocUnsafeSlow(Math.min(BUFFER_BYTES, options.sizeBytes));
  const task = progress.task(`write ${basename(options.label)}`, options.sizeBytes, 'bytes');
  const descriptor = openSync(file, options.flags);
  try {
    let sinceTurn = 0;
    for (const piece of tarPieces(parts, () => buffer)) {
      writeAll(descriptor, piece);
      task.advance(piece.length);
      sinceTurn += piece.length;
      if (sinceTurn >= TURN_BYTES) {
        sinceTurn = 0;
        await nextTurn();
        throwIfCancelled(signal);
      }
    }
  } finally {
    closeSync(descriptor);
    task.done();
  }
}

function writeAll(descriptor: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at, bytes.length - at);
}

function existing(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw outputError(error, path, 0);
  }
}
