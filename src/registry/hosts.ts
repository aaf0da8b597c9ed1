import { type Connections, openConnections } from '../fetch/connections.ts';
import { exchange, type HttpResponse } from '../fetch/exchange.ts';
import { FetchFailure } from '../fetch/failure.ts';
import { checkRedirect } from '../fetch/redirects.ts';
import { AppError } from '../model/app-error.ts';
import { apiHost, type Domain } from '../model/reference.ts';
import { Auth } from './auth.ts';
import { paced } from './bodies.ts';
import { watchFirstAnswer } from './first-answer.ts';
import { isLoopback, resolveLocation } from './location.ts';
import type { Secrets } from './redact.ts';
import { certificateFolders, hostFiles, secureContext } from './tls.ts';
import type { Credentials, HostRequest, RequestBody, SessionOptions } from './types.ts';

/** Registry to storage, storage to cache; more is a loop. */
const MAX_REDIRECTS = 5;
/** Bodies up to this size are sent from memory, a few at a time. */
const SMALL_BODY_BYTES = 1024 * 1024;
const HEAD = { method: 'HEAD', headers: {} } as const;

/** The response at the end of all redirects. */
export interface FinalResponse {
  readonly response: HttpResponse;
  /** After redirects */
  readonly url: URL;
}

/** Connection to one registry. */
export interface Host {
  readonly domain: Domain;
  /** `https://registry.example:5000/` */
  readonly base: URL;
  readonly insecure: boolean;
  readonly auth: Auth;
  /** Follows redirects; the headers' authorization goes to the origin of `url` only. @throws FetchFailure, AppError CANCELLED */
  exchange(url: URL, request: HostRequest): Promise<FinalResponse>;
  close(): Promise<void>;
}

/** Options that all hosts of a session share. */
export interface HostOptions {
  readonly session: SessionOptions;
  readonly credentials: Credentials;
  readonly secrets: Secrets;
  readonly timeoutMs: number;
}

/** Opens a registry: finds out whether it has TLS, if it is allowed not to. @throws AppError USAGE, CANCELLED; FetchFailure */
export async function openHost(domain: Domain, options: HostOptions): Promise<Host> {
  const { session, timeoutMs } = options;
  const url = URL.parse(`https://${apiHost(domain)}/`);
  if (url === null) throw new AppError('USAGE', `not the address of a registry: ${domain}`);
  const insecure = session.insecure ?? false;
  const tls = await tlsOf(domain, session);
  const pools = new Pools(tls, insecure);
  const watch = watchFirstAnswer(domain, session.progress);
  let base = url;
  const follows = (to: URL, request: HostRequest) =>
    watch(() => follow({ to, request, pools, base, insecure, timeoutMs }));
  const { signal } = session;
  const hasTls = async (): Promise<boolean> => {
    const isHere = isLoopback(url.hostname);
    if (!isHere && !insecure) return true;
    const { acceptsTls, answersByTls } = await import('./handshake.ts');
    if (isHere) return acceptsTls(url, signal);
    return answersByTls(async () => {
      const { response } = await follows(new URL('/v2/', url), { ...HEAD, signal });
      await response.discard();
    });
  };
  try {
    if (!(await hasTls())) base = new URL(url.href.replace(/^https:/, 'http:'));
  } catch (error) {
    await pools.close();
    throw error;
  }
  pools.own = base.origin;
  const host: Omit<Host, 'auth'> = {
    domain,
    base,
    insecure,
    exchange: follows,
    close: () => pools.close(),
  };
  const auth = new Auth({
    ...options,
    domain,
    base,
    insecure,
    exchange: async (to, request) =>
      (await host.exchange(to, { ...request, signal: session.signal })).response,
  });
  return { ...host, auth };
}

interface RedirectRequest {
  readonly to: URL;
  readonly request: HostRequest;
  readonly pools: Pools;
  readonly base: URL;
  readonly insecure: boolean;
  readonly timeoutMs: number;
}

