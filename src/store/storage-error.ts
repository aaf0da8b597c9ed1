import { AppError } from '../model/app-error.ts';

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC:
    'Free some space there (compose cache gc --max-size SIZE), or set PKGCOMPOSE_CACHE to a disk with more space.',
  EDQUOT: 'Free some space, since your disk quota is used up, or set PKGCOMPOSE_CACHE to another location.',
  EACCES: 'Give this user write permission, or set PKGCOMPOSE_CACHE to a folder of its own.',
  EPERM: 'Give this user write permission, or set PKGCOMPOSE_CACHE to a folder of its own.',
  EROFS: 'Set PKGCOMPOSE_CACHE to a writable folder: that file system is read-only.',
  EMFILE: 'Raise the limit on open files (ulimit -n).',
  ENFILE: 'Close some programs: the machine has too many open files.',
  ENOTDIR: 'Remove what is not a folder on that path, or set PKGCOMPOSE_CACHE to another location.',
};

/** An operating system's error as AppError STORAGE with path and way out; anything else as it came. */
export function storageError(error: unknown, action: string, path: string): unknown {
  const code = errnoOf(error);
  if (code === undefined || error instanceof AppError) return error;
  const hint = HINTS[code];
  return new AppError('STORAGE', `cannot ${action} ${path}: ${(error as Error).message}`, {
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
