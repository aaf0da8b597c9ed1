import { AppError, type ErrorCode, type ErrorContext } from '../model/app-error.ts';

/** An entry of a registry's error response (OCI distribution-spec 1.1, "Error Codes"). */
export interface OciError {
  readonly code: string;
  readonly message: string;
  readonly detail?: unknown;
}

/** Facts about a failed request. */
export interface RegistryFailure {
  /** `registry.example/team/gcc: GET manifests/latest` */
  readonly what: string;
  /** HTTP status of the response; absent if there was none, or if every try failed */
  readonly status?: number;
  readonly errors?: readonly OciError[];
  /** Retry-After of the last response */
  readonly retryAfterMs?: number;
}

/** Error for a request to a registry that failed in every try, or that a response rejected. */
export class RegistryError extends AppError {
  readonly failure: RegistryFailure;

  constructor(
    code: ErrorCode,
    message: string,
    context: Omit<ErrorContext, 'details'> & { readonly failure: RegistryFailure },
  ) {
    const { failure, ...rest } = context;
    super(code, message, { ...rest, details: { ...failure } });
    this.failure = failure;
  }
}

/** Returns the HTTP status of the response that an error is about; undefined for every other error. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof RegistryError ? error.failure.status : undefined;
}
