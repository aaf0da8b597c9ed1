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

/** Publishes a RequestRecord for every request that ends, to package servers and registries alike. */
export const REQUESTS = channel('pkgcompose:request');

/** Starts the record of a request. Returns the function that publishes it; a second call of that does nothing. */
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
