import { AppError } from '../../model/app-error.ts';

/**
 * Codes of error bodies: those of the OCI Distribution Specification ("Error Codes"), and what other servers of it add
 * (MANIFEST_REFERENCED and the like stay out).
 */
export type HttpErrorCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'UNAUTHORIZED'
  | 'DENIED'
  | 'UNSUPPORTED'
  | 'TOOMANYREQUESTS'
  | 'TAG_INVALID'
  | 'PAGINATION_NUMBER_INVALID'
  | 'RANGE_INVALID'
  | 'NOT_FOUND'
  | 'BAD_REQUEST'
  | 'UNAVAILABLE'
  | 'UNKNOWN';

/** A request that is refused: the status and the body that the client gets. */
export class HttpError extends Error {
  readonly status: number;
  readonly code: HttpErrorCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly detail: unknown;

  constructor(
    status: number,
    code: HttpErrorCode,
    message: string,
    more: {
      readonly headers?: Readonly<Record<string, string>>;
      readonly detail?: unknown;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'HttpError';
    this.status = status;
    this.code = code;
    this.headers = more.headers ?? {};
    this.detail = more.detail;
  }
}

/** Statuses of expected failures of use cases; the others are the server's own trouble. */
const STATUS: Partial<Record<AppError['code'], readonly [number, HttpErrorCode]>> = {
  USAGE: [400, 'BAD_REQUEST'],
  UNKNOWN_PACKAGE: [404, 'NAME_UNKNOWN'],
  UNSATISFIABLE: [404, 'MANIFEST_UNKNOWN'],
  NOT_FOUND: [404, 'NOT_FOUND'],
  LIMIT: [413, 'SIZE_INVALID'],
  NETWORK: [502, 'UNAVAILABLE'],
  CANCELLED: [503, 'UNAVAILABLE'],
  STORAGE: [507, 'UNAVAILABLE'],
  CATALOG: [503, 'UNAVAILABLE'],
};

/** Turns whatever a handler threw into the answer to the client. An unexpected error tells nothing about the server's inside. */
export function httpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof AppError) {
    const [status, code] = STATUS[error.code] ?? [500, 'UNKNOWN'];
    const hint = error.hint === undefined ? '' : ` (${error.hint})`;
    const headers: Record<string, string> = status === 503 ? { 'retry-after': '5' } : {};
    return new HttpError(status, code, `${error.message}${hint}`, { cause: error, headers });
  }
  return new HttpError(500, 'UNKNOWN', 'internal error', { cause: error });
}
