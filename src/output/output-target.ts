import { once } from 'node:events';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../files/errno.ts';
import { AppError } from '../model/app-error.ts';
import { MAX_SYMLINKS } from '../model/path-names.ts';
import { throwIfCancelled } from './storage-error.ts';

/** Path that names standard output: `-o -` */
export const STDOUT = '-';

const POLL_MS = 20;

/** A file that is replaced as a whole, or a stream of bytes: a pipe, a device, standard output. */
export type OutputTarget =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'stream'; readonly path: string };

/**
 * Decides how to write to `path`. Links are followed, also to files that do not exist yet, so that a link is never replaced.
 * @throws AppError STORAGE for a folder; the system's errors
 */
export function outputTarget(path: string): OutputTarget {
  if (path === STDOUT) return { kind: 'stream', path };
  const there = statSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory() === true) {
    throw new AppError('STORAGE', `cannot write ${path}: it is a folder`, {
      hint: 'Name a file with -o, or write a folder with --format oci-dir.',
      details: { path },
    });
  }
  if (there === undefined) return { kind: 'file', path: endOfLinks(path) };
  return there.isFile() ? { kind: 'file', path: realpathSync(path) } : { kind: 'stream', path };
}

function endOfLinks(path: string): string {
  let end = resolve(path);
  for (let links = 0; links < MAX_SYMLINKS; links++) {
    if (lstatSync(end, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return end;
    end = resolve(dirname(end), readlinkSync(end));
  }
  throw new AppError('STORAGE', `cannot write ${path}: too many links`, { details: { path } });
}

/**
 * Writes to a pipe, device or standard output, as fast as it takes the bytes. No thread ever blocks, neither without a reader nor
 * with one that does not read, so that a signal ends the wait.
 * @throws AppError CANCELLED; the system's errors
 */
export async function writeStream(
  path: string,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (path === STDOUT) return pour(process.stdout, pieces, signal);
  const descriptor = await openWhenRead(path, signal);
  const stats = fstatSync(descriptor);
  if (!stats.isFIFO() && !stats.isSocket()) return writeDevice(descriptor, pieces, signal);
  const { Socket } = await import('node:net');
  const socket = new Socket({ fd: descriptor, readable: false, writable: true });
  try {
    await pour(socket, pieces, signal);
    socket.end();
    await unlessCancelled(once(socket, 'close'), signal);
  } finally {
    socket.destroy();
  }
}

/** Opens a pipe as soon as it has a reader: a non-blocking open fails until then. */
async function openWhenRead(path: string, signal: AbortSignal | undefined): Promise<number> {
  for (;;) {
    throwIfCancelled(signal);
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    } catch (error) {
      if (errnoOf(error) !== 'ENXIO') throw error;
    }
    await sleep(POLL_MS);
  }
}

async function pour(
  stream: Writable,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const piece of pieces) {
    const written = new Promise<void>((done, failed) => {
      stream.write(piece, (error) => (error ? failed(error) : done()));
    });
    await unlessCancelled(written, signal);
  }
}

async function writeDevice(
  descriptor: number,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    for await (const piece of pieces) {
      for (let offset = 0; offset < piece.length; ) {
        throwIfCancelled(signal);
        try {
          offset += writeSync(descriptor, piece, offset, piece.length - offset);
        } catch (error) {
          if (errnoOf(error) !== 'EAGAIN') throw error;
          await sleep(POLL_MS);
        }
      }
    }
  } finally {
    closeSync(descriptor);
  }
}

async function unlessCancelled<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let stop = (): void => {};
  const cancelled = new Promise<never>((_, failed) => {
    stop = () => failed(new AppError('CANCELLED', 'cancelled', { cause: signal.reason }));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    throwIfCancelled(signal);
    return await Promise.race([work, cancelled]);
  } finally {
    signal.removeEventListener('abort', stop);
    work.catch(() => {});
  }
}
