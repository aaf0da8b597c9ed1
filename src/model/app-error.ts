/** Every expected failure has one of these codes; a bug is a plain Error. */
export type ErrorCode =
  | 'USAGE'
  | 'UNKNOWN_PACKAGE'
  | 'UNSATISFIABLE'
  | 'NETWORK'
  | 'NOT_FOUND'
  | 'INTEGRITY'
  | 'SIGNATURE'
  | 'UNTRUSTED_KEY'
  | 'BAD_ARCHIVE'
  | 'BAD_INDEX'
  | 'UNSUPPORTED'
  | 'LIMIT'
  | 'CONFLICT'
  | 'CATALOG'
  | 'STORAGE'
  | 'ENGINE'
  | 'SCRIPT'
  | 'AUTH'
  | 'CANCELLED';

/** Further parts of an AppError, besides code and message. */
export interface ErrorContext {
  /** What to do about it, as a sentence or a command */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Machine-readable facts for `--json`: where, expected, got, candidates… Never read back: see AppError. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * An expected failure. The message says what failed, where (path, URL, digest), what was expected and what was found; `hint` says
 * what to do about it.
 *
 * Code that has to decide by more than `code` throws and catches a subclass with typed fields, such as DamagedBlobError,
 * FetchError or RegistryError, and tests with `instanceof`. `details` are for people and `--json` only.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, context: ErrorContext = {}) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause });
    this.name = 'AppError';
    this.code = code;
    this.hint = context.hint;
    this.details = context.details ?? {};
  }
}

/** Narrows to an AppError, with `code` to one of that code. */
export function isAppError(error: unknown, code?: ErrorCode): error is AppError {
  return error instanceof AppError && (code === undefined || error.code === code);
}
