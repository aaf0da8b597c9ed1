import { randomBytes } from 'node:crypto';
import {
  closeSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../model/app-error.ts';
import { errnoOf, throwIfCancelled } from './storage-error.ts';

/** The lock is held for one read and one rename of a small file; a holder this old on another host is gone. */
const STALE_MS = 60_000;
const GIVE_UP_MS = 90_000;
const RETRY_MS = 20;

/**
 * Runs `fn` while no other process or task of this machine, or of another on the same shared folder, runs one for
 * the same `path`. A holder that died is passed over.
 * @throws AppError STORAGE when the lock stays taken
 */
export async function withLayoutLock<T>(
  path: string,
  signal: AbortSignal | undefined,
  fn: () => T,
): Promise<T> {
  const giveUpAt = Date.now() + GIVE_UP_MS;
  while (!take(path)) {
    throwIfCancelled(signal);
    const stale = staleHolder(path);
    if (stale !== undefined) breakLock(path, stale);
    else if (Date.now() > giveUpAt) {
      throw new AppError('STORAGE', `another process keeps ${path}`, {
        hint: 'Wait for it to finish; if none is running, remove that file.',
        details: { path },
      });
    } else await sleep(RETRY_MS);
  }
  try {
    return fn();
  } finally {
    release(path);
  }
}

function take(path: string): boolean {
  try {
    const descriptor = openSync(path, 'wx', 0o644);
    try {
      writeSync(descriptor, `${process.pid} ${hostname()}\n`);
    } finally {
      closeSync(descriptor);
    }
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** The lock's content when whoever wrote it is gone. */
function staleHolder(path: string): string | undefined {
  try {
    const content = readFileSync(path, 'utf8');
    const [pid, host] = content.trim().split(' ');
    if (Date.now() - statSync(path).mtimeMs > STALE_MS) return content;
    return host === hostname() && pid !== undefined && !isAlive(Number(pid)) ? content : undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Takes away the lock that was judged stale, and gives back one that another process took since. */
function breakLock(path: string, stale: string): void {
  const aside = `${path}-${randomBytes(6).toString('hex')}.tmp`;
  try {
    renameSync(path, aside);
    if (readFileSync(aside, 'utf8') !== stale) linkSync(aside, path);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes(errnoOf(error))) throw error;
  } finally {
    release(aside);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ESRCH';
  }
}

function release(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
