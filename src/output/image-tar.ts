import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Progress, silentProgress } from '../model/progress.ts';
import type { Image } from './image.ts';
import { outputTarget, STDOUT, writeStream } from './output-target.ts';
import { outputError, throwIfCancelled } from './storage-error.ts';
import { tarParts, tarPieces, tarSize } from './tar-pieces.ts';
import { withTempFile } from './temp-file.ts';

/** Progress and cancellation of writing an image. */
export interface WriteOptions {
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

/** Fits the caches of current CPUs, and is small enough that a cancel takes effect at once. */
const BUFFER_BYTES = 1024 * 1024;
/** The event loop runs (signals, progress) after this many bytes. */
const TURN_BYTES = 8 * 1024 * 1024;

/**
 * Writes the image as one tar that docker, podman, ctr, crane and skopeo accept, as docker archive or OCI archive. A regular file
 * appears at `path` complete or not at all: it is written beside it and renamed, and an earlier file stays until then. If `path`
 * is a link, its target is replaced. A pipe, a device or standard output (`-`) is written to directly.
 * @throws DamagedBlobError; AppError STORAGE (path, needed and free bytes), CANCELLED
 */
export async function writeImageTar(
  image: Image,
  path: string,
  options: WriteOptions = {},
): Promise<{ readonly sizeBytes: number }> {
  const parts = tarParts(image);
  const sizeBytes = tarSize(parts);
  const { progress = silentProgress, signal } = options;
  const task = progress.task(`write ${outputName(path)}`, sizeBytes, 'bytes');
  const buffer = Buffer.allocUnsafeSlow(Math.min(BUFFER_BYTES, sizeBytes));
  function* pieces(): Generator<Buffer> {
    for (const piece of tarPieces(parts, () => buffer)) {
      yield piece;
      task.advance(piece.length);
    }
  }
  try {
    throwIfCancelled(signal);
    const target = outputTarget(path);
    if (target.kind === 'stream') await writeStream(target.path, pieces(), signal);
    else {
      await withTempFile(dirname(target.path), async (temp) => {
        await writePieces(pieces(), temp, signal);
        renameSync(temp, target.path);
      });
    }
  } catch (error) {
    throw outputError(error, outputName(path), sizeBytes);
  } finally {
    task.done();
  }
  return { sizeBytes };
}

/** Yields the bytes that `writeImageTar` writes, for an engine's standard input. The caller owns each chunk. */
export async function* streamImageTar(image: Image): AsyncGenerator<Buffer, void, void> {
  yield* tarPieces(tarParts(image), () => Buffer.allocUnsafeSlow(BUFFER_BYTES));
}

async function writePieces(
  pieces: Iterable<Buffer>,
  file: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const descriptor = openSync(file, 'wx');
  try {
    let sinceTurn = 0;
    for (const piece of pieces) {
      writeAll(descriptor, piece);
      sinceTurn += piece.length;
      if (sinceTurn < TURN_BYTES) continue;
      sinceTurn = 0;
      await nextTurn();
      throwIfCancelled(signal);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Names an output in messages. */
function outputName(path: string): string {
  return path === STDOUT ? 'standard output' : path;
}

function writeAll(descriptor: number, bytes: Buffer): void {
  for (let offset = 0; offset < bytes.length; )
    offset += writeSync(descriptor, bytes, offset, bytes.length - offset);
}
