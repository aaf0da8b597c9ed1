import { crc32 } from 'node:zlib';
import type Database from 'better-sqlite3';

/** Number of sets of repositories whose graphs are kept: few are in use at a time, and each takes megabytes. */
const MAX_KEPT = 8;

/** Number of graphs in memory: a server answers for a few architectures in turn. Each takes some 20 MB with what is made of it. */
const MAX_RECENT = 4;

/** The CRC-32 before the bytes, little-endian: nothing else would detect damage. */
const CHECK_BYTES = 4;

/** Errors that do no harm to the catalog: the bytes are computed again next time. */
const HARMLESS = /^SQLITE_(BUSY|LOCKED|FULL|READONLY)/;

/** Graphs that solvers computed from repositories, by the contents of these. */
export class SolverGraphCache {
  readonly #find: Database.Statement<[string], Buffer>;
  readonly #write: (key: string, content: Uint8Array) => void;
  readonly #pending = new Map<string, Uint8Array>();
  /** Entries that were read last, the newest at the end: the next question is most likely about the same repositories. */
  readonly #recent = new Map<string, Uint8Array>();

  constructor(database: Database.Database) {
    this.#find = database.prepare<[string], Buffer>('SELECT content FROM solver_graph WHERE key = ?').pluck();
    const put = database.prepare('INSERT OR REPLACE INTO solver_graph (key, content) VALUES (?, ?)');
    const forget = database.prepare(
      'DELETE FROM solver_graph WHERE id <= (SELECT max(id) FROM solver_graph) - ?',
    );
    const indexed = database.prepare<[string]>('SELECT 1 FROM repository WHERE content = ?');
    const write = database.transaction((key: string, content: Uint8Array) => {
      // An index may have been replaced since the snapshot that the graph was made in.
      if (contentsOf(key).some((digest) => indexed.get(digest) === undefined)) return;
      put.run(key, withCheck(content));
      forget.run(MAX_KEPT);
    });
    this.#write = (key, content) => {
      const timeout = database.pragma('busy_timeout', { simple: true });
      database.pragma('busy_timeout = 0');
      try {
        write.immediate(key, content);
      } finally {
        database.pragma(`busy_timeout = ${timeout}`);
      }
    };
  }

  /**
   * Returns the bytes under a key, computed by `make` if there are none; the same object while the key stays the same. Within a
   * snapshot nothing is written: that waits for `flush`.
   */
  get(key: string, make: () => Uint8Array): Uint8Array {
    const content = this.#recent.get(key) ?? this.#read(key) ?? this.#make(key, make);
    this.#recent.delete(key);
    this.#recent.set(key, content);
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > MAX_RECENT && oldest !== undefined) this.#recent.delete(oldest);
    return content;
  }

  /** Undefined as well where what was kept is damaged. */
  #read(key: string): Uint8Array | undefined {
    const found = this.#find.get(key);
    if (found === undefined || found.length < CHECK_BYTES) return undefined;
    const content = found.subarray(CHECK_BYTES);
    return crc32(content) === found.readUInt32LE(0) ? content : undefined;
  }

  #make(key: string, make: () => Uint8Array): Uint8Array {
    const made = this.#pending.get(key) ?? make();
    this.#pending.set(key, made);
    return made;
  }

  /** Writes what has been computed since; gives up at once if the catalog cannot be written just now. */
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

/** Returns the key of a graph of that kind that is made from repositories with these contents. */
export function graphKey(kind: string, contents: readonly string[]): string {
  return [kind, ...contents].join(' ');
}

function contentsOf(key: string): readonly string[] {
  return key.split(' ').slice(1);
}

function withCheck(content: Uint8Array): Uint8Array {
  const check = Buffer.alloc(CHECK_BYTES);
  check.writeUInt32LE(crc32(content));
  return Buffer.concat([check, content]);
}
