import { AppError } from '../model/app-error.ts';

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC:
    'Free some space there (compose cache gc --max-size SIZE), or set PKGCOMPOSE_CACHE to a roomier disk.',
  EDQUOT: 'Your quota there is used up: free some space, or set PKGCOMPOSE_CACHE to another place.',
  EACCES: 'Give this user the right to write there, or set PKGCOMPOSE_CACHE to a folder of its own.',
  EPERM: 'Give this user the right to write there, or set PKGCOMPOSE_CACHE to a folder of its own.',
  EROFS: 'That file system is read-only: set PKGCOMPOSE_CACHE to a folder that can be written.',
  EMFILE: 'Too many open files: raise the limit (ulimit -n).',
  ENFILE: 'Too many open files on this machine.',
  ENOTDIR: 'Something on that path is not a folder: remove it, or set PKGCOMPOSE_CACHE to another place.',
};

/** An operating system's error as AppError STORAGE with path and way out; anything else as it came. */
export function storageError(error: unknown, action: string, path: string): unknown {
  const code = errnoOf(error);
  if (code === undefined || error instanceof AppError) return error;
  const hint = HINTS[code];
  return new AppError('STORAGE', `could not ${action} ${path}: ${(error as Error).message}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: error,
    details: { path, errno: code },
  });
}

/** `ENOENT`, `ENOSPC`…; undefined when `error` is not the operating system's. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
