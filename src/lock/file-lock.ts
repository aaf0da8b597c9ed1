import { lstatSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { reasonOf } from '../files/errno.ts';
import { AppError } from '../model/app-error.ts';

/*
 * A lock between processes is a file on which SQLite holds a lock of the operating system (fcntl), the only kind that ends with
 * its process in every case: there are no stale locks and no process ids to check, and containers that share a folder lock each
 * other out. The file is empty, and its holder removes it; a process that gets the lock of a file that has been removed or
 * replaced tries again. (Node.js has no locks of its own. A process loses its locks on a file when it closes any descriptor of
 * it, so no other code here opens the file.)
 */
const POLL_MS = 50;
/** Shorter waits are not reported. */
const REPORT_AFTER_MS = 1_000;
/** Tries of opening a file that its holder removes just then, which hardly happens so often in a row. */
const MAX_UNOPENED = 40;

/** Options of waiting for a lock. */
export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called once, after waiting a second for another holder */
  readonly onWait?: (() => void) | undefined;
}

/** A lock that this process holds. */
export interface HeldLock {
  release(): void;
}

interface LockFile {
  readonly path: string;
  readonly identity: string;
}

const held = new Map<Database.Database, LockFile>();
let watchesExit = false;

/**
 * Runs `work` while this call, of all processes that share the folder, holds the lock file `path`. Not re-entrant.
 * @throws AppError STORAGE (no such folder, not writable, not a lock file, no locks on that file system), CANCELLED
 */
export async function withFileLock<T>(
  path: string,
  options: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const lock = await holdFileLock(path, options);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/** Runs `work` only if nobody holds the lock file `path`; otherwise returns at once. @throws as withFileLock */
export async function withFreeLock(path: string, work: () => Promise<void>): Promise<void> {
  const lock = tryLock(path);
  if (typeof lock === 'string') return;
  try {
    await work();
  } finally {
    lock.release();
  }
}

/** Removes the lock file `path` unless somebody holds it; returns true if it is gone. @throws AppError STORAGE */
export function removeUnheldLock(path: string): boolean {
  const lock = tryLock(path);
  if (typeof lock === 'string') return false;
  lock.release();
  return true;
}

/** Acquires the lock for work that ends elsewhere. If it is not released, it ends with the process. @throws as withFileLock */
export async function holdFileLock(path: string, { signal, onWait }: LockOptions): Promise<HeldLock> {
  const begun = Date.now();
  let isReported = false;
  let unopened = 0;
  for (;;) {
    if (signal?.aborted) throw new AppError('CANCELLED', `cancelled while waiting for the lock ${path}`);
    const lock = tryLock(path);
    if (typeof lock !== 'string') return lock;
    unopened = lock === 'unopened' ? unopened + 1 : 0;
    if (unopened > MAX_UNOPENED) throw cannotLock(path, 'it cannot be opened');
    if (!isReported && Date.now() - begun > REPORT_AFTER_MS) {
      isReported = true;
      checkLocksWork(path);
      onWait?.();
    }
    await sleep(POLL_MS);
  }
}

function tryLock(path: string): HeldLock | 'held' | 'unopened' {
  let database: Database.Database | undefined;
  try {
    if (isFilled(path)) removeFilled(path);
    const identity = identityOf(path) ?? create(path);
    if (identity === undefined) return 'held';
    database = new Database(path, { fileMustExist: true, timeout: 0 });
    // Nothing is ever written: a journal beside the lock would only be left behind.
    database.pragma('journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
    if (identityOf(path) === identity) return hold(database, { path, identity });
  } catch (error) {
    database?.close();
    const code = codeOf(error);
    if (code.startsWith('SQLITE_CANTOPEN')) return 'unopened';
    if (!code.startsWith('SQLITE_BUSY') && code !== 'SQLITE_NOTADB') throw lockError(error, path);
    return 'held';
  }
  database.close();
  return 'held';
}

function hold(database: Database.Database, file: LockFile): HeldLock {
  held.set(database, file);
  if (!watchesExit) {
    watchesExit = true;
    process.once('exit', () => {
      for (const file of held.values()) removeOwn(file);
    });
  }
  return {
    release() {
      if (!held.delete(database)) return;
      removeOwn(file);
      database.close();
    },
  };
}

/** Identifies a file among all that ever had its name: inode numbers are reused. Undefined if there is no file. */
function identityOf(path: string): string | undefined {
  const facts = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (facts === undefined) return undefined;
  if (!facts.isFile()) {
    const got = facts.isSymbolicLink() ? 'a link' : 'something else';
    throw new AppError('STORAGE', `${path}: expected a lock file, got ${got}`, {
      hint: 'Remove it: it is not a lock file of this program.',
      details: { path },
    });
  }
  return `${facts.dev} ${facts.ino} ${facts.birthtimeNs}`;
}

/** Earlier versions wrote into their locks: SQLite would take that for a damaged database. */
function isFilled(path: string): boolean {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  return facts?.isFile() === true && facts.size > 0;
}

/** Takes a lock of its own: another process may meanwhile have removed the file and made the one that is there now. */
function removeFilled(path: string): void {
  const lock = tryLock(`${path}.old`);
  if (typeof lock === 'string') return;
  try {
    if (isFilled(path)) unlinkSync(path);
  } finally {
    lock.release();
  }
}

/** Synchronous until the descriptor is closed, so that no other code of this process has opened the new file. */
function create(path: string): string | undefined {
  try {
    writeFileSync(path, '', { flag: 'wx' });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  return identityOf(path);
}

/**
 * Tells a busy file from a file system without locks, which SQLite reports as busy too: there, even a file that nobody else knows
 * is busy.
 */
function checkLocksWork(path: string): void {
  const own = `${path}.${process.pid}`;
  const lock = tryLock(own);
  if (typeof lock !== 'string') {
    lock.release();
    return;
  }
  rmSync(own, { force: true });
  throw cannotLock(path, 'this file system has no locks');
}

/** Somebody may have removed the file, and another one made it anew. */
function removeOwn({ path, identity }: LockFile): void {
  try {
    if (identityOf(path) === identity) unlinkSync(path);
  } catch {
    // It has gone with its folder, or has been replaced; an empty file that stays holds no lock.
  }
}

function lockError(error: unknown, path: string): unknown {
  const code = codeOf(error);
  if (error instanceof AppError || code === '') return error;
  return cannotLock(
    path,
    code === 'SQLITE_READONLY' ? 'the lock file belongs to another user' : reasonOf(error),
    error,
  );
}

function cannotLock(path: string, reason: string, cause?: unknown): AppError {
  return new AppError('STORAGE', `cannot lock ${path}: ${reason}`, {
    hint: 'Use a folder that this user can write to, on a file system with locks.',
    cause,
    details: { path },
  });
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}
