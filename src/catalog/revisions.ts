import type Database from 'better-sqlite3';
import { withFileLock, withFreeLock } from '../lock/file-lock.ts';
import { AppError } from '../model/app-error.ts';
import { keepFewPages } from './database.ts';
import { LongWrite } from './long-write.ts';
import { type TrustLabel, trustColumn } from './trust-label.ts';

/** SQL for the current revision of a repository. */
export const REVISION = 'SELECT revision FROM repository WHERE id = ?';

/** State of a repository at one time: its packages, or the paths that they ship. */
export interface Revision {
  readonly id: number;
  /** Id of its first package; the ids of the others follow */
  readonly firstPackage: number;
}

/** Options of a long write: a signal that ends it, and a callback for when it has to wait. */
export interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called once, after waiting a second for another process that writes the same */
  readonly onWait?: (() => void) | undefined;
}

/** The index that a revision is made of, and the label under which it was accepted. */
interface Reading {
  readonly content: string;
  readonly trust: TrustLabel | undefined;
}

interface Replacement {
  /** Name of the lock, under which one process at a time writes the same; a part of a file's name */
  readonly lock: string;
  readonly reading: Reading;
  /** Returns the current revision. */
  readonly find: () => Reading | undefined;
  /** Ids reserved while it is not known how many packages there are */
  readonly maxPackages: number;
  /** Writes a revision. @returns the number of its packages */
  readonly write: (revision: Revision, write: LongWrite) => Promise<number>;
  /** Makes a revision the current one. */
  readonly publish: (revision: Revision, packageCount: number) => void;
}

interface Row {
  readonly id: number;
  readonly lock: string;
  readonly first: number;
  readonly last: number;
}

/**
 * Writes revisions in many small transactions; nobody reads a revision before repository or file_database refers to it. A
 * revision that nothing refers to is being written, as long as its writer holds the lock; otherwise it can be removed, since it
 * was replaced or its writer was killed.
 */
export class RevisionTable {
  readonly #database: Database.Database;
  readonly #unnamed: Database.Statement<[], Row>;
  readonly #trim: Database.Statement<[number, number]>;

  constructor(database: Database.Database) {
    this.#database = database;
    this.#unnamed = database.prepare(
      `SELECT id, lock, first_package AS first, last_package AS last FROM revision WHERE id NOT IN
         (SELECT revision FROM repository UNION ALL SELECT revision FROM file_database)`,
    );
    this.#trim = database.prepare('UPDATE revision SET last_package = first_package + ? - 1 WHERE id = ?');
  }

  /**
   * Writes new revisions and makes all of them current at once. One that another process has written in the meantime is not
   * written again.
   * @throws AppError CANCELLED, STORAGE; what `write` throws, after removing what it wrote
   */
  async replace(wanted: readonly Replacement[], { signal, onWait }: WriteOptions): Promise<void> {
    const inOrder = wanted.toSorted((a, b) => (a.lock < b.lock ? -1 : 1));
    const before = new Map(inOrder.map((one) => [one, one.find()]));
    const written: (() => void)[] = [];
    const publish = this.#database.transaction(() => {
      for (const makeCurrent of written) makeCurrent();
    });
    const restore = keepFewPages(this.#database);
    // Locks are taken in one order, so that no two processes wait for each other.
    const replaceFrom = async (index: number): Promise<void> => {
      const next = inOrder[index];
      if (next === undefined) return publish.immediate();
      await withFileLock(this.#lockPath(next.lock), { signal, onWait }, async () => {
        const now = next.find();
        const isThere = now !== undefined && isSame(now, next.reading) && !isSame(now, before.get(next));
        if (!isThere) written.push(await this.#write(next, signal));
        await replaceFrom(index + 1);
      });
    };
    try {
      await replaceFrom(0);
    } catch (error) {
      // What SQLite throws may also be in the way of removing anything; the next writer does that.
      if (error instanceof AppError && signal?.aborted !== true) await this.removeUnnamed(signal);
      throw error;
    } finally {
      restore();
    }
    await this.removeUnnamed(signal);
  }

  /** Writes a revision; returns what makes it the current one, in a transaction. */
  async #write(
    { lock, maxPackages, write, publish }: Replacement,
    signal?: AbortSignal,
  ): Promise<() => void> {
    const revision = this.#begin(lock, maxPackages);
    const packageCount = await write(revision, new LongWrite(this.#database, signal));
    return () => {
      this.#trim.run(packageCount, revision.id);
      publish(revision, packageCount);
    };
  }

  /** Removes revisions that are neither current nor being written. */
  async removeUnnamed(signal?: AbortSignal): Promise<void> {
    const write = new LongWrite(this.#database, signal);
    for (const { id, lock } of this.#unnamed.all()) {
      await withFreeLock(this.#lockPath(lock), async () => {
        // It may have become current meanwhile, or been removed and its id given to another writer.
        const row = this.#unnamed.all().find((row) => row.id === id && row.lock === lock);
        if (row !== undefined) await this.#remove(row, write);
      });
    }
  }

  #begin(lock: string, maxPackages: number): Revision {
    const revision = this.#database
      .prepare<[string, number], Revision>(
        `INSERT INTO revision (lock, first_package, last_package)
         SELECT ?, coalesce(max(last_package), 0) + 1, coalesce(max(last_package), 0) + ? FROM revision
         RETURNING id, first_package AS firstPackage`,
      )
      .get(lock, maxPackages);
    if (revision === undefined) throw new Error(`${lock}: no revision after it was made`);
    return revision;
  }

  async #remove({ id, first, last: reserved }: Row, write: LongWrite): Promise<void> {
    const prepare = (sql: string) => this.#database.prepare<number[]>(sql);
    // Most of the ids of a revision that was never complete are unused.
    const last =
      this.#database
        .prepare<[number, number], number | null>('SELECT max(id) FROM package WHERE id BETWEEN ? AND ?')
        .pluck()
        .get(first, reserved) ?? first - 1;
    const words = prepare('DELETE FROM package_text WHERE rowid BETWEEN ? AND ?');
    const packages = prepare('DELETE FROM package WHERE id BETWEEN ? AND ?');
    let from = first;
    await write.repeat((count) => {
      const to = Math.min(from + count - 1, last);
      words.run(from, to);
      packages.run(from, to);
      from += count;
      return last - to > 0 ? count : 0;
    });
    for (const table of ['relation_name', 'file_list']) {
      const rows = prepare(`DELETE FROM ${table} WHERE revision = ? LIMIT ?`);
      await write.repeat((count) => rows.run(id, count).changes);
    }
    this.#database.prepare('DELETE FROM revision WHERE id = ?').run(id);
  }

  #lockPath(lock: string): string {
    return `${this.#database.name}.${lock}.lock`;
  }
}

function isSame(reading: Reading, other: Reading | undefined): boolean {
  return reading.content === other?.content && trustColumn(reading.trust) === trustColumn(other.trust);
}
