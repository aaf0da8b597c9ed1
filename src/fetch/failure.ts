import { AppError, type ErrorCode } from '../model/app-error.ts';
import { redactUrl } from './url.ts';

/**
 * What a failed attempt means for the next one: `no`: this source will not do better; `elsewhere`: not worth the wait while
 * there is another source; `later`: again after a pause; `at-once`: again without one.
 */
export type Retry = 'no' | 'elsewhere' | 'later' | 'at-once';

/** Failure of one source. It never leaves fetch/ and registry/, which turn it into an AppError. */
export class FetchFailure extends Error {
  readonly code: ErrorCode;
  readonly retry: Retry;
  /** The server's Retry-After */
  readonly waitMs: number | undefined;
  readonly hint: string | undefined;
  /** Of the response, where that is the failure */
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

/** Codes that every other source would meet too. */
const FINAL: ReadonlySet<ErrorCode> = new Set(['CANCELLED', 'STORAGE', 'CATALOG', 'USAGE']);

/** Turns an error about the content of one source into a FetchFailure, so that the next source is tried; others unchanged. */
export function asRefusal(error: unknown): unknown {
  if (!(error instanceof AppError) || FINAL.has(error.code)) return error;
  const { code, message, hint } = error;
  return new FetchFailure(code, message, { retry: 'no', hint, refusal: error, cause: error });
}

/** CANCELLED while fetching a URL. */
export function cancelled(url: string): AppError {
  return new AppError('CANCELLED', `cancelled while fetching ${redactUrl(url)}`);
}

/** Code of an error or of its innermost cause that has one (`ECONNRESET`, `UND_ERR_SOCKET`); empty when none has. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const code = (error as NodeJS.ErrnoException).code;
  if (typeof code === 'string') return code;
  return error.cause === undefined ? '' : errorCode(error.cause);
}
