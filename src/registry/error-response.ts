import { type HttpResponse, retryAfter, TRANSIENT_STATUSES } from '../fetch/exchange.ts';
import { FetchFailure } from '../fetch/failure.ts';
import type { ErrorCode } from '../model/app-error.ts';
import { parseJson } from '../model/json.ts';
import type { Secrets } from './redact.ts';
import { type OciError, RegistryError } from './registry-error.ts';
import { meaningOf, type Remedy, type RequestName, sentenceOf } from './remedies.ts';

/** Registries explain errors in a few hundred bytes. */
const MAX_ERROR_BYTES = 64 * 1024;
/** Length of a registry's own text that fits in a message. */
const MAX_MESSAGE_CHARS = 500;
const MAX_ERRORS = 20;

/** An error response whose body has been read. */
export interface ErrorResponse {
  readonly status: number;
  readonly errors: readonly OciError[];
  readonly waitMs: number | undefined;
}

/** Reads an error response, with secrets redacted. Only the first 64 KiB of its body are read. */
export async function readErrorResponse(response: HttpResponse, secrets: Secrets): Promise<ErrorResponse> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of response.body) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes >= MAX_ERROR_BYTES) break;
    }
  } catch (error) {
    // The status says enough: a cut explanation is left out.
    if (!(error instanceof FetchFailure)) throw error;
  }
  const text = Buffer.concat(chunks).toString('utf8');
  return {
    status: response.status,
    errors: parseErrors(text, response.header('content-type')).map((error) => ({
      code: secrets.redact(error.code),
      message: secrets.redact(error.message),
      ...(error.detail === undefined ? {} : { detail: secrets.redactJson(error.detail) }),
    })),
    waitMs: retryAfter(response.header('retry-after'), Date.now()),
  };
}

function parseErrors(text: string, contentType: string): readonly OciError[] {
  try {
    const value = parseJson(text, 'the response');
    const { errors, details, error_description: oauth } = (value ?? {}) as Record<string, unknown>;
    if (Array.isArray(errors)) return errors.slice(0, MAX_ERRORS).map(ociError);
    const words = typeof details === 'string' ? details : oauth;
    return typeof words === 'string' ? [{ code: '', message: words }] : [];
  } catch {
    const plain = /^text\/plain\b/i.test(contentType) ? text.trim() : '';
    return plain === '' ? [] : [{ code: '', message: plain }];
  }
}

function ociError(value: unknown): OciError {
  const { code, message, detail } = (value ?? {}) as Record<string, unknown>;
  return {
    code: typeof code === 'string' ? code : '',
    message: typeof message === 'string' ? message : '',
    ...(detail === undefined || detail === null ? {} : { detail }),
  };
}

/** Renders an error response for messages: `HTTP 404 MANIFEST_UNKNOWN: manifest unknown`. */
export function errorResponseText({ status, errors }: ErrorResponse): string {
  const said = errors
    .map(({ code, message }) => [code, message].filter((word) => word !== '').join(': '))
    .filter((words) => words !== '')
    .join('; ')
    // A registry must not add lines to the message.
    .replace(/[\s\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim();
  const words = said.length > MAX_MESSAGE_CHARS ? `${said.slice(0, MAX_MESSAGE_CHARS)}…` : said;
  return `HTTP ${status}${words === '' ? '' : ` ${words}`}`;
}

/** Makes the failure for a status that another try may not meet again (429, 503…); undefined for every other status. */
export function transientFailure(refusal: ErrorResponse): FetchFailure | undefined {
  if (!TRANSIENT_STATUSES.has(refusal.status)) return undefined;
  const { status, waitMs } = refusal;
  return new FetchFailure('NETWORK', errorResponseText(refusal), { retry: 'later', waitMs, status });
}

const codesByName: Readonly<Record<string, ErrorCode>> = {
  UNAUTHORIZED: 'AUTH',
  DENIED: 'AUTH',
  NAME_UNKNOWN: 'NOT_FOUND',
  MANIFEST_UNKNOWN: 'NOT_FOUND',
  BLOB_UNKNOWN: 'NOT_FOUND',
  BLOB_UPLOAD_UNKNOWN: 'NOT_FOUND',
  MANIFEST_BLOB_UNKNOWN: 'NOT_FOUND',
  DIGEST_INVALID: 'INTEGRITY',
  SIZE_INVALID: 'INTEGRITY',
  NAME_INVALID: 'USAGE',
  TAG_INVALID: 'USAGE',
};

const codesByStatus: Readonly<Record<number, ErrorCode>> = {
  401: 'AUTH',
  403: 'AUTH',
  404: 'NOT_FOUND',
  407: 'NETWORK',
  410: 'NOT_FOUND',
  413: 'LIMIT',
  501: 'UNSUPPORTED',
};

/**
 * Makes the error for a response that another try would not change.
 * @param given meaning and hint, if more is known than the response says
 */
export function errorOfResponse(name: RequestName, refusal: ErrorResponse, given?: Remedy): RegistryError {
  const { status, errors } = refusal;
  const word = errors[0]?.code ?? '';
  const named = status >= 400 && status < 500 ? codesByName[word] : undefined;
  const code = codesByStatus[status] ?? named ?? (status >= 500 ? 'NETWORK' : 'UNSUPPORTED');
  const { meaning, hint } = (status === 407 ? undefined : given) ?? meaningOf(status, word, name.request);
  return new RegistryError(code, sentenceOf(name, meaning, errorResponseText(refusal)), {
    ...(hint === undefined ? {} : { hint }),
    failure: { what: `${name.where}: ${name.request}`, status, errors },
  });
}
