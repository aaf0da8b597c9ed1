import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type Database from 'better-sqlite3';

/** Rows of one transaction, which takes about 50 ms. */
const BATCH_ROWS = 3_000;
/** A shorter write needs no gaps. */
const PROMPT_MS = 1_000;
/**
 * A waiting process tries every 25 to 100 ms (SQLite's busy handler), so that every third or fourth try finds the catalog free.
 */
const GAP_MS = 15;

/** A long change in short transactions. Between them, other processes can write, and this process does other work. */
export class LongWrite {
  readonly #database: Database.Database;
  readonly #signal: AbortSignal | undefined;
  readonly #batchRows: number;
  readonly #begun = performance.now();

  constructor(database: Database.Database, signal?: AbortSignal, batchRows = BATCH_ROWS) {
    this.#database = database;
    this.#signal = signal;
    this.#batchRows = batchRows;
  }

  /** Writes rows in one transaction after another; rows are made outside of the transactions. */
  async rows<T>(rows: Iterable<T> | AsyncIterable<Iterable<T>>, write: (row: T) => void): Promise<void> {
    let batch: T[] = [];
    for await (const some of Symbol.asyncIterator in rows ? rows : [rows]) {
      for (const row of some) {
        batch.push(row);
        if (batch.length < this.#batchRows) continue;
        await this.#transaction(() => batch.forEach(write));
        batch = [];
      }
    }
    if (batch.length > 0) await this.#transaction(() => batch.forEach(write));
  }

  /** Runs `work`, one batch at a time, until it returns fewer rows than a whole batch. */
  async repeat(work: (batchRows: number) => number): Promise<void> {
    while ((await this.#transaction(() => work(this.#batchRows))) >= this.#batchRows);
  }

  async #transaction<T>(work: () => T): Promise<T> {
    this.#signal?.throwIfAborted();
    const done = this.#database.transaction(work).immediate();
    await (performance.now() - this.#begun < PROMPT_MS ? nextTurn() : sleep(GAP_MS));
    return done;
  }
}
