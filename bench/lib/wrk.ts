import { existsSync } from 'node:fs';
import { run } from './measure.ts';

const WRK = '/usr/bin/wrk';
const SECONDS = 4;

/** What wrk has measured of one URL. */
export interface Throughput {
  readonly requestsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly p99Ms: number;
  /** Requests that were not answered by 2xx or 3xx, or not at all */
  readonly failed: number;
}

export function hasWrk(): boolean {
  return existsSync(WRK);
}

/** Asks for a URL over so many connections for some seconds. @throws Error if wrk fails */
export function wrk(url: string, connections: number, headers: readonly string[] = []): Throughput {
  const { stdout } = run({
    command: WRK,
    args: [
      ...['-t1', `-c${connections}`, `-d${SECONDS}s`, '--latency', '--timeout', '10s'],
      ...headers.flatMap((header) => ['-H', header]),
      url,
    ],
  });
  return parseWrk(stdout);
}

const MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000 };
const BYTES: Readonly<Record<string, number>> = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };

/** Reads what wrk prints. */
export function parseWrk(text: string): Throughput {
  const [, latency = '', latencyUnit = 'ms'] = /^\s+99%\s+([\d.]+)(us|ms|s)$/m.exec(text) ?? [];
  const [, rate = ''] = /^Requests\/sec:\s+([\d.]+)/m.exec(text) ?? [];
  const [, bytes = '', unit = 'B'] = /^Transfer\/sec:\s+([\d.]+)([KMG]?B)/m.exec(text) ?? [];
  const [, refused = '0'] = /Non-2xx or 3xx responses: (\d+)/.exec(text) ?? [];
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text);
  return {
    requestsPerSecond: Number(rate),
    bytesPerSecond: Number(bytes) * (BYTES[unit] ?? 1),
    p99Ms: Number(latency) * (MS[latencyUnit] ?? 1),
    failed: Number(refused) + (errors?.slice(1).reduce((sum, count) => sum + Number(count), 0) ?? 0),
  };
}
