import type { Exchange } from './exchange.ts';
import type { HttpError } from './http-error.ts';

/** Sends a whole body; HEAD gets its headers only. */
export function respond(
  { method, response }: Pick<Exchange, 'method' | 'response'>,
  status: number,
  headers: Readonly<Record<string, string | number>>,
  body: string | Uint8Array = '',
): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.writeHead(status, { ...headers, 'content-length': bytes.length });
  response.end(method === 'HEAD' ? undefined : bytes);
}

/** Sends JSON. */
export function respondJson(
  exchange: Pick<Exchange, 'method' | 'response'>,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  respond(exchange, status, { 'content-type': 'application/json', ...headers }, JSON.stringify(value));
}

/** Sends an error in the form of the OCI Distribution Specification: `{"errors":[{"code","message","detail"}]}`. */
export function respondError(exchange: Pick<Exchange, 'method' | 'response'>, error: HttpError): void {
  const { code, message, detail } = error;
  const body = { errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] };
  respondJson(exchange, error.status, body, error.headers);
}
