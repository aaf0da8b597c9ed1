import { AppError, type ErrorCode } from '../model/app-error.ts';
import { redactUrl } from './url.ts';

/** An attempt that gets this much further does not count as a retry, so that large files come through over bad lines. */
export const SIGNIFICANT_BYTES = 256 * 1024;

/**
 * Advice after a failed attempt. `no`: this source will give the same answer again; `elsewhere`: try the next source, if any,
 * rather than wait; `later`: try again after a pause; `at-once`: try again without a pause.
 */
export type Retry = 'no' | 'elsewhere' | 'later' | 'at-once';

/** Failure of one source. It never leaves fetch/ and registry/, which turn it into an AppError. */
export class FetchFailure extends Error {
  readonly code: ErrorCode;
  readonly retry: Retry;
  /** The server's Retry-After */
  readonly waitMs: number | undefined;
  readonly hint: string | undefined;
  /** HTTP status of the response, if that is the failure */
  readonly status: number | undefined;
  /** What is wrong with the content, if that is the failure */
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

/** Codes of errors that would happen with every other source too. */
const FINAL: ReadonlySet<ErrorCode> = new Set(['CANCELLED', 'STORAGE', 'CATALOG', 'USAGE']);

/**
 * Turns an AppError about the content of one source into a FetchFailure, so that the next source is tried; returns other errors
 * unchanged.
 */
export function asRefusal(error: unknown): unknown {
  if (!(error instanceof AppError) || FINAL.has(error.code)) return error;
  const { code, message, hint } = error;
  return new FetchFailure(code, message, { retry: 'no', hint, refusal: error, cause: error });
}

/** Makes the AppError CANCELLED for a URL that was being fetched. */
export function cancelled(url: string): AppError {
  return new AppError('CANCELLED', `cancelled while fetching ${redactUrl(url)}`);
}

/** Returns the code of an error or of its innermost cause that has one (`ECONNRESET`, `UND_ERR_SOCKET`); empty if none has. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const code = (error as NodeJS.ErrnoException).code;
  if (typeof code === 'string') return code;
  return error.cause === undefined ? '' : errorCode(error.cause);
}
