import { AppError } from '../model/app-error.ts';
import { connections } from './connections.ts';
import { cancelled, FetchFailure, networkFailure } from './failure.ts';

/** Official mirrors redirect once or twice (http → https, CDN → host); more is a loop. */
const MAX_REDIRECTS = 5;
/** A server may ask for more patience than a person at a terminal has. */
const MAX_RETRY_AFTER_MS = 30_000;
/** Not sent in full by any good server; only as much of an error's body is read to keep the connection. */
const MAX_DISCARDED_BYTES = 64 * 1024;

const userAgent = 'pkgcompose';
const transient = new Set([408, 425, 429, 500, 502, 503, 504]);

export interface GetRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
  /** The longest time without a byte: until the headers, and between pieces of the body */
  readonly timeoutMs: number;
}

export interface Reply {
  readonly status: number;
  header(name: string): string;
  /** The body's bytes exactly as sent: a Content-Encoding is never undone. Throws FetchFailure or AppError CANCELLED. */
  readonly body: AsyncIterable<Buffer>;
  /** Ends the reply without its body. */
  discard(): Promise<void>;
}

/**
 * GET with redirects followed.
 * @throws FetchFailure for every reply that is not 200, 206, 304 or 416, and for what fails on the way; AppError CANCELLED
 */
export async function httpGet(url: string, request: GetRequest): Promise<Reply> {
  let { target, authorization } = parse(url);
  for (let hop = 0; ; hop++) {
    const headers: Record<string, string> = {
      'user-agent': userAgent,
      // Archives and indexes are compressed already; a server must not wrap them again.
      'accept-encoding': 'identity',
      ...request.headers,
    };
    if (authorization !== '') headers.authorization = authorization;
    const reply = await exchange(target, url, { ...request, headers });
    const location = reply.header('location');
    if (![301, 302, 303, 307, 308].includes(reply.status) || location === '') return accept(reply);
    await reply.discard();
    if (hop === MAX_REDIRECTS) {
      throw new FetchFailure('NETWORK', `more than ${MAX_REDIRECTS} redirects`, { retry: 'no' });
    }
    const next = parse(URL.parse(location, target.href)?.href ?? location);
    if (target.protocol === 'https:' && next.target.protocol !== 'https:') {
      const reason = `redirected from https to ${next.target.protocol.slice(0, -1)} (${next.target.href}), which is refused`;
      throw new FetchFailure('NETWORK', reason, { retry: 'no' });
    }
    if (next.target.origin !== target.origin || next.authorization !== '') authorization = next.authorization;
    target = next.target;
  }
}

/** Splits a URL's user name and password off as an Authorization header's value (RFC 7617). */
function parse(text: string): { target: URL; authorization: string } {
  const target = URL.parse(text);
  if (target === null || (target.protocol !== 'http:' && target.protocol !== 'https:')) {
    throw new FetchFailure('UNSUPPORTED', `not an http, https or file URL: ${text}`, { retry: 'no' });
  }
  if (target.username === '' && target.password === '') return { target, authorization: '' };
  const plain = `${decode(target.username)}:${decode(target.password)}`;
  target.username = '';
  target.password = '';
  return { target, authorization: `Basic ${Buffer.from(plain).toString('base64')}` };
}

/** A stray `%` stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function accept(reply: Reply): Promise<Reply> {
  const { status } = reply;
  if (status === 200 || status === 206 || status === 304 || status === 416) return reply;
  await reply.discard();
  if (status === 404 || status === 410) {
    throw new FetchFailure('NOT_FOUND', `HTTP ${status}: not there`, { retry: 'no' });
  }
  const waitMs = retryAfter(reply.header('retry-after'), Date.now());
  if (transient.has(status)) throw new FetchFailure('NETWORK', `HTTP ${status}`, { retry: 'later', waitMs });
  const meaning: Readonly<Record<number, string>> = {
    401: ': it asks for a user name and password (https://user:password@host/…)',
    403: ': access denied',
    407: ': the proxy asks for a user name and password (HTTP_PROXY, HTTPS_PROXY)',
  };
  throw new FetchFailure('NETWORK', `HTTP ${status}${meaning[status] ?? ''}`, { retry: 'no' });
}

/** RFC 9110 section 10.2.3: seconds or a date; undefined when absent or unreadable. At most 30 s. */
export function retryAfter(value: string, nowMs: number): number | undefined {
  if (value === '') return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}

/** One request and its reply, under a watchdog that aborts it when nothing arrives for timeoutMs. */
async function exchange(target: URL, url: string, request: GetRequest): Promise<Reply> {
  const { signal, timeoutMs } = request;
  if (signal?.aborted) throw cancelled(url);
  const abort = new AbortController();
  let stalled = false;
  let receivedBytes = 0;
  let hasHeaders = false;
  const watchdog = setTimeout(() => {
    stalled = true;
    abort.abort();
  }, timeoutMs);
  const onCancel = () => abort.abort();
  signal?.addEventListener('abort', onCancel, { once: true });

  function end(): void {
    clearTimeout(watchdog);
    signal?.removeEventListener('abort', onCancel);
  }
  function explain(error: unknown): unknown {
    if (error instanceof FetchFailure || error instanceof AppError) return error;
    if (signal?.aborted) return cancelled(url);
    if (!stalled) return networkFailure(error, receivedBytes) ?? error;
    const where = hasHeaders
      ? `no byte for ${timeoutMs} ms after ${receivedBytes} bytes`
      : `no answer in ${timeoutMs} ms`;
    return new FetchFailure('NETWORK', where, { retry: 'elsewhere', cause: error });
  }

  try {
    const answer = await connections().send({
      origin: target.origin,
      path: target.pathname + target.search,
      method: 'GET',
      headers: request.headers,
      signal: abort.signal,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    hasHeaders = true;
    watchdog.refresh();
    const { body } = answer;
    // The body's errors are met where it is read; one that nobody reads must not end the process.
    body.on('error', () => {});
    return {
      status: answer.statusCode,
      header(name) {
        const value = answer.headers[name];
        return (Array.isArray(value) ? value[0] : value) ?? '';
      },
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
      },
    };
  } catch (error) {
    end();
    throw explain(error);
  }
}

export function contentLength(reply: Reply): number | undefined {
  const value = reply.header('content-length');
  return /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

export function overLimit(sizeBytes: number, maxBytes: number): FetchFailure {
  return new FetchFailure('LIMIT', `larger than allowed: at least ${sizeBytes} bytes, limit ${maxBytes}`, {
    retry: 'no',
  });
}
