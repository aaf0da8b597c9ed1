import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../model/app-error.ts';
import type { Progress } from '../model/progress.ts';
import { cancelled, errorCode, storageError } from './failure.ts';

/*
 * One writer per download, between processes: `path + '.lock'`, made with O_EXCL, holds who has it.
 * - Whoever finds it held waits, until it is released, its holder is dead, or its holder has finished and `path` is gone
 *   (moved into the store or removed): so nobody writes to, or takes, a file that another is still checking.
 * - A holder on this host is dead when its pid is. One on another host (a cache shared over a network or between
 *   containers) is dead when the lock was not touched for FOREIGN_SILENCE_MS.
 * - Within this process a finished download may be asked for again at once: its callers know of each other.
 * - Taking over is done under a second O_EXCL file, so two waiters cannot both do it.
 * - What this process still holds is released when it exits, finished downloads that were moved at its next one.
 */
const POLL_MS = 50;
const HEARTBEAT_MS = 5_000;
const FOREIGN_SILENCE_MS = 60_000;
/** Hashing takes seconds; a finished download that nobody moved for so long was left behind by an error. */
const FINISHED_GRACE_MS = 60_000;
/** The takeover itself is three calls; older ones are of a process that was killed within them. */
const TAKEOVER_STALE_MS = 10_000;

interface Holder {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  /** The download is complete; the caller checks and moves it. */
  readonly finished: boolean;
}

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  readonly progress?: Progress | undefined;
}

export interface DownloadLock {
  /** Gives the path up: the next one may resume. */
  release(): Promise<void>;
  /** The path is the caller's until it is moved, removed, or the process ends. */
  finish(): Promise<void>;
}

/** Locks of this process by the id in them. */
const held = new Map<string, { readonly path: string; finished: boolean }>();
let watchesExit = false;
let knownHost = '';

export async function lockDownload(path: string, options: LockOptions): Promise<DownloadLock> {
  const lockPath = `${path}.lock`;
  const mine: Holder = { id: randomUUID(), pid: process.pid, host: thisHost(), finished: false };
  sweep();
  let told = false;
  for (;;) {
    if (options.signal?.aborted) throw cancelled(path);
    if (await create(lockPath, JSON.stringify(mine), path)) break;
    const holder = await readHolder(lockPath);
    if (holder !== undefined && (await isFree(holder, { path, lockPath }))) {
      if (await takeOver(lockPath, { from: holder, to: mine })) break;
      continue;
    }
    if (holder !== undefined && !told && holder.pid !== process.pid) {
      told = true;
      options.progress?.note(`Waiting for process ${holder.pid} on ${holder.host}, which downloads ${path}`);
    }
    await sleep(POLL_MS);
  }
  return hold(path, mine);
}

function hold(path: string, mine: Holder): DownloadLock {
  const lockPath = `${path}.lock`;
  const entry = { path, finished: false };
  held.set(mine.id, entry);
  if (!watchesExit) {
    watchesExit = true;
    process.once('exit', () => {
      for (const id of held.keys()) releaseNow(id);
    });
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(lockPath, now, now).catch(() => {});
  }, HEARTBEAT_MS).unref();
  return {
    async release() {
      clearInterval(heartbeat);
      releaseNow(mine.id);
    },
    async finish() {
      clearInterval(heartbeat);
      try {
        await replace(lockPath, { ...mine, finished: true });
        entry.finished = true;
      } catch (error) {
        throw storageError(error, path);
      }
    },
  };
}

/** Host and, where the system has them, process-id namespace: within one, a pid tells whether its process lives. */
function thisHost(): string {
  if (knownHost !== '') return knownHost;
  knownHost = hostname();
  try {
    knownHost += ` ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    // Not Linux: the host name alone.
  }
  return knownHost;
}

/** Releases the finished downloads of this process that have been moved. */
function sweep(): void {
  for (const [id, { path, finished }] of held) {
    if (finished && !existsSync(path)) releaseNow(id);
  }
}

/** Under the takeover guard: whoever is taking the lock over replaces it. Never throws: a lock left behind is taken over. */
function releaseNow(id: string): void {
  const entry = held.get(id);
  held.delete(id);
  if (entry === undefined) return;
  const lockPath = `${entry.path}.lock`;
  try {
    closeSync(openSync(guardOf(lockPath), 'wx'));
    try {
      if ((JSON.parse(readFileSync(lockPath, 'utf8')) as Holder).id === id) rmSync(lockPath, { force: true });
    } finally {
      rmSync(guardOf(lockPath), { force: true });
    }
  } catch {
    // Being taken over, gone already, or on a file system that refuses.
  }
}

function guardOf(lockPath: string): string {
  return `${lockPath}.takeover`;
}

async function replace(lockPath: string, holder: Holder): Promise<void> {
  const next = `${lockPath}.${holder.id}`;
  try {
    await writeFile(next, JSON.stringify(holder));
    await rename(next, lockPath);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
}

/**
 * The file appears with its content or not at all, whenever this process is killed and however full the disk is: a lock
 * without an owner would hold others up. Where there are no hard links, content follows the name.
 */
async function create(file: string, content: string, path: string): Promise<boolean> {
  const next = `${file}.${randomUUID()}`;
  try {
    await writeFile(next, content, { flag: 'wx' });
    await link(next, file).catch(async (error: unknown) => {
      if (!NO_LINKS.has(errorCode(error))) throw error;
      await writeFile(file, content, { flag: 'wx' });
    });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw storageError(error, path);
  } finally {
    await rm(next, { force: true });
  }
}

/** What link(2) answers on file systems without hard links. */
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** Undefined while the lock is gone, or is being written by who has just made it. */
async function readHolder(lockPath: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(lockPath, 'utf8')) as Holder;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    if (!(error instanceof SyntaxError)) throw storageError(error, lockPath);
    // Killed between making and writing it: as a holder without a pid it is judged by its age.
    return { id: '', pid: 0, host: '', finished: false };
  }
}

async function isFree(holder: Holder, at: { path: string; lockPath: string }): Promise<boolean> {
  const local = holder.host === thisHost();
  if (local && !isAlive(holder)) return true;
  if (holder.finished) {
    if (held.has(holder.id) || (await ageMs(at.path)) < 0) return true;
    return (await ageMs(at.lockPath)) > FINISHED_GRACE_MS;
  }
  return !local && (await ageMs(at.lockPath)) > FOREIGN_SILENCE_MS;
}

function isAlive(holder: Holder): boolean {
  // This process's own pid in a lock that it does not hold: left by an earlier process of the same number.
  if (holder.pid === process.pid) return held.has(holder.id);
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

async function takeOver(lockPath: string, change: { from: Holder; to: Holder }): Promise<boolean> {
  const guard = guardOf(lockPath);
  if (!(await create(guard, '', lockPath))) {
    if ((await ageMs(guard)) > TAKEOVER_STALE_MS) await rm(guard, { force: true });
    else await sleep(POLL_MS);
    return false;
  }
  try {
    const current = await readHolder(lockPath);
    if (current?.id !== change.from.id || current.finished !== change.from.finished) return false;
    held.delete(current.id);
    await replace(lockPath, change.to);
    return true;
  } catch (error) {
    throw storageError(error, lockPath);
  } finally {
    await rm(guard, { force: true });
  }
}

/** Since its last modification, ≥ 0; -1 where nothing is. */
async function ageMs(path: string): Promise<number> {
  try {
    return Math.max(0, Date.now() - (await stat(path)).mtimeMs);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return -1;
    throw new AppError('STORAGE', `Cannot look at ${path}`, { cause: error });
  }
}
