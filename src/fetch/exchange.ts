import { setImmediate } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { AppError } from '../model/app-error.ts';
import type { Send } from './connections.ts';
import { cancelled, FetchFailure } from './failure.ts';
import { networkFailure } from './network-failure.ts';
import { recordRequest } from './request-log.ts';

/** A longer Retry-After is more than a person at a terminal waits for. */
const MAX_RETRY_AFTER_MS = 30_000;
/** Limit for reading the body of an error response to keep the connection; good servers send less. */
const MAX_DISCARDED_BYTES = 64 * 1024;
/** Factor of `timeoutMs` after a request body: a server may check and move the whole body before it answers. */
const SILENCES_AFTER_BODY = 10;

/** Value of the User-Agent header. */
export const USER_AGENT = 'pkgcompose';
/** HTTP statuses that another try may not meet again. */
export const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Origins that have answered this process: one that becomes unreachable may come back. */
const answered = new Set<string>();

/** One HTTP request. */
export interface ExchangeRequest {
  readonly method: Dispatcher.HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
  /** The headers must have its content-length */
  readonly body?: AsyncIterable<Uint8Array> | Uint8Array | undefined;
  readonly signal: AbortSignal | undefined;
  /**
   * The longest time without a byte: until the headers, and between pieces of the bodies. After a body was sent, ten
   * times as long until the headers.
   */
  readonly timeoutMs: number;
}

/** One HTTP response, whatever its status. */
export interface HttpResponse {
  readonly status: number;
  /** First header with the name; empty if there is none */
  header(name: string): string;
  /** All headers with the name */
  headers(name: string): readonly string[];
  /** The body's bytes exactly as sent: a Content-Encoding is never undone. Throws FetchFailure or AppError CANCELLED. */
  readonly body: AsyncIterable<Buffer>;
  /** Ends the response without reading its body. */
  discard(): Promise<void>;
}

/**
 * Parses a Retry-After header (RFC 9110 section 10.2.3), a number of seconds or a date, as milliseconds from `nowMs`, at most
 * 30,000; undefined if it is absent or unreadable.
 */
export function retryAfter(value: string, nowMs: number): number | undefined {
  if (value === '') return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}

/**
 * Sends one request and returns its response, whatever its status. A watchdog aborts it when nothing moves for timeoutMs.
 * @throws FetchFailure; AppError CANCELLED; whatever the request's body throws
 */
export async function exchange(target: URL, request: ExchangeRequest, send: Send): Promise<HttpResponse> {
  const { signal, timeoutMs } = request;
  const url = target.href;
  if (signal?.aborted) throw cancelled(url);
  const abort = new AbortController();
  let stalled = false;
  let bodySent = false;
  let receivedBytes = 0;
  let sentBytes = 0;
  let status: number | undefined;
  let hasHeaders = false;
  let failedSource: { readonly error: unknown } | undefined;
  const stall = (): void => {
    stalled = true;
    abort.abort();
  };
  let watchdog = setTimeout(stall, timeoutMs);
  const onCancel = () => abort.abort();
  signal?.addEventListener('abort', onCancel, { once: true });
  const endRecord = recordRequest(request.method, target);

  function end(): void {
    clearTimeout(watchdog);
    signal?.removeEventListener('abort', onCancel);
    endRecord({ status, sentBytes, receivedBytes });
  }
  function explain(error: unknown): unknown {
    if (failedSource !== undefined) return failedSource.error;
    if (error instanceof FetchFailure || error instanceof AppError) return error;
    if (signal?.aborted) return cancelled(url);
    if (!stalled)
      return networkFailure(error, { receivedBytes, answered: answered.has(target.origin) }) ?? error;
    const where = hasHeaders
      ? `no data for ${timeoutMs} ms after ${receivedBytes} bytes`
      : `no answer in ${bodySent ? timeoutMs * SILENCES_AFTER_BODY : timeoutMs} ms`;
    return new FetchFailure('NETWORK', where, { retry: 'elsewhere', cause: error });
  }
  async function* watched(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of source) {
        watchdog.refresh();
        sentBytes += chunk.length;
        yield chunk;
        watchdog.refresh();
      }
    } catch (error) {
      failedSource = { error };
      throw error;
    }
    awaitReply();
  }
  function awaitReply(): void {
    if (hasHeaders) return;
    bodySent = true;
    clearTimeout(watchdog);
    watchdog = setTimeout(stall, timeoutMs * SILENCES_AFTER_BODY);
  }

  function bodyOf(body: ExchangeRequest['body']): Pick<Dispatcher.RequestOptions, 'body'> {
    if (body === undefined) return {};
    if (!(body instanceof Uint8Array)) return { body: watched(body) as unknown as Uint8Array };
    sentBytes = body.length;
    awaitReply();
    return { body };
  }

  try {
    const answer = await send({
      origin: target.origin,
      path: target.pathname + target.search,
      method: request.method,
      headers: request.headers,
      ...bodyOf(request.body),
      signal: abort.signal,
      // undici gives a connection up after a HEAD unless told not to.
      reset: false,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    hasHeaders = true;
    status = answer.statusCode;
    answered.add(target.origin);
    clearTimeout(watchdog);
    watchdog = setTimeout(stall, timeoutMs);
    const { body } = answer;
    // Errors of the body are thrown where it is read; if it is not read, an error must not end the process.
    body.on('error', () => {});
    const headers = (name: string): readonly string[] => [answer.headers[name] ?? []].flat();
    return {
      status: answer.statusCode,
      header: (name) => headers(name)[0] ?? '',
      headers,
      body: (async function* () {
        try {
          for await (const chunk of body as AsyncIterable<Buffer>) {
            receivedBytes += chunk.length;
            watchdog.refresh();
            yield chunk;
            watchdog.refresh();
          }
        } catch (error) {
          throw explain(error);
        } finally {
          end();
        }
      })(),
      async discard() {
        try {
          await body.dump({ limit: MAX_DISCARDED_BYTES });
        } catch {
          if (signal?.aborted) throw cancelled(url);
          // Otherwise the connection is gone: as good as discarded.
        } finally {
          end();
        }
        // undici takes a connection for free one turn after its response: sooner, the next request would open another.
        await setImmediate();
      },
    };
  } catch (error) {
    end();
    throw explain(error);
  }
}

/** Parses Content-Length, in bytes; undefined if it is absent or unreadable. */
export function contentLength(response: Pick<HttpResponse, 'header'>): number | undefined {
  const value = response.header('content-length');
  return /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}
