import { randomBytes } from 'node:crypto';
import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../model/app-error.ts';
import { removeFile } from './blob-writer.ts';
import { isAlive } from './process-alive.ts';
import { errnoOf, storageError } from './storage-error.ts';

const POLL_MS = 50;
/** The holder renews its lock this often; one that missed six turns is gone, on whatever machine it ran. */
const RENEW_MS = 10_000;
const STALE_MS = 60_000;
/** Taking over takes microseconds. */
const BREAK_STALE_MS = 5_000;

/**
 * Runs `fn` while this process alone holds the lock file `path`. A lock whose process is dead (same machine) or has
 * not renewed it for a minute is taken over. Not re-entrant.
 * @throws AppError STORAGE, CANCELLED
 */
export async function withFileLock<T>(path: string, fn: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const owner = `${process.pid} ${hostname()} ${randomBytes(8).toString('hex')}`;
  while (!tryCreate(path, owner)) {
    if (signal?.aborted) throw new AppError('CANCELLED', `gave up waiting for the lock ${path}`);
    if (isStale(path)) breakLock(path);
    else await sleep(POLL_MS);
  }
  const renewal = setInterval(() => renew(path), RENEW_MS);
  renewal.unref();
  try {
    return await fn();
  } finally {
    clearInterval(renewal);
    if (readOwner(path) === owner) removeFile(path);
  }
}

function tryCreate(path: string, owner: string): boolean {
  try {
    writeFileSync(path, owner, { flag: 'wx' });
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw storageError(error, 'lock', path);
  }
}

function renew(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

function readOwner(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw storageError(error, 'read', path);
  }
}

function isStale(path: string): boolean {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts === undefined) return false;
  const ageMs = Date.now() - facts.mtimeMs;
  if (ageMs > STALE_MS) return true;
  const [pid, host] = (readOwner(path) ?? '').split(' ');
  return host === hostname() && !isAlive(Number(pid));
}

/** One waiter at a time looks again and removes, so that nobody removes a lock that was just taken anew. */
function breakLock(path: string): void {
  const breaker = `${path}.break`;
  if (!tryCreate(breaker, String(process.pid))) {
    const facts = statSync(breaker, { throwIfNoEntry: false });
    if (facts !== undefined && Date.now() - facts.mtimeMs > BREAK_STALE_MS) removeFile(breaker);
    return;
  }
  try {
    if (isStale(path)) removeFile(path);
  } finally {
    removeFile(breaker);
  }
}
