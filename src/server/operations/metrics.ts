import type { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** A request that has been answered. */
export interface Answered {
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly seconds: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** A number that somebody else keeps, read when metrics are asked for. */
export interface Measure {
  /** `compose_queue_length` */
  readonly name: string;
  readonly help: string;
  /** `counter`: it only grows */
  readonly kind: 'gauge' | 'counter';
  read(): number;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** From an answer out of memory to a large layer. */
const BUCKETS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60];
/** Loading takes time that the first answer should not wait for. */
const LOAD_AFTER_MS = 500;
const MAX_EARLY = 10_000;

interface Series {
  readonly registry: Registry;
  readonly requests: Counter;
  readonly duration: Histogram;
  readonly sent: Counter;
  readonly received: Counter;
}

/** Numbers for Prometheus. */
export class Metrics {
  readonly #measures: readonly Measure[];
  readonly #timer: NodeJS.Timeout;
  #series: Series | undefined;
  #loading: Promise<Series> | undefined;
  /** Before prom-client was loaded */
  #early: Answered[] = [];
  /** Requests that are being answered */
  #underWay = 0;

  constructor(measures: readonly Measure[]) {
    this.#measures = measures;
    this.#timer = setTimeout(() => void this.#load(), LOAD_AFTER_MS);
    this.#timer.unref();
  }

  begin(): void {
    this.#underWay += 1;
  }

  count(answered: Answered): void {
    this.#underWay -= 1;
    this.#add(answered);
  }

  #add(answered: Answered): void {
    if (this.#series === undefined) {
      if (this.#early.length < MAX_EARLY) this.#early.push(answered);
      return;
    }
    const { route, status, seconds, sentBytes, receivedBytes } = answered;
    const method = METHODS.includes(answered.method) ? answered.method : 'other';
    const { requests, duration, sent, received } = this.#series;
    requests.inc({ route, method, status });
    duration.observe({ route }, seconds);
    sent.inc({ route }, sentBytes);
    received.inc({ route }, receivedBytes);
  }

  /** Returns the text that Prometheus reads, and its media type. */
  async text(): Promise<{ readonly contentType: string; readonly body: string }> {
    const { registry } = await this.#load();
    return { contentType: registry.contentType, body: await registry.metrics() };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#series?.registry.clear();
  }

  #load(): Promise<Series> {
    this.#loading ??= this.#make();
    return this.#loading;
  }

  async #make(): Promise<Series> {
    const client = await import('prom-client');
    const registry = new client.Registry();
    const registers = [registry];
    client.collectDefaultMetrics({ register: registry });
    const underWay: Measure = {
      name: 'compose_http_requests_in_flight',
      help: 'Requests that are being answered, uploads and downloads among them',
      kind: 'gauge',
      read: () => this.#underWay,
    };
    for (const { name, help, kind, read } of [underWay, ...this.#measures]) {
      const Kind = kind === 'gauge' ? client.Gauge : client.Counter;
      new Kind({
        name,
        help,
        registers,
        collect(this: Gauge | Counter) {
          this.reset();
          this.inc(read());
        },
      });
    }
    const counter = (name: string, help: string, labelNames: readonly string[]) =>
      new client.Counter({ name, help, labelNames, registers });
    const series = {
      registry,
      requests: counter('compose_http_requests_total', 'Requests that have been answered', [
        'route',
        'method',
        'status',
      ]),
      duration: new client.Histogram({
        name: 'compose_http_request_duration_seconds',
        help: 'Time from a request to the end of its answer',
        labelNames: ['route'],
        buckets: BUCKETS,
        registers,
      }),
      sent: counter('compose_http_sent_bytes_total', 'Bytes of answers, with their headers', ['route']),
      received: counter('compose_http_received_bytes_total', 'Bytes of requests, with their headers', [
        'route',
      ]),
    };
    this.#series = series as Series;
    for (const answered of this.#early) this.#add(answered);
    this.#early = [];
    return this.#series;
  }
}
