import { AppError } from '../../model/app-error.ts';
import type { Report } from '../access/watched.ts';
import type { Exchange, Service } from '../http/exchange.ts';
import { httpError } from '../http/http-error.ts';
import type { LogFile } from './log-file.ts';
import type { Metrics } from './metrics.ts';
import { routeOf } from './route.ts';

/** Longer paths and agents are cut in the log. */
const MAX_LOGGED = 1024;

/** Where the outcome of requests goes. */
export interface Observers {
  readonly metrics: Metrics;
  /** Undefined: no log */
  readonly log: LogFile | undefined;
  /** Told of errors that are the server's own */
  readonly report: Report;
}

/** Counts every request of a service, and logs it, when its answer has ended. */
export function observed(service: Service, observers: Observers): Service {
  const { report } = observers;
  const failed = (exchange: Exchange, error: unknown): never => {
    if (!exchange.response.destroyed) reportFailure(exchange, error, report);
    throw error;
  };
  return {
    handle(exchange) {
      watch(exchange, observers);
      try {
        return service.handle(exchange)?.catch((error: unknown) => failed(exchange, error));
      } catch (error) {
        return failed(exchange, error);
      }
    },
  };
}

/** The client is told nothing about the inside of the server; who runs it has to know. */
function reportFailure(exchange: Exchange, error: unknown, report: Report): void {
  if (httpError(error).status < 500) return;
  const text = error instanceof AppError ? error.message : ((error as Error)?.stack ?? String(error));
  report(`request ${exchange.id}: ${exchange.method} ${pathOf(exchange)}: ${text}`);
}

function watch(exchange: Exchange, { metrics, log }: Observers): void {
  const { request, response } = exchange;
  const { socket } = request;
  const started = performance.now();
  const [written, read] = [socket.bytesWritten, socket.bytesRead];
  metrics.begin();
  response.once('close', () => {
    const ms = performance.now() - started;
    const path = pathOf(exchange);
    // What the client did not wait for has no status: 499, as nginx calls it.
    const status = response.headersSent ? response.statusCode : 499;
    const sentBytes = socket.bytesWritten - written;
    metrics.count({
      route: routeOf(path),
      method: exchange.method,
      status,
      seconds: ms / 1000,
      sentBytes,
      receivedBytes: socket.bytesRead - read,
    });
    log?.write(
      JSON.stringify({ ...entryOf(exchange, path), status, bytes: sentBytes, ms: Math.round(ms * 10) / 10 }),
    );
  });
}

function entryOf(
  { id, address, identity, method, request, response, digest }: Exchange,
  path: string,
): object {
  return {
    time: new Date().toISOString(),
    id,
    client: address,
    user: identity.name || undefined,
    method,
    path: path.slice(0, MAX_LOGGED),
    digest,
    cut: response.writableFinished ? undefined : true,
    agent: request.headers['user-agent']?.slice(0, MAX_LOGGED),
  };
}

/** The query stays out: it may have what is not meant for a log. */
function pathOf({ request: { url = '' } }: Exchange): string {
  const end = url.indexOf('?');
  return (end < 0 ? url : url.slice(0, end)).slice(0, MAX_LOGGED);
}
