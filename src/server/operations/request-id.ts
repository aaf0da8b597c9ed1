import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What tracing tools send: UUIDs, hexadecimal ids, ids with a prefix. Anything else could be meant for whoever reads the log. */
const SANE = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;

/** Returns the id that a client or a proxy gave the request (`X-Request-Id`) if that is one, else a new one. */
export function requestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && SANE.test(given) ? given : randomUUID();
}
