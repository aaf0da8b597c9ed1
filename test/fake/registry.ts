import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { allowed, giveToken } from './registry-auth.ts';
import { type Exchange, refuse, reply, type State } from './registry-exchange.ts';
import { type Asked, blobs, manifests, referrers, tags, upload } from './registry-routes.ts';

/** How the registry behaves; may be changed between requests. */
export interface RegistrySwitches {
  auth?: FakeAuth | undefined;
  /** Of a mount: 201; 202 (not there, or not for us); an error */
  mounts: 'taken' | 'ignored' | 'refused';
  /** Referrers API and OCI-Subject; without, 404 */
  referrers: boolean;
  deletes: boolean;
  /** `absolute` with the server's own URL; `query` as docker-registry, with state that changes */
  locations: 'relative' | 'absolute' | 'query';
  /** Blobs are a 307 to this server (`http://127.0.0.1:PORT`), at the path of the same name */
  blobsAt?: string;
  /** Tags and referrers a page; 0: all, whatever is asked for */
  pageSize: number;
  ignoresRange: boolean;
  /** The most missing blobs that the refusal of a manifest names; 0: manifests are not verified */
  namesMissing: number;
  /** Larger bodies of uploads are a 413 */
  maxBodyBytes: number;
  /** The next uploads' bodies are cut after so many bytes, which are kept */
  readonly cutUploads: number[];
  /** The next downloads of blobs are cut after so many bytes */
  readonly cutDownloads: number[];
  /** Answers in place of the registry; false: not this one */
  intercept?: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
}

export interface FakeAuth {
  readonly kind: 'basic' | 'bearer';
  /** Passwords by user */
  readonly users: Readonly<Record<string, string>>;
  /** bearer: refresh tokens */
  readonly identityTokens?: readonly string[];
  /** bearer: strangers get tokens to pull */
  readonly anonymous?: boolean;
  readonly lifeSeconds?: number;
  /** bearer: so many requests, then the token is refused though its life is not over */
  readonly requestsPerToken?: number;
  /** In the challenge in place of its own */
  readonly realm?: string;
  /** Repositories that nobody is let into */
  readonly closed?: readonly string[];
}

export interface FakeRequest {
  readonly method: string;
  /** As sent */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  status: number;
  /** Of the request's body */
  bytes: number;
}

export interface FakeRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly requests: FakeRequest[];
  readonly switches: RegistrySwitches;
  /** By `repository digest` */
  readonly blobs: Map<string, Buffer>;
  /** By `repository tag` and `repository digest` */
  readonly manifests: Map<string, { readonly mediaType: string; readonly bytes: Buffer }>;
  /** By id, the bytes so far */
  readonly uploads: Map<string, Buffer>;
  /** `GET blobs/…`, without hosts and ids, in order */
  asked(): readonly string[];
  close(): Promise<void>;
}

interface TestHooks {
  after(fn: () => Promise<void>): void;
}

/** An OCI registry (distribution-spec 1.1) in memory, on loopback. */
export async function startFakeRegistry(
  t: TestHooks,
  switches: Partial<RegistrySwitches> = {},
  tls?: ServerOptions,
): Promise<FakeRegistry> {
  const state: State = {
    requests: [],
    blobs: new Map(),
    manifests: new Map(),
    uploads: new Map(),
    tokens: new Map(),
    switches: {
      mounts: 'taken',
      referrers: true,
      deletes: true,
      locations: 'relative',
      pageSize: 0,
      ignoresRange: false,
      namesMissing: Number.POSITIVE_INFINITY,
      maxBodyBytes: Number.POSITIVE_INFINITY,
      cutUploads: [],
      cutDownloads: [],
      ...switches,
    },
    url: '',
  };
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const entry = {
      method: request.method!,
      url: request.url!,
      headers: request.headers,
      status: 0,
      bytes: 0,
    };
    state.requests.push(entry);
    response.on('close', () => {
      entry.status = response.statusCode;
    });
    if (state.switches.intercept?.(request, response)) return;
    answer({ state, request, response, entry }).catch(() => response.destroy());
  };
  const server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  state.url = `${tls === undefined ? 'http' : 'https'}://${host}`;
  const close = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
  };
  t.after(close);
  const asked = (): readonly string[] =>
    state.requests
      .filter(({ url }) => url !== '/v2/')
      .map(
        ({ method, url }) =>
          `${method} ${url.replace(/^\/v2\//, '').replace(/uploads\/[^?]+/, 'uploads/ID')}`,
      );
  return { ...state, host, asked, close };
}

async function answer(exchange: Exchange): Promise<void> {
  const { request, state } = exchange;
  const url = new URL(request.url!, state.url);
  if (url.pathname === '/token') return giveToken(exchange, url);
  const route = /^\/v2\/(?:(.+)\/(manifests|blobs\/uploads|blobs|tags|referrers)\/([^/]*))?$/.exec(
    url.pathname,
  );
  if (route === null) return refuse(exchange, 404, 'UNSUPPORTED');
  const [, repository = '', kind = '', id = ''] = route;
  if (!allowed(exchange, repository, url)) return;
  if (kind === '') return reply(exchange, 200, {}, '{}');
  const asked: Asked = { repository, id, url };
  if (kind === 'manifests') return manifests(exchange, asked);
  if (kind === 'blobs/uploads') return upload(exchange, asked);
  if (kind === 'blobs') return blobs(exchange, asked);
  if (kind === 'tags') return tags(exchange, asked);
  return referrers(exchange, asked);
}
