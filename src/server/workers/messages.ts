import type { RequestRecord } from '../../fetch/request-log.ts';
import { AppError, type ErrorCode } from '../../model/app-error.ts';
import type { SERVER_USE_CASES, USE_CASES } from '../../use-cases.ts';

type UseCases = typeof USE_CASES & typeof SERVER_USE_CASES;

/** A use case whose report is plain data. */
export type JobName = Exclude<keyof UseCases, 'planner'>;
/** Request of a use case. */
export type JobRequest<Name extends JobName> = Parameters<UseCases[Name]>[1];
/** Report of a use case. */
export type JobReport<Name extends JobName> = Awaited<ReturnType<UseCases[Name]>>;

/**
 * `short`: computes from what is in the catalog and the cache. `long`: may wait for other servers, or read whole indexes; such jobs
 * have a thread of their own, so that nobody else waits for them.
 */
export type Lane = 'short' | 'long';

/** What a thread is started with. */
export interface ThreadOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cacheDirectory: string | undefined;
  /** What jobs of the long lane may fetch */
  readonly mayFetch?: 'missing' | 'archives';
  /** `short`: jobs use one context that stays open, and fetch nothing; `long`: each opens its own */
  readonly lane: Lane;
}

/** To a thread: a job, or the end of one that nobody waits for. */
export type ToThread =
  | { readonly kind: 'run'; readonly id: number; readonly name: string; readonly request: unknown }
  | { readonly kind: 'cancel'; readonly id: number };

/** From a thread. */
export type FromThread =
  | { readonly kind: 'report'; readonly id: number; readonly report: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: SentError }
  /** Something has to be fetched: a job for the other lane */
  | { readonly kind: 'long'; readonly id: number }
  | { readonly kind: 'note'; readonly text: string }
  /** An HTTP request of the thread has ended */
  | { readonly kind: 'request'; readonly record: RequestRecord };

/** An error as plain data; without a code: a bug. */
export interface SentError {
  readonly code: ErrorCode | undefined;
  readonly message: string;
  readonly hint: string | undefined;
  /** JSON: details may have anything */
  readonly details: string;
  readonly stack: string;
}

/** Error of a job that has to fetch something, in a thread that may not. */
export class NeedsLongLane extends Error {}

/** Turns an error into what can be sent. */
export function toSent(error: unknown): SentError {
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  if (!(error instanceof AppError))
    return { code: undefined, message, hint: undefined, details: '{}', stack };
  const { code, hint, details } = error;
  return { code, message, hint, details: JSON.stringify(details), stack };
}

/** Turns what was sent into an AppError, which has the details of its subclass, or into a plain Error. */
export function fromSent({ code, message, hint, details, stack }: SentError): Error {
  const made =
    code === undefined
      ? new Error(message)
      : new AppError(code, message, {
          ...(hint === undefined ? {} : { hint }),
          details: JSON.parse(details),
        });
  made.stack = stack;
  return made;
}
