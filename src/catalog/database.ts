import { chmodSync, closeSync, openSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { AppError } from '../model/app-error.ts';
import { MIGRATIONS } from './migrations.ts';
import { definePackedFiles } from './packed-files.ts';

/** Maximum time to wait for another process's transaction. */
const BUSY_TIMEOUT_MS = 30_000;
const RETRY_MS = 10;

/**
 * Opens (or makes) the catalog and brings its schema up to date. Several processes may do so at once.
 * @throws AppError CATALOG if the file is not a catalog, is damaged, or was made by a newer version; STORAGE
 */
export function openDatabase(path: string): Database.Database {
  let database: Database.Database | undefined;
  try {
    database = openPrivate(path);
    // WAL with NORMAL: a power failure may lose the last transactions, but never consistency.
    database.pragma('synchronous = NORMAL');
    database.pragma('foreign_keys = ON');
    cache(database, CACHE_KIB);
    // The resolver reads one value of several megabytes, page by page: mapped into memory, that takes a third of the time.
    map(database, MAPPED_BYTES);
    migrate(database, path, MIGRATIONS);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof AppError) throw error;
    throw catalogError(error, path);
  }
}

/**
 * Switches a catalog to WAL mode. If two processes do so to a new file, SQLite fails in one of them without waiting, as it does
 * whenever a reader wants to write what another is writing (sqlite.org/c3ref/busy_handler.html); that one tries again.
 */
function keepLog(database: Database.Database): void {
  const until = Date.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      database.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      if (!isBusy(error) || Date.now() > until) throw error;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
  }
}

function isBusy(error: unknown): boolean {
  return String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY');
}

/**
 * Opens or makes a database in WAL mode, readable for its owner only, since it shows what was requested. SQLite gives log and
 * index the mode of the file. The umask is the process's, so that threads cannot change it.
 * @throws the errors of SQLite
 */
export function openPrivate(path: string): Database.Database {
  try {
    // Fails if it exists: closing a file would end the locks that this process has on it (sqlite.org/howtocorrupt.html, 2.2).
    closeSync(openSync(path, 'wx', 0o600));
  } catch {
    // What is wrong, if anything, SQLite says in its own words.
  }
  const database = new Database(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    closeToOthers(path);
    keepLog(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Restricts a catalog that an earlier version made; one that cannot be changed (a read-only disk) can still be read. */
function closeToOthers(path: string): void {
  const { mode, uid } = statSync(path);
  if ((mode & 0o077) === 0 || uid !== process.geteuid?.()) return;
  try {
    chmodSync(path, 0o600);
  } catch {
    // Not allowed or read-only: its mode stays.
  }
}

/** Brings a schema up to date; `steps` are never edited, only appended to. @throws AppError CATALOG for a newer schema */
export function migrate(database: Database.Database, path: string, steps: readonly string[]): void {
  if (version(database) === steps.length) return;
  database
    .transaction(() => {
      const from = version(database);
      if (from > steps.length) {
        throw new AppError(
          'CATALOG',
          `${path}: schema version ${from} is newer than this program's ${steps.length}`,
          { hint: 'Use a newer pkgcompose, or another cache folder (--cache DIR).' },
        );
      }
      definePackedFiles(database);
      for (const step of steps.slice(from)) database.exec(step);
      database.pragma(`user_version = ${steps.length}`);
    })
    .immediate();
}

function version(database: Database.Database): number {
  return database.pragma('user_version', { simple: true }) as number;
}

/** Larger than a catalog of several releases; SQLite reads the rest without mapping. */
const MAPPED_BYTES = 256 * 1024 ** 2;

const CACHE_KIB = 64 * 1024;
const PASSING_CACHE_KIB = 2 * 1024;

function cache(database: Database.Database, sizeKiB: number): void {
  database.pragma(`cache_size = -${sizeKiB}`);
}

function map(database: Database.Database, sizeBytes: number): void {
  database.pragma(`mmap_size = ${sizeBytes}`);
}

/**
 * Reads or writes large values without mapping the file, and without keeping its pages: they would stay in memory beside the
 * copies that are made of them.
 */
export function passing<T>(database: Database.Database, work: () => T): T {
  const restore = keepFewPages(database, PASSING_CACHE_KIB);
  try {
    return work();
  } finally {
    restore();
  }
}

/** Room for the index of the names of 300,000 packages, into which rows go in any order */
const WRITER_CACHE_KIB = 16 * 1024;

/** Keeps few pages in memory until the returned function is called: what writes much, in order, reads few of them again. */
export function keepFewPages(database: Database.Database, cacheKiB = WRITER_CACHE_KIB): () => void {
  map(database, 0);
  cache(database, cacheKiB);
  return () => {
    cache(database, CACHE_KIB);
    map(database, MAPPED_BYTES);
  };
}

/** Codes of SQLite on a full disk: tables, log, shared index of the log */
const FULL_CODES = /^SQLITE_(?:FULL|IOERR_WRITE|IOERR_TRUNCATE|IOERR_SHMSIZE)$/;

/** sqlite.org/rescode.html: read-only, cannot be opened, or refused by the disk; never a damaged file. */
const STORAGE_CODES = /^SQLITE_(?:READONLY|CANTOPEN|PERM|IOERR)/;

/** How messages call a database, and what to do about one that is damaged. */
export interface DatabaseWords {
  readonly name: string;
  readonly damaged: string;
}

const CATALOG_WORDS: DatabaseWords = {
  name: 'the catalog',
  damaged: 'Move the file away; the catalog is rebuilt from the repositories and the cached archives.',
};

/**
 * Turns SQLite's own errors (busy, full, corrupt, read-only) into AppError CATALOG or STORAGE; returns any other error unchanged.
 */
export function catalogError(error: unknown, path: string, words = CATALOG_WORDS): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error;
  if (FULL_CODES.test(error.code)) {
    return new AppError('STORAGE', `${path}: no space left for ${words.name}`, {
      hint: 'Free some space (compose cache gc --max-size 1G) and run the command again; nothing was lost.',
      cause: error,
    });
  }
  if (STORAGE_CODES.test(error.code)) {
    return new AppError(
      'STORAGE',
      `${path}: ${words.name} cannot be written: ${error.message} (${error.code})`,
      {
        hint: 'Name a writable cache folder with --cache DIR or PKGCOMPOSE_CACHE.',
        cause: error,
      },
    );
  }
  if (error.code.startsWith('SQLITE_BUSY')) {
    return new AppError(
      'CATALOG',
      `${path}: another process has held ${words.name} for ${BUSY_TIMEOUT_MS / 1000} s`,
      {
        hint: 'Wait for it to end, or use another cache folder (--cache DIR).',
        cause: error,
      },
    );
  }
  if (error.code.startsWith('SQLITE_') || error instanceof TypeError) {
    return new AppError('CATALOG', `${path}: not usable as ${words.name}: ${error.message} (${error.code})`, {
      hint: words.damaged,
      cause: error,
    });
  }
  return error;
}
