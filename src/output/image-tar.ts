import { closeSync, openSync, renameSync, write } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
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
/** While one is written, on a thread of Node.js's pool, the next is read and hashed. */
const BUFFERS = 2;

const writeAsync = promisify(write);

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
  const buffers = Array.from({ length: BUFFERS }, () =>
    Buffer.allocUnsafeSlow(Math.min(BUFFER_BYTES, sizeBytes)),
  );
  let next = 0;
  const nextBuffer = (): Buffer => buffers[next++ % BUFFERS]!;
  /** A piece is valid until the one after the next is requested. */
  function* pieces(): Generator<Buffer> {
    for (const piece of tarPieces(parts, nextBuffer)) {
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
  let writing = Promise.resolve();
  try {
    for (const piece of pieces) {
      await writing;
      throwIfCancelled(signal);
      writing = writeAll(descriptor, piece);
    }
    await writing;
  } finally {
    await writing.catch(() => undefined);
    closeSync(descriptor);
  }
}

/** Names an output in messages. */
function outputName(path: string): string {
  return path === STDOUT ? 'standard output' : path;
}

async function writeAll(descriptor: number, bytes: Buffer): Promise<void> {
  for (let offset = 0; offset < bytes.length; )
    offset += (await writeAsync(descriptor, bytes, offset, bytes.length - offset)).bytesWritten;
}
