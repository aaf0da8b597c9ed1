import { createRequire } from 'node:module';
import type { SecureContext } from 'node:tls';
import type { Dispatcher, ProxyAgent } from 'undici';
import { AppError } from '../model/app-error.ts';
import { trustedContext } from './authorities.ts';
import { type HttpProxy, namesProxy, ProxyError, proxyOf } from './proxies.ts';
import { keepParserSimple } from './response-parser.ts';

/** A host that does not take the connection in this time is down; the next mirror may be up. */
const CONNECT_TIMEOUT_SECONDS = 10;
const MAX_CONNECT_TIMEOUT_SECONDS = 600;
/** Indexes of several repositories and then archives come from one host: keep its connections between them. */
const KEEP_ALIVE_MS = 20_000;
const POOL = {
  keepAliveTimeout: KEEP_ALIVE_MS,
  // One connection per transfer: an HTTP/2 connection's flow control would be shared by all of a mirror's downloads.
  allowH2: false,
};

/** Sends one request through a pool of connections. */
export type Send = (options: Dispatcher.RequestOptions) => Promise<Dispatcher.ResponseData>;

/** A pool of keep-alive connections. */
export interface Connections {
  /** @throws ProxyError for what failed at a proxy */
  readonly send: Send;
  /** Ends idle and busy connections; requests under way fail. */
  close(): Promise<void>;
}

/** Options of a pool. */
export interface ConnectionOptions {
  /** For TLS connections to servers; by default with the authorities of authorities.ts */
  readonly tls?: { readonly secureContext?: SecureContext; readonly rejectUnauthorized?: boolean };
  /** Never through a proxy */
  readonly direct?: boolean;
}

let shared: Connections | undefined;

/** The process's one pool of keep-alive connections, through the proxies that the environment names, if any. */
export function connections(): Connections {
  shared ??= openConnections({});
  return shared;
}

/** Closes the process's pool. The next request opens a new one. */
export async function closeConnections(): Promise<void> {
  const closing = shared;
  shared = undefined;
  await closing?.close();
}

/** Opens a separate pool, through the proxies that the environment names. The caller closes it. */
export function openConnections({ tls = {}, direct = false }: ConnectionOptions): Connections {
  const plain = openDirect(tls);
  return direct || !namesProxy(process.env) ? plain : openProxied({ plain, tls });
}

/** Returns how long a connection may take: PKGCOMPOSE_CONNECT_TIMEOUT in seconds, 10 by default. @throws AppError USAGE */
export function connectTimeoutMs({ PKGCOMPOSE_CONNECT_TIMEOUT: text = '' }: NodeJS.ProcessEnv): number {
  if (text === '') return CONNECT_TIMEOUT_SECONDS * 1000;
  const seconds = /^\d{1,3}(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (seconds > 0 && seconds <= MAX_CONNECT_TIMEOUT_SECONDS) return seconds * 1000;
  throw new AppError(
    'USAGE',
    `PKGCOMPOSE_CONNECT_TIMEOUT: expected seconds, more than 0 and at most ${MAX_CONNECT_TIMEOUT_SECONDS}, got ${JSON.stringify(text)}`,
  );
}

type Tls = NonNullable<ConnectionOptions['tls']>;

/** undici is loaded with the first request. */
function openDirect(tls: Tls): Connections {
  let opening: Promise<Connections> | undefined;
  const open = async () => {
    keepParserSimple();
    const { openAgent } = await import('./agent.ts');
    const connect = { timeout: connectTimeoutMs(process.env), allowH2: false };
    return openAgent({ pool: POOL, connect, tls: () => trusting(tls) });
  };
  return {
    async send(options) {
      opening ??= open();
      return (await opening).send(options);
    },
    close: async () => (await opening)?.close(),
  };
}

function trusting(tls: Tls): Tls {
  return tls.secureContext !== undefined || tls.rejectUnauthorized === false
    ? tls
    : { ...tls, secureContext: trustedContext() };
}

interface ProxiedOptions {
  /** For what goes past the proxies */
  readonly plain: Connections;
  readonly tls: Tls;
}

/** The whole of undici: a proxy's agent uses methods that only its index puts on dispatchers. */
function openProxied({ plain, tls }: ProxiedOptions): Connections {
  const agents = new Map<string, ProxyAgent>();
  const require = createRequire(import.meta.url);
  const agentOf = ({ url }: HttpProxy): ProxyAgent => {
    keepParserSimple();
    const undici = require('undici') as typeof import('undici');
    const found =
      agents.get(url.href) ??
      new undici.ProxyAgent({
        ...POOL,
        uri: url.href,
        connectTimeout: connectTimeoutMs(process.env),
        requestTls: trusting(tls),
        ...(url.protocol === 'https:' ? { proxyTls: trusting({}) } : {}),
      });
    agents.set(url.href, found);
    return found;
  };
  return {
    async send(request) {
      const proxy = proxyOf(new URL(request.origin as string), process.env);
      if (proxy === undefined) return plain.send(request);
      try {
        return await agentOf(proxy).request(request);
      } catch (error) {
        throw new ProxyError(proxy, error);
      }
    },
    async close() {
      await Promise.all([plain.close(), ...[...agents.values()].map((agent) => agent.destroy())]);
    },
  };
}
