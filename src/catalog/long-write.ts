import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type Database from 'better-sqlite3';

/** Rows of one transaction: some 50 ms. */
const BATCH_ROWS = 3_000;
/** A shorter write is over before anybody minds. */
const PROMPT_MS = 1_000;
/** Whoever waits looks every 25 to 100 ms (SQLite's busy handler): so every third or fourth look finds the catalog free. */
const GAP_MS = 15;

/** A long change in short transactions: between them other processes write, and other work of this one goes on. */
export class LongWrite {
  readonly #database: Database.Database;
  readonly #signal: AbortSignal | undefined;
  readonly #begun = performance.now();

  constructor(database: Database.Database, signal?: AbortSignal) {
    this.#database = database;
    this.#signal = signal;
  }

  /** One transaction for some rows after the other; rows are made while nobody is kept waiting. */
  async rows<T>(rows: Iterable<T>, write: (row: T) => void): Promise<void> {
    let batch: T[] = [];
    for (const row of rows) {
      batch.push(row);
      if (batch.length < BATCH_ROWS) continue;
      await this.#transaction(() => batch.forEach(write));
      batch = [];
    }
    if (batch.length > 0) await this.#transaction(() => batch.forEach(write));
  }

  /** Runs `work`, a batch at a time, until it has done less than a whole one: it gives the number of rows. */
  async repeat(work: (batchRows: number) => number): Promise<void> {
    while ((await this.#transaction(() => work(BATCH_ROWS))) >= BATCH_ROWS);
  }

  async #transaction<T>(work: () => T): Promise<T> {
    this.#signal?.throwIfAborted();
    const done = this.#database.transaction(work).immediate();
    await (performance.now() - this.#begun < PROMPT_MS ? nextTurn() : sleep(GAP_MS));
    return done;
  }
}
