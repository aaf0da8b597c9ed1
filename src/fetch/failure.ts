import { AppError, type ErrorCode } from '../model/app-error.ts';
import { redactUrl } from './url.ts';

/**
 * What a failed attempt means for the next one: `no`: this source will not do better; `elsewhere`: not worth the wait while
 * there is another source; `later`: again after a pause; `at-once`: again without one.
 */
export type Retry = 'no' | 'elsewhere' | 'later' | 'at-once';

/** One source's failure. Never leaves fetch/ and registry/: they gather them into an AppError. */
export class FetchFailure extends Error {
  readonly code: ErrorCode;
  readonly retry: Retry;
  /** The server's Retry-After */
  readonly waitMs: number | undefined;
  readonly hint: string | undefined;
  /** Of the reply, where that is the failure */
  readonly status: number | undefined;
  /** What was found wrong with the content, where that is the failure */
  readonly refusal: AppError | undefined;

  constructor(
    code: ErrorCode,
    reason: string,
    options: {
      retry: Retry;
      waitMs?: number | undefined;
      status?: number;
      hint?: string | undefined;
      refusal?: AppError;
      cause?: unknown;
    },
  ) {
    super(redactUrl(reason), { cause: options.cause });
    this.code = code;
    this.retry = options.retry;
    this.waitMs = options.waitMs;
    this.hint = options.hint;
    this.status = options.status;
    this.refusal = options.refusal;
  }
}

/** What would come of every other source too: it ends the whole. */
const FINAL: ReadonlySet<ErrorCode> = new Set(['CANCELLED', 'STORAGE', 'CATALOG', 'USAGE']);

/** What was found wrong with what a source gave: the next source may do better. Anything else as it came. */
export function asRefusal(error: unknown): unknown {
  if (!(error instanceof AppError) || FINAL.has(error.code)) return error;
  const { code, message, hint } = error;
  return new FetchFailure(code, message, { retry: 'no', hint, refusal: error, cause: error });
}

export function cancelled(url: string): AppError {
  return new AppError('CANCELLED', `cancelled while fetching ${redactUrl(url)}`);
}

export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const code = (error as NodeJS.ErrnoException).code;
  if (typeof code === 'string') return code;
  return error.cause === undefined ? '' : errorCode(error.cause);
}

const storageReasons: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ENOSPC: [
    'no space left on the device',
    'Free some space (compose cache gc --max-size SIZE) or set PKGCOMPOSE_CACHE.',
  ],
  EDQUOT: [
    'the disk quota is used up',
    'Free some space (compose cache gc --max-size SIZE) or set PKGCOMPOSE_CACHE.',
  ],
  EFBIG: [
    'the file is larger than the file system or the process limit allows',
    'Set PKGCOMPOSE_CACHE to another file system.',
  ],
  EACCES: ['permission denied', 'Check the owner of the folder, or set PKGCOMPOSE_CACHE.'],
  EPERM: ['operation not permitted', 'Check the owner of the folder, or set PKGCOMPOSE_CACHE.'],
  EROFS: ['the file system is read-only', 'Set PKGCOMPOSE_CACHE to a writable folder.'],
  ENOENT: ['the folder does not exist', 'Check the path.'],
  ENOTDIR: ['a part of the path is not a folder', 'Check the path.'],
  EISDIR: ['it is a folder', 'Check the path.'],
  EMFILE: ['too many open files', 'Raise the limit (ulimit -n).'],
  ENFILE: ['too many open files', 'Raise the limit (ulimit -n).'],
  EIO: ['the device reports an I/O error', 'Check the disk.'],
};

/** A file system error under `path` as AppError STORAGE; anything else as it came. */
export function storageError(error: unknown, path: string): unknown {
  const known = error instanceof AppError ? undefined : storageReasons[errorCode(error)];
  if (known === undefined) return error;
  return new AppError('STORAGE', `cannot write ${path}: ${known[0]}`, {
    hint: known[1],
    cause: error,
    details: { path, errno: errorCode(error) },
  });
}
