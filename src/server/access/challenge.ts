import type { TLSSocket } from 'node:tls';
import type { Exchange } from '../http/exchange.ts';
import type { Demand } from './target.ts';

/** What is known about how clients reach the server. */
export interface ChallengeSite {
  /** `https://registry.example`; default: what the client says, and the scheme that `isSecure` finds */
  readonly url?: string | undefined;
  /** Tells whether a proxy that is trusted says that the client speaks TLS with it */
  isSecure(exchange: Exchange): boolean;
}

interface ChallengeText {
  readonly isBasic: boolean;
  readonly realm: string | undefined;
  readonly service: string | undefined;
  readonly demand: Demand | undefined;
  readonly error?: string | undefined;
}

/** Returns a WWW-Authenticate header (RFC 7617; distribution's "Token Authentication Specification"). */
export function challenge(exchange: Exchange, site: ChallengeSite, text: ChallengeText): string {
  if (text.isBasic) return 'Basic realm="compose", charset="UTF-8"';
  const origin = originOf(exchange, site);
  const parts: readonly (readonly [string, string | undefined])[] = [
    ['realm', text.realm ?? `${origin}/token`],
    ['service', text.service ?? new URL(origin).host],
    ['scope', scopeOf(text.demand)],
    ['error', text.error],
  ];
  return `Bearer ${parts.flatMap(([name, value]) => (value === undefined ? [] : [`${name}="${value}"`])).join(',')}`;
}

/** Who pushes reads what is there already. */
function scopeOf(demand: Demand | undefined): string | undefined {
  if (demand === undefined || demand.resource.startsWith('/')) return undefined;
  const { action, resource } = demand;
  return `repository:${resource}:${action === 'push' ? 'pull,push' : action}`;
}

/** The host is the client's own word, which it gets back: it misleads nobody else. */
function originOf(exchange: Exchange, { url, isSecure }: ChallengeSite): string {
  if (url !== undefined) return url.replace(/\/+$/, '');
  const { host = '' } = exchange.request.headers;
  const isTls = (exchange.request.socket as Partial<TLSSocket>).encrypted === true || isSecure(exchange);
  return `${isTls ? 'https' : 'http'}://${/^[\w.-]+(:\d{1,5})?$|^\[[0-9a-f:.]+\](:\d{1,5})?$/i.test(host) ? host : 'localhost'}`;
}
