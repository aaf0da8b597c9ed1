import { AppError } from '../model/app-error.ts';

const REASONS: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOSPC: [
    'no space left on the device',
    'Free some space (compose cache gc --max-size 1G) and run the command again; nothing was lost.',
  ],
  EDQUOT: [
    'the disk quota is used up',
    'Free some space (compose cache gc --max-size 1G) and run the command again; nothing was lost.',
  ],
  EACCES: [
    'permission denied',
    'Name a cache folder that you may write, with --cache DIR or PKGCOMPOSE_CACHE.',
  ],
  EPERM: [
    'permission denied',
    'Name a cache folder that you may write, with --cache DIR or PKGCOMPOSE_CACHE.',
  ],
  EROFS: [
    'the filesystem is read-only',
    'Name a cache folder that you may write, with --cache DIR or PKGCOMPOSE_CACHE.',
  ],
  EIO: ['the device failed to read or write', 'Check the disk.'],
};

/** An errno failure as AppError STORAGE with the path; an AppError or a bug passes through. */
export function storageError(error: unknown, path: string): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined || !/^E[A-Z]+$/.test(code)) return error;
  const [what, hint] = REASONS[code] ?? [error.message, undefined];
  return new AppError('STORAGE', `${path}: ${what}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: error,
    details: { path, errno: code },
  });
}
