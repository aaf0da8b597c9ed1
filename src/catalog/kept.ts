import type Database from 'better-sqlite3';

/** Sets of repositories whose bytes are kept: few are in use at a time, and each takes megabytes. */
const MAX_KEPT = 4;

/** Errors that leave a catalog as good as it was: the bytes are made again next time. */
const HARMLESS = /^SQLITE_(BUSY|LOCKED|FULL|READONLY)/;

/** Bytes computed from repositories' contents, by what they were computed from. */
export class KeptTable {
  readonly #find: Database.Statement<[string], Buffer>;
  readonly #write: (key: string, content: Uint8Array) => void;
  readonly #pending = new Map<string, Uint8Array>();
  /** What was read last: the next question is most likely about the same repositories. */
  #last: { readonly key: string; readonly content: Uint8Array } | undefined;

  constructor(database: Database.Database) {
    this.#find = database.prepare<[string], Buffer>('SELECT content FROM solver_graph WHERE key = ?').pluck();
    const put = database.prepare('INSERT OR IGNORE INTO solver_graph (key, content) VALUES (?, ?)');
    const forget = database.prepare(
      'DELETE FROM solver_graph WHERE id <= (SELECT max(id) FROM solver_graph) - ?',
    );
    this.#write = database.transaction((key: string, content: Uint8Array) => {
      put.run(key, content);
      forget.run(MAX_KEPT);
    }).immediate;
  }

  /** The same object while the key stays the same. Within a snapshot nothing is written: that waits for `flush`. */
  get(key: string, make: () => Uint8Array): Uint8Array {
    if (this.#last?.key !== key) this.#last = { key, content: this.#find.get(key) ?? this.#make(key, make) };
    return this.#last.content;
  }

  #make(key: string, make: () => Uint8Array): Uint8Array {
    const made = this.#pending.get(key) ?? make();
    this.#pending.set(key, made);
    return made;
  }

  /** Writes what was made since; gives up where the catalog cannot be written just now. */
  flush(): void {
    for (const [key, content] of this.#pending) {
      this.#pending.delete(key);
      try {
        this.#write(key, content);
      } catch (error) {
        if (!HARMLESS.test(String((error as { code?: unknown }).code))) throw error;
      }
    }
  }
}
