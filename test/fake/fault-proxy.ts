import { createHash } from 'node:crypto';
import { Agent, createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seededRandom } from './body-stages.ts';
import { type ProxiedRequest, type ProxyFault, passOn } from './fault-exchange.ts';

/** The first rule that fits a request is used; none: it passes. */
export interface ProxyRule {
  readonly method?: string | readonly string[];
  /** Found in path and query as sent, percent-encoded */
  readonly path?: RegExp;
  /** Only the nth such request (method and path), counted from 1 */
  readonly nth?: number | readonly number[];
  /** Only so many of them are hit */
  readonly times?: number;
  /** From 0 to 1, drawn from the proxy's seed */
  readonly probability?: number;
  readonly fault: ProxyFault;
}

export interface FaultProxy {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** `http://127.0.0.1:PORT`, no trailing slash */
  readonly url: string;
  /** May be changed at any time */
  readonly rules: ProxyRule[];
  /** In the order of their arrival */
  readonly requests: ProxiedRequest[];
  /** The most requests that were under way at one time */
  peakParallel(): number;
  close(): Promise<void>;
}

/** A loopback HTTP proxy before an `http://` server: passes requests through, does what the rules say, keeps account. */
export async function startFaultProxy(
  target: string,
  options: { readonly rules?: readonly ProxyRule[]; readonly seed?: number } = {},
): Promise<FaultProxy> {
  const agent = new Agent({ keepAlive: true });
  const rules = [...(options.rules ?? [])];
  const requests: ProxiedRequest[] = [];
  const choose = chooser(rules, options.seed ?? 1);
  const connections = new WeakMap<object, number>();
  let connectionCount = 0;
  let underWay = 0;
  let peak = 0;
  const server = createServer((request, response) => {
    const fault = choose(request);
    const entry: ProxiedRequest = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: withoutSecrets(request.headers),
      connection: connections.get(request.socket) ?? 0,
      status: 0,
      serverStatus: 0,
      requestBytes: 0,
      replyBytes: 0,
      fault,
      done: false,
    };
    requests.push(entry);
    peak = Math.max(peak, ++underWay);
    response.once('close', () => {
      underWay -= 1;
      entry.done = true;
    });
    passOn({ request, response, entry, fault: fault ?? {} }, new URL(target), agent).catch(() => {
      request.socket.destroy();
    });
  });
  server.on('connection', (socket) => {
    connectionCount += 1;
    connections.set(socket, connectionCount);
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}`,
    rules,
    requests,
    peakParallel: () => peak,
    close() {
      agent.destroy();
      return new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      });
    },
  };
}

function chooser(rules: readonly ProxyRule[], seed: number) {
  const seen = new Map<ProxyRule, number>();
  const used = new Map<ProxyRule, number>();
  const random = seededRandom(seed);
  return (request: IncomingMessage): ProxyFault | undefined => {
    let chosen: ProxyRule | undefined;
    for (const rule of rules.filter((one) => fits(one, request))) {
      const count = (seen.get(rule) ?? 0) + 1;
      seen.set(rule, count);
      if (chosen !== undefined) continue;
      if (rule.nth !== undefined && ![rule.nth].flat().includes(count)) continue;
      if (rule.times !== undefined && (used.get(rule) ?? 0) >= rule.times) continue;
      if (rule.probability !== undefined && random() >= rule.probability) continue;
      used.set(rule, (used.get(rule) ?? 0) + 1);
      chosen = rule;
    }
    return chosen?.fault;
  };
}

function fits({ method, path }: ProxyRule, request: IncomingMessage): boolean {
  if (method !== undefined && ![method].flat().includes(request.method ?? '')) return false;
  return path === undefined || path.test(request.url ?? '');
}

function withoutSecrets(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { authorization } = headers;
  if (authorization === undefined) return headers;
  const hash = createHash('sha256').update(authorization).digest('hex').slice(0, 8);
  return { ...headers, authorization: `${authorization.split(' ')[0]} sha256:${hash}` };
}
