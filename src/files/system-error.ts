import { AppError } from '../model/app-error.ts';
import { reasonOf } from './errno.ts';

/** What the system refuses at a path is no bug, whoever met it: as AppError STORAGE. Anything else is returned as it is. */
export function systemError(error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error) || !('path' in error))
    return error;
  const { path, code } = error;
  return new AppError('STORAGE', `${path}: ${reasonOf(error)}`, {
    cause: error,
    details: { path, errno: code },
  });
}
