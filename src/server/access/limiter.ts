import { isIPv6 } from 'node:net';
import type { Exchange } from '../http/exchange.ts';
import { HttpError } from '../http/http-error.ts';

/** How often a client may do something. */
export interface Rate {
  /** Times per second, in the long run; may be less than one */
  readonly perSecond: number;
  /** Times at once */
  readonly burst: number;
}

/** Limits of each client: of its requests under way, and how often it may ask. */
export interface ClientLimits {
  readonly requests?: Rate | undefined;
  readonly concurrent?: number | undefined;
}

interface Bucket {
  tokens: number;
  atMs: number;
  concurrent: number;
}

/** Clients that are remembered; when there are more, those that have done nothing for long are forgotten. */
const MAX_CLIENTS = 50_000;

/** A token bucket for each client. */
export class Limiter {
  readonly #rate: Rate | undefined;
  readonly #concurrent: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor({ requests, concurrent }: ClientLimits) {
    this.#rate = requests;
    this.#concurrent = concurrent ?? Number.POSITIVE_INFINITY;
  }

  /** Counts a request until it has been answered. @throws HttpError 429 with Retry-After */
  admit(exchange: Exchange): void {
    const bucket = this.take(clientKey(exchange));
    if (bucket.concurrent >= this.#concurrent) {
      throw tooMany(`more than ${this.#concurrent} requests at once`, 1);
    }
    bucket.concurrent += 1;
    exchange.response.once('close', () => {
      bucket.concurrent -= 1;
    });
  }

  /** Takes one token of a client's. @throws HttpError 429 with Retry-After */
  take(key: string): Bucket {
    const nowMs = Date.now();
    const bucket = this.#bucket(key, nowMs);
    if (this.#rate === undefined) return bucket;
    const { perSecond, burst } = this.#rate;
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * perSecond);
    bucket.atMs = nowMs;
    if (bucket.tokens < 1) throw tooMany('too many requests', Math.ceil((1 - bucket.tokens) / perSecond));
    bucket.tokens -= 1;
    return bucket;
  }

  #bucket(key: string, nowMs: number): Bucket {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = { tokens: this.#rate?.burst ?? 0, atMs: nowMs, concurrent: 0 };
      if (this.#buckets.size >= MAX_CLIENTS) this.#forget(nowMs);
      this.#buckets.set(key, bucket);
    }
    return bucket;
  }

  /** Forgets clients whose buckets are full again. */
  #forget(nowMs: number): void {
    const { perSecond = 1, burst = 0 } = this.#rate ?? {};
    for (const [key, { tokens, atMs, concurrent }] of this.#buckets) {
      if (concurrent === 0 && tokens + ((nowMs - atMs) / 1000) * perSecond >= burst)
        this.#buckets.delete(key);
    }
    if (this.#buckets.size >= MAX_CLIENTS) throw tooMany('too many clients', 10);
  }
}

/** A client is who has signed in, else an address; of IPv6, a network, of which a client has as many addresses as it likes. */
export function clientKey({ identity, address }: Pick<Exchange, 'identity' | 'address'>): string {
  if (identity.name !== '') return `user ${identity.name}`;
  return isIPv6(address) ? `address ${networkOf(address)}` : `address ${address}`;
}

/** The first 64 bits. */
function networkOf(address: string): string {
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const groups = head.split(':').filter(Boolean);
  const rest = tail?.split(':').filter(Boolean) ?? [];
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - rest.length);
  return [...groups, ...Array.from({ length: zeros }, () => '0'), ...rest].slice(0, 4).join(':');
}

function tooMany(message: string, seconds: number): HttpError {
  return new HttpError(429, 'TOOMANYREQUESTS', message, { headers: { 'retry-after': String(seconds) } });
}