async function follow(errand: RedirectRequest): Promise<FinalResponse> {
  const { request, pools, timeoutMs } = errand;
  const { method, signal, content } = request;
  let url = errand.to;
  let headers = request.headers;
  // It may be a token server that the registry named.
  await checkRedirect(errand.base, url);
  for (let hop = 0; ; hop++) {
    const body = content === undefined ? undefined : await bodyOf(content);
    const sent = { method, headers, body, signal, timeoutMs };
    const response = await exchange(url, sent, pools.of(url).send);
    const location = response.header('location');
    if (request.stays || !isRedirect(response.status, method) || location === '') {
      return { response: { ...response, body: paced(response.body, timeoutMs) }, url };
    }
    await response.discard();
    if (hop === MAX_REDIRECTS) {
      throw new FetchFailure('NETWORK', `more than ${MAX_REDIRECTS} redirects`, { retry: 'no' });
    }
    const next = resolveLocation(location, { from: url, registry: errand.base, insecure: errand.insecure });
    await checkRedirect(url, next);
    if (next.origin !== url.origin) headers = withoutAuthorization(headers);
    url = next;
  }
}

/** Reads small bodies as a whole: undici ends the connection if a response overtakes the end of a stream. */
async function bodyOf({ sizeBytes, open }: RequestBody): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
  if (sizeBytes > SMALL_BODY_BYTES) return open();
  const chunks: Uint8Array[] = [];
  for await (const chunk of open()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Tells whether a response redirects the request: 307 and 308 do for every method, other statuses only for GET and HEAD. */
function isRedirect(status: number, method: string): boolean {
  if (status === 307 || status === 308) return true;
  return [301, 302, 303].includes(status) && (method === 'GET' || method === 'HEAD');
}

function withoutAuthorization(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { authorization, ...rest } = headers;
  return rest;
}

interface HostTls {
  readonly own: import('node:tls').SecureContext | undefined;
  readonly others: import('node:tls').SecureContext | undefined;
}

/** The client certificate is for the registry alone; other hosts that it redirects to see none. */
async function tlsOf(domain: Domain, { ca, cert, key }: SessionOptions): Promise<HostTls> {
  if ((cert === undefined) !== (key === undefined)) {
    throw new AppError('USAGE', 'a client certificate and its key are needed together', {
      hint: 'Pass both --cert and --key.',
    });
  }
  const found = await hostFiles(apiHost(domain), certificateFolders());
  const files = {
    ca: ca === undefined ? found.ca : [...found.ca, ca],
    cert: cert ?? found.cert,
    key: cert === undefined ? found.key : key,
  };
  const others = await secureContext({ ...files, cert: undefined, key: undefined });
  return { own: files.cert === undefined ? others : await secureContext(files), others };
}

/**
 * Pools of keep-alive connections: to the registry itself, with our certificate; to other hosts, without; to this machine,
 * without a proxy.
 */
class Pools {
  /** Origin of the registry */
  own = '';
  readonly #tls: HostTls;
  readonly #insecure: boolean;
  readonly #opened = new Map<string, Connections>();

  constructor(tls: HostTls, insecure: boolean) {
    this.#tls = tls;
    this.#insecure = insecure;
  }

  of(url: URL): Connections {
    const isOwn = this.own === '' || this.own === url.origin;
    const direct = isLoopback(url.hostname);
    const key = `${isOwn} ${direct}`;
    const secureContext = isOwn ? this.#tls.own : this.#tls.others;
    const tls = {
      ...(secureContext === undefined ? {} : { secureContext }),
      ...(this.#insecure ? { rejectUnauthorized: false } : {}),
    };
    const found = this.#opened.get(key) ?? openConnections({ tls, direct });
    this.#opened.set(key, found);
    return found;
  }

  async close(): Promise<void> {
    const all = [...this.#opened.values()];
    this.#opened.clear();
    await Promise.all(all.map((pool) => pool.close()));
  }
}
