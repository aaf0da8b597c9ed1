import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../model/app-error.ts';

/** Number of repeated tries of a request, and the pauses before them. */
export interface Retries {
  /** Tries after the first one */
  readonly count: number;
  /** The first pause, doubled with each try */
  readonly backoffMs: number;
}

/** Longer pauses help no server. */
const MAX_BACKOFF_MS = 10_000;

/** Facts that decide how long a pause is. */
export interface Pause extends Retries {
  /** Tries so far, without the first one */
  readonly tried: number;
  /** Retry-After of the server */
  readonly waitMs?: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Waits before the next try. A random half of the pause keeps clients from coming back together. @throws AppError CANCELLED */
export async function pause({ backoffMs, tried, waitMs, signal }: Pause): Promise<void> {
  const ms = waitMs ?? Math.min(backoffMs * 2 ** tried, MAX_BACKOFF_MS) * (0.5 + Math.random() / 2);
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (cause) {
    throw new AppError('CANCELLED', 'cancelled while waiting for a registry', { cause });
  }
}
