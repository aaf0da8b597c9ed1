import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { AppError } from '../../model/app-error.ts';
import type { Tls } from '../access/tls.ts';
import type { Service } from './exchange.ts';
import { httpError } from './http-error.ts';
import { respondError } from './respond.ts';
import { ServerExchange } from './server-exchange.ts';

/** Where to listen: `127.0.0.1:5000`, `[::1]:0`. */
export interface ListenOptions {
  readonly host: string;
  /** 0: any that is free */
  readonly port: number;
  /** Undefined: plain HTTP */
  readonly tls?: Tls | undefined;
  readonly limits?: Partial<ListenLimits>;
}

/** What clients may take of a server. Times are milliseconds. */
export interface ListenLimits {
  /** Time from the connection, or from the first byte of a later request, to the last byte of its headers */
  readonly headersTimeoutMs: number;
  /** How often that is checked */
  readonly checkIntervalMs: number;
  /** Time that a connection stays open without a request */
  readonly keepAliveMs: number;
  readonly maxConnections: number;
  /** Time in which the rest of a body that nobody wants is taken, so that the client reads the answer instead of an error */
  readonly unreadMs: number;
}

const LIMITS: ListenLimits = {
  headersTimeoutMs: 15_000,
  checkIntervalMs: 5_000,
  // Longer than the 60 s after which load balancers usually close a connection, so that they never send into a closed one.
  keepAliveMs: 65_000,
  // Two hundred pulls of ten connections each.
  maxConnections: 2_000,
  unreadMs: 2_000,
};

/** A server that answers requests until it is closed. */
export interface Listening {
  readonly url: string;
  /** Takes no more connections, and resolves when the requests under way have been answered or `graceMs` have passed. */
  close(graceMs: number): Promise<void>;
}

/** Line and headers of a request together; tokens of identity providers take some KiB. */
const MAX_HEADER_BYTES = 32 * 1024;
/** More than any client sends, proxies included. */
const MAX_HEADERS = 200;
const HANDSHAKE_TIMEOUT_MS = 15_000;
const IDLE_CHECK_MS = 50;

/** Starts to answer requests by `service`. @throws AppError NETWORK if the address cannot be listened on */
export async function listen(service: Service, options: ListenOptions): Promise<Listening> {
  const { host, port, tls } = options;
  const limits = { ...LIMITS, ...options.limits };
  const server = createFor(tls, {
    noDelay: true,
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: limits.headersTimeoutMs,
    // A large layer may take hours; receive.ts and send-bytes.ts find clients that are too slow.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.checkIntervalMs,
  });
  server.maxHeadersCount = MAX_HEADERS;
  server.maxConnections = limits.maxConnections;
  const onRequest = (request: IncomingMessage, response: ServerResponse) =>
    void answer(service, { request, response, unreadMs: limits.unreadMs });
  server.on('request', onRequest);
  server.on('checkContinue', (request, response: ServerResponse) => {
    // Where the body begins is clear only if it is asked for, which receive.ts does; else what follows could be anything.
    response.shouldKeepAlive = false;
    onRequest(request, response);
  });
  await started(server, host, port);
  const { address, port: bound, family } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${family === 'IPv6' ? `[${address}]` : address}:${bound}`,
    close: (graceMs) => closed(server, graceMs),
  };
}

function createFor(tls: Tls | undefined, options: ServerOptions): Server {
  if (tls === undefined) return createServer(options);
  const server = createTlsServer({ ...options, ...tls.options, handshakeTimeout: HANDSHAKE_TIMEOUT_MS });
  tls.onChange((changed) => server.setSecureContext(changed));
  return server;
}

interface Arrived {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly unreadMs: number;
}

/** Answers the requests of a connection one after another, also when they were sent at once. */
async function answer(service: Service, arrived: Arrived): Promise<void> {
  const { request, response, unreadMs } = arrived;
  if (response.socket === null) {
    // The connection has the answer to an earlier request; if it is closed before, this one never gets it.
    response.once('socket', () => void answer(service, arrived));
    return;
  }
  const exchange = new ServerExchange(request, response);
  try {
    await service.handle(exchange);
  } catch (error) {
    if (response.headersSent || response.destroyed) response.destroy();
    else respondError(exchange, httpError(error));
  }
  if (!request.complete) setTimeout(() => request.complete || request.socket.destroy(), unreadMs).unref();
}

async function started(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new AppError('NETWORK', `--listen ${host}:${port}: ${error.message}`, {
          ...(error.code === 'EADDRINUSE'
            ? { hint: 'Another process listens there; choose another port.' }
            : {}),
          cause: error,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
}

/** Connections are closed as soon as they have no request. */
async function closed(server: Server, graceMs: number): Promise<void> {
  const ended = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  // Those that are busy now become idle later.
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await ended;
  clearInterval(idle);
  clearTimeout(timer);
}
