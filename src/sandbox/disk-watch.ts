import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../model/app-error.ts';
import type { Place } from './command.ts';

/** A watch over the disk space that a root uses. */
export interface DiskWatch {
  /** Aborted if a disk limit is exceeded; its reason is the AppError. */
  readonly signal: AbortSignal;
  /** Ends the watch, and waits until nothing of it runs. */
  stop(): Promise<void>;
}

const INTERVAL_MS = 100;

/**
 * Watches the disk space that a root uses while scripts run in it. Each check is one statfs(2); the root itself is only measured
 * if so much of the file system has been used since the last time that it may be beyond its limit. Deleted files that are still
 * open are not part of any measure of a root; the free space that is reserved allows for them.
 */
export function watchDisk(place: Pick<Place, 'namespace' | 'root' | 'limits'>): DiskWatch {
  const beyond = new AbortController();
  const stopped = new AbortController();
  const watching = watch(place, stopped.signal).catch((error: unknown) => beyond.abort(error));
  return {
    signal: beyond.signal,
    async stop() {
      stopped.abort();
      await watching;
    },
  };
}

/** @throws AppError LIMIT, STORAGE */
async function watch(
  place: Pick<Place, 'namespace' | 'root' | 'limits'>,
  stopped: AbortSignal,
): Promise<void> {
  const { root, limits } = place;
  let measured = { bytes: Number.POSITIVE_INFINITY, freeThen: 0 };
  while (!stopped.aborted) {
    const free = await freeOn(root);
    if (free.bytes < limits.freeBytes) throw almostFull(root, free.bytes, limits.freeBytes, 'bytes');
    if (free.files < limits.freeFiles) throw almostFull(root, free.files, limits.freeFiles, 'inodes');
    if (measured.bytes + measured.freeThen - free.bytes > limits.rootBytes) {
      measured = { bytes: await usedBytes(place), freeThen: free.bytes };
      if (measured.bytes > limits.rootBytes) throw tooLarge(limits.rootBytes);
    }
    await sleep(INTERVAL_MS, undefined, { signal: stopped }).catch(() => {});
  }
}

/** Returns the space that is free for an unprivileged user. Some file systems make inodes as needed and count none. */
async function freeOn(root: string): Promise<{ readonly bytes: number; readonly files: number }> {
  const { bavail, bsize, files, ffree } = await statfs(root);
  return { bytes: bavail * bsize, files: files === 0 ? Number.POSITIVE_INFINITY : ffree };
}

/** Measures the root inside the namespace, whose ids own the files. Concurrent changes may or may not count. */
async function usedBytes({ namespace, root }: Pick<Place, 'namespace' | 'root'>): Promise<number> {
  const words = ['du', '--summarize', '--block-size=1', '--one-file-system', '.'];
  const { stdout, stderr, ended } = namespace.start(words, { folder: root });
  let text = '';
  stderr.resume();
  stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  await ended;
  return Number(/^\d+/.exec(text)?.[0] ?? 0);
}

function tooLarge(limit: number): AppError {
  return new AppError(
    'LIMIT',
    `the packages' scripts filled more than ${limit} bytes of disk and were killed`,
  );
}

function almostFull(root: string, got: number, expected: number, unit: string): AppError {
  return new AppError(
    'STORAGE',
    `${root}: ${got} ${unit} free on this file system, expected at least ${expected} while the packages' scripts run; they were killed`,
    { hint: 'Free some space, or use a cache on another disk with --cache DIR.' },
  );
}
