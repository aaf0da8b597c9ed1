import type { Report } from '../access/watched.ts';
import { ownAsker } from '../workers/own-asker.ts';
import type { Pool } from '../workers/pool.ts';

/** When the server collects garbage, and what stays. */
export interface GcOptions {
  /** 0: never */
  readonly everyMs: number;
  /** Bytes of the cache; undefined: only what nothing refers to is removed */
  readonly maxSizeBytes?: number | undefined;
  /** Composed images that stay: those used in so many days, and so many of the others; default: all */
  readonly retention?: { readonly days: number; readonly newest: number } | undefined;
}

/** The first time, other servers and the requests that wait for this one go first. */
const FIRST_MS = 10 * 60 * 1000;

/**
 * Collects garbage on a worker thread from time to time, until the function that it returns is called. It removes nothing that a
 * stored image refers to, whatever is pushed meanwhile.
 */
export function collectRegularly(options: GcOptions, pool: Pick<Pool, 'run'>, report: Report): () => void {
  const ending = new AbortController();
  const asker = ownAsker(ending.signal);
  const { everyMs, maxSizeBytes, retention } = options;
  let timer: NodeJS.Timeout | undefined;
  const collect = async () => {
    try {
      const { removed, freedBytes } = await pool.run('cacheGc', { maxSizeBytes, retention }, asker);
      if (removed > 0) report(`garbage collection removed ${removed} blobs of ${freedBytes} bytes`);
    } catch (error) {
      if (!ending.signal.aborted) report(`garbage collection: ${(error as Error).message}`);
    }
    if (!ending.signal.aborted) timer = setTimeout(collect, everyMs).unref();
  };
  if (everyMs > 0) timer = setTimeout(collect, Math.min(everyMs, FIRST_MS)).unref();
  return () => {
    ending.abort();
    clearTimeout(timer);
  };
}
