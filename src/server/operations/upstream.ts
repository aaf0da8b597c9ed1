import { REQUESTS, type RequestRecord } from '../../fetch/request-log.ts';
import type { Measure } from './metrics.ts';

/** Counts of the requests that the server and its worker threads send: to mirrors, and to registries. */
export class Upstream {
  #requests = 0;
  #failures = 0;
  #receivedBytes = 0;
  readonly #count = (message: unknown): void => {
    const { status, receivedBytes } = message as RequestRecord;
    this.#requests += 1;
    this.#receivedBytes += receivedBytes;
    if (status === undefined || status === 429 || status >= 500) this.#failures += 1;
  };

  constructor() {
    REQUESTS.subscribe(this.#count);
  }

  readonly measures: readonly Measure[] = [
    {
      name: 'compose_upstream_requests_total',
      help: 'Requests to mirrors and registries',
      kind: 'counter',
      read: () => this.#requests,
    },
    {
      name: 'compose_upstream_failures_total',
      help: 'Requests to mirrors and registries without a response, or with status 429 or 5xx',
      kind: 'counter',
      read: () => this.#failures,
    },
    {
      name: 'compose_upstream_received_bytes_total',
      help: 'Bytes of responses of mirrors and registries',
      kind: 'counter',
      read: () => this.#receivedBytes,
    },
  ];

  close(): void {
    REQUESTS.unsubscribe(this.#count);
  }
}
