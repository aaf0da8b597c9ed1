import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, reasonOf } from '../files/errno.ts';
import { AppError } from '../model/app-error.ts';

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/**
 * Converts a failed system call on an output path to AppError STORAGE; returns anything else unchanged.
 * @param neededBytes size of the whole output, which the message gives if the disk is full
 */
export function outputError(error: unknown, path: string, neededBytes: number): unknown {
  const code = errnoOf(error);
  if (code === undefined || error instanceof AppError) return error;
  const free = FULL.has(code) ? freeBytes(dirname(path)) : undefined;
  const room = free === undefined ? '' : `: needs ${neededBytes} bytes, ${free} are free`;
  return new AppError('STORAGE', `cannot write ${path}: ${reasonOf(error)}${room}`, {
    cause: error,
    hint: FULL.has(code)
      ? 'Free some space (compose cache gc --max-size SIZE), or write elsewhere with -o PATH.'
      : 'Choose another place with -o PATH.',
    details: { path, errno: code, neededBytes, ...(free === undefined ? {} : { freeBytes: free }) },
  });
}

function freeBytes(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/** Throws once the signal is aborted. @throws AppError CANCELLED */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) {
    throw new AppError('CANCELLED', 'cancelled', { cause: signal.reason });
  }
}
