import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError } from '../../model/app-error.ts';
import type { Exchange, Service } from './exchange.ts';
import { HttpError, httpError } from './http-error.ts';
import { respondError } from './respond.ts';

/** Where to listen: `127.0.0.1:5000`, `[::1]:0`. */
export interface ListenOptions {
  readonly host: string;
  /** 0: any that is free */
  readonly port: number;
}

/** A server that answers requests until it is closed. */
export interface Listening {
  readonly url: string;
  /** Takes no more connections, and resolves when the requests under way have been answered or `graceMs` have passed. */
  close(graceMs: number): Promise<void>;
}

const ANONYMOUS = { name: '' };

/** Starts to answer requests by `service`. @throws AppError NETWORK if the address cannot be listened on */
export async function listen(service: Service, { host, port }: ListenOptions): Promise<Listening> {
  const server = createServer(
    { noDelay: true },
    (request, response) => void answer(service, request, response),
  );
  await started(server, host, port);
  const { address, port: bound, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`,
    close: (graceMs) => closed(server, graceMs),
  };
}

async function answer(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const leaving = new AbortController();
  response.on('close', () => leaving.abort());
  const exchange = { method: request.method ?? 'GET', response };
  try {
    await service.handle(exchangeOf(request, response, leaving.signal));
  } catch (error) {
    if (response.headersSent || response.destroyed) response.destroy();
    else respondError(exchange, httpError(error));
  }
}

const FORBIDDEN = /[\\\u0000-\u001f\u007f]|(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;

function exchangeOf(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Exchange {
  const { url = '/', method = 'GET', socket } = request;
  const end = url.indexOf('?');
  const path = end < 0 ? url : url.slice(0, end);
  if (!path.startsWith('/') || FORBIDDEN.test(path))
    throw new HttpError(400, 'BAD_REQUEST', 'malformed path');
  return {
    request,
    response,
    method,
    path,
    query: new URLSearchParams(end < 0 ? '' : url.slice(end + 1)),
    id: randomUUID(),
    address: socket.remoteAddress ?? '',
    identity: ANONYMOUS,
    signal,
  };
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

async function closed(server: Server, graceMs: number): Promise<void> {
  const ended = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await ended;
  clearTimeout(timer);
}
