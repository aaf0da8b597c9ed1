import { AppError } from '../model/app-error.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file system or the file size limit does not allow a file this large',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'too many symbolic links',
  EIO: 'input/output error',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files on this machine',
  EPIPE: 'nobody reads the pipe any more',
};

const FREE_SPACE =
  'Free some space (compose cache gc --max-size SIZE), or set PKGCOMPOSE_CACHE to a folder on another disk.';
const WRITABLE_FOLDER = 'Give this user write permission, or set PKGCOMPOSE_CACHE to a writable folder.';

/** Hints for failed system calls below the cache folder, by code. */
const CACHE_HINTS: Readonly<Record<string, string>> = {
  ENOSPC: FREE_SPACE,
  EDQUOT: FREE_SPACE,
  EFBIG: 'Set PKGCOMPOSE_CACHE to a folder on another file system.',
  EACCES: WRITABLE_FOLDER,
  EPERM: WRITABLE_FOLDER,
  EROFS: 'Set PKGCOMPOSE_CACHE to a writable folder.',
  ENOENT: 'Check the path.',
  ENOTDIR: 'Remove the file that is in the way, or set PKGCOMPOSE_CACHE to another folder.',
  EISDIR: 'Check the path.',
  EMFILE: 'Raise the limit on open files (ulimit -n).',
  ENFILE: 'Close some programs.',
  EIO: 'Check the disk.',
};

/** Code of a failed system call: `ENOENT`, `ENOSPC`. Undefined for every other error, Node.js' own `ERR_…` included. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Explains why a system call failed: in words, else by its bare code. Returns the message of any other error. */
export function reasonOf(error: unknown): string {
  const code = errnoOf(error);
  if (code !== undefined) return REASONS[code] ?? code;
  return error instanceof Error ? error.message : String(error);
}

/**
 * Converts a failed system call below the cache folder to AppError STORAGE; returns every other error unchanged.
 * @param action verb after "cannot": `write`
 */
export function storageError(error: unknown, action: string, path: string): unknown {
  const code = errnoOf(error);
  if (code === undefined || error instanceof AppError) return error;
  const hint = CACHE_HINTS[code];
  return new AppError('STORAGE', `cannot ${action} ${path}: ${reasonOf(error)}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: error,
    details: { path, errno: code },
  });
}
