import { AppError } from '../model/app-error.ts';
import { reasonOf } from './errno.ts';

/**
 * Converts a failed system call on a path to AppError STORAGE: it is not a bug, wherever it happened. Returns anything else
 * unchanged.
 */
export function systemError(error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error) || !('path' in error))
    return error;
  const { path, code } = error;
  return new AppError('STORAGE', `${path}: ${reasonOf(error)}`, {
    cause: error,
    details: { path, errno: code },
  });
}
