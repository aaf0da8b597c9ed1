import { createRequire } from 'node:module';
import type { SecureContext } from 'node:tls';
import type { Agent, Dispatcher, ProxyAgent } from 'undici';

/** A host that does not take the connection in this time is down; the next mirror may be up. */
export const CONNECT_TIMEOUT_MS = 10_000;
/** Indexes of several repositories and then archives come from one host: keep its connections between them. */
const KEEP_ALIVE_MS = 20_000;

export type Send = (options: Dispatcher.RequestOptions) => Promise<Dispatcher.ResponseData>;

export interface Connections {
  readonly agent: Dispatcher;
  readonly send: Send;
}

export interface ConnectionOptions {
  /** For TLS connections to servers */
  readonly tls?: { readonly secureContext?: SecureContext; readonly rejectUnauthorized?: boolean };
  /** Never through a proxy */
  readonly direct?: boolean;
}

let shared: Connections | undefined;

/** The process's one pool of keep-alive connections, through the proxies of the environment where it names any. */
export function connections(): Connections {
  shared ??= openConnections({});
  return shared;
}

/** Closes idle and busy connections; requests under way fail. The next request opens new ones. */
export async function closeConnections(): Promise<void> {
  const closing = shared;
  shared = undefined;
  await closing?.agent.destroy();
}

/** A pool of its own, through the proxies of the environment where it names any. Its opener destroys the agent. */
export function openConnections({ tls = {}, direct = false }: ConnectionOptions): Connections {
  const require = createRequire(import.meta.url);
  const options = {
    connect: { timeout: CONNECT_TIMEOUT_MS, ...tls },
    keepAliveTimeout: KEEP_ALIVE_MS,
    // One connection per transfer: an HTTP/2 connection's flow control would be shared by all of a mirror's downloads.
    allowH2: false,
  };
  if (direct || !proxied(process.env)) return openDirect(require, options);
  return openProxied(require, { ...options, requestTls: tls });
}

function proxied(env: NodeJS.ProcessEnv): boolean {
  return Boolean(env.http_proxy || env.HTTP_PROXY || env.https_proxy || env.HTTPS_PROXY);
}

/**
 * undici's single modules, not its index: that also loads fetch, WebSocket, caches and mocks (65 ms instead of 25 ms,
 * much of an unchanged re-index). undici has no `exports` map; its version is pinned exactly.
 */
function openDirect(require: NodeJS.Require, options: Agent.Options): Connections {
  const DirectAgent = require('undici/lib/dispatcher/agent.js') as typeof Agent;
  const request = require('undici/lib/api/api-request.js') as Send;
  const agent = new DirectAgent(options);
  return { agent, send: request.bind(agent) };
}

type ProxiedOptions = Agent.Options & Pick<ProxyAgent.Options, 'requestTls'>;

/** The whole of undici: a proxy's agent uses methods that only its index puts on dispatchers. */
function openProxied(require: NodeJS.Require, options: ProxiedOptions): Connections {
  const undici = require('undici') as typeof import('undici');
  const agent = new undici.EnvHttpProxyAgent({ ...options, connectTimeout: CONNECT_TIMEOUT_MS });
  return { agent, send: (request) => agent.request(request) };
}
