import type { Exchange } from './exchange.ts';
import type { HttpError } from './http-error.ts';

/** Headers by their names in lower case. */
export type Headers = Readonly<Record<string, string | number | readonly string[]>>;
/** What an answer needs of the exchange. */
export type Answering = Pick<Exchange, 'method' | 'response' | 'id' | 'digest'>;

/** Starts an answer; every one begins here. */
export function writeHead(exchange: Answering, status: number, headers: Headers): void {
  const { response, id } = exchange;
  const digest = headers['docker-content-digest'];
  if (typeof digest === 'string') exchange.digest = digest;
  response.writeHead(status, { ...headers, 'x-request-id': id } as Record<
    string,
    string | number | string[]
  >);
}

/** Sends a whole body; HEAD gets its headers only. */
export function respond(
  exchange: Answering,
  status: number,
  headers: Headers,
  body: string | Uint8Array = '',
): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  writeHead(exchange, status, { ...headers, 'content-length': bytes.length });
  exchange.response.end(exchange.method === 'HEAD' ? undefined : bytes);
}

/** Sends an answer that has no body by its nature: 204, 304. */
export function respondEmpty(exchange: Answering, status: 204 | 304, headers: Headers): void {
  writeHead(exchange, status, headers);
  exchange.response.end();
}

/** Sends JSON. */
export function respondJson(
  exchange: Answering,
  status: number,
  value: unknown,
  headers: Headers = {},
): void {
  respond(exchange, status, { 'content-type': 'application/json', ...headers }, JSON.stringify(value));
}

/** Sends an error in the form of the OCI Distribution Specification: `{"errors":[{"code","message","detail"}]}`. */
export function respondError(exchange: Answering, error: HttpError): void {
  const { code, message, detail } = error;
  const body = { errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] };
  respondJson(exchange, error.status, body, error.headers);
}
