import { openAccess } from '../../../src/server/access/access.ts';
import type { AccessOptions } from '../../../src/server/access/options.ts';
import type { Service } from '../../../src/server/http/exchange.ts';
import { listen } from '../../../src/server/http/listen.ts';
import { respond } from '../../../src/server/http/respond.ts';

interface TestHooks {
  after(fn: () => void | Promise<void>): void;
}

/** A server that tells everybody it lets in who they are. */
export interface Guarded {
  readonly url: string;
  /** What could not be read again */
  readonly reports: string[];
  reload(): Promise<void>;
  /** The status and what the server says, or the challenge of a 401 */
  ask(path: string, options?: RequestInit): Promise<readonly [number, string]>;
}

export async function startGuarded(t: TestHooks, options: AccessOptions): Promise<Guarded> {
  const reports: string[] = [];
  const site = { isSecure: () => false };
  const access = await openAccess(options, { site, admit() {}, report: (text) => reports.push(text) });
  const service: Service = {
    handle: (exchange) => respond(exchange, 200, { 'content-type': 'text/plain' }, exchange.identity.name),
  };
  const { url, close } = await listen(
    { handle: (exchange) => access.through(service, exchange) },
    { host: '127.0.0.1', port: 0 },
  );
  t.after(async () => {
    access.close();
    await close(0);
  });
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${url}${path}`, init);
    const text = await answer.text();
    if (answer.status === 401) return [401, answer.headers.get('www-authenticate') ?? ''] as const;
    if (!answer.ok) return [answer.status, JSON.parse(text).errors[0].message] as const;
    return [answer.status, text] as const;
  };
  return { url, reports, ask, reload: access.reload };
}

export function basic(user: string, password: string): RequestInit {
  return { headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` } };
}

export function bearer(token: string): RequestInit {
  return { headers: { authorization: `Bearer ${token}` } };
}
