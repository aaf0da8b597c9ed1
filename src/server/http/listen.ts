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
}

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
/** Time from the first byte of a request to the last of its headers. */
const HEADERS_TIMEOUT_MS = 15_000;
/** Longer than the 60 s after which load balancers usually close a connection, so that they never send into a closed one. */
const KEEP_ALIVE_MS = 65_000;
const CHECK_INTERVAL_MS = 5_000;
/** Two hundred pulls of ten connections each; a connection costs two descriptors with its file. */
const MAX_CONNECTIONS = 2_000;
const IDLE_CHECK_MS = 50;
/** Time in which the rest of a body that nobody wants is taken, so that the client reads the answer instead of an error. */
const UNREAD_MS = 2_000;

/** Starts to answer requests by `service`. @throws AppError NETWORK if the address cannot be listened on */
export async function listen(service: Service, { host, port, tls }: ListenOptions): Promise<Listening> {
  const server = createFor(tls, {
    noDelay: true,
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    // A large layer may take hours; receive.ts and send-bytes.ts find clients that are too slow.
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
  });
  server.maxHeadersCount = MAX_HEADERS;
  server.maxConnections = MAX_CONNECTIONS;
  const onRequest = (request: IncomingMessage, response: ServerResponse) =>
    void answer(service, request, response);
  server.on('request', onRequest);
  // receive.ts says so when the body is wanted.
  server.on('checkContinue', onRequest);
  await started(server, host, port);
  const { address, port: bound, family } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${family === 'IPv6' ? `[${address}]` : address}:${bound}`,
    close: (graceMs) => closed(server, graceMs),
  };
}

function createFor(tls: Tls | undefined, options: ServerOptions): Server {
  if (tls === undefined) return createServer(options);
  const server = createTlsServer({ ...options, ...tls.options, handshakeTimeout: HEADERS_TIMEOUT_MS });
  tls.onChange((changed) => server.setSecureContext(changed));
  return server;
}

async function answer(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const exchange = new ServerExchange(request, response);
  try {
    const handling = service.handle(exchange);
    if (handling !== undefined) await handling;
  } catch (error) {
    if (response.headersSent || response.destroyed) response.destroy();
    else respondError(exchange, httpError(error));
  }
  if (!request.complete) setTimeout(() => request.complete || request.socket.destroy(), UNREAD_MS).unref();
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
