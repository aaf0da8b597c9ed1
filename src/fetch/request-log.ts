import { channel } from 'node:diagnostics_channel';

/** One HTTP request and what came of it, safe to show: no headers, no user name or password, no query. */
export interface RequestRecord {
  readonly method: string;
  /** Without user name and password; a query is `?***` */
  readonly url: string;
  /** undefined: no response */
  readonly status: number | undefined;
  /** Bytes of the bodies, as they went over the network */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Until the response's body was read or discarded */
  readonly tookMs: number;
}

/** Gets a RequestRecord for every request that ends, to servers of packages and registries alike. */
export const REQUESTS = channel('pkgcompose:request');

/** Starts the record of a request. Returns what ends it; nothing is published the second time. */
export function recordRequest(
  method: string,
  { origin, pathname, search }: URL,
): (outcome: Pick<RequestRecord, 'status' | 'sentBytes' | 'receivedBytes'>) => void {
  if (!REQUESTS.hasSubscribers) return () => {};
  const startedAt = performance.now();
  const url = `${origin}${pathname}${search === '' ? '' : '?***'}`;
  let ended = false;
  return (outcome) => {
    if (ended) return;
    ended = true;
    const record: RequestRecord = { method, url, ...outcome, tookMs: performance.now() - startedAt };
    REQUESTS.publish(record);
  };
}
