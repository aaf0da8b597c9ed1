import { connections } from './connections.ts';
import { exchange, type HttpResponse, retryAfter, TRANSIENT_STATUSES, USER_AGENT } from './exchange.ts';
import { FetchFailure } from './failure.ts';
import { checkRedirect } from './redirects.ts';

/** Official mirrors redirect once or twice (http → https, CDN → host); more is a loop. */
const MAX_REDIRECTS = 5;

/** Options of one GET. */
export interface GetRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
  /** The longest time without a byte: until the headers, and between pieces of the body */
  readonly timeoutMs: number;
}

/**
 * Sends a GET and follows redirects.
 * @throws FetchFailure for every response but 200, 206, 304 and 416, and for network errors; AppError CANCELLED
 */
export async function httpGet(url: string, request: GetRequest): Promise<HttpResponse> {
  let { target, authorization } = parse(url);
  for (let hop = 0; ; hop++) {
    const headers: Record<string, string> = {
      'user-agent': USER_AGENT,
      // Archives and indexes are compressed already; a server must not wrap them again.
      'accept-encoding': 'identity',
      ...request.headers,
    };
    if (authorization !== '') headers.authorization = authorization;
    const response = await exchange(target, { ...request, method: 'GET', headers }, connections().send);
    const location = response.header('location');
    if (![301, 302, 303, 307, 308].includes(response.status) || location === '') return accept(response);
    await response.discard();
    if (hop === MAX_REDIRECTS) {
      throw new FetchFailure('NETWORK', `more than ${MAX_REDIRECTS} redirects`, { retry: 'no' });
    }
    const next = parse(URL.parse(location, target.href)?.href ?? location);
    if (target.protocol === 'https:' && next.target.protocol !== 'https:') {
      const reason = `redirected from https to ${next.target.protocol.slice(0, -1)} (${next.target.href}), which is refused`;
      throw new FetchFailure('NETWORK', reason, { retry: 'no' });
    }
    await checkRedirect(target, next.target);
    if (next.target.origin !== target.origin || next.authorization !== '') authorization = next.authorization;
    target = next.target;
  }
}

/** Splits the user name and password off a URL and makes an Authorization header of them (RFC 7617). */
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

/** A `%` that is not part of an escape stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function accept(response: HttpResponse): Promise<HttpResponse> {
  const { status } = response;
  if (status === 200 || status === 206 || status === 304 || status === 416) return response;
  await response.discard();
  if (status === 404 || status === 410) {
    throw new FetchFailure(
      'NOT_FOUND',
      `HTTP ${status}: ${status === 404 ? 'not found' : 'permanently removed'}`,
      { retry: 'no' },
    );
  }
  const waitMs = retryAfter(response.header('retry-after'), Date.now());
  if (TRANSIENT_STATUSES.has(status))
    throw new FetchFailure('NETWORK', `HTTP ${status}`, { retry: 'later', waitMs });
  const meaning: Readonly<Record<number, string>> = {
    401: ': user name and password required (https://user:password@host/…)',
    403: ': access denied',
    407: ': the proxy requires a user name and password (HTTP_PROXY, HTTPS_PROXY)',
  };
  throw new FetchFailure('NETWORK', `HTTP ${status}${meaning[status] ?? ''}`, { retry: 'no' });
}
