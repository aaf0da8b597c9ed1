import { crc32 } from 'node:zlib';
import type Database from 'better-sqlite3';

/** An entry is about 50 KB; a build server composes fewer different images than this between two upgrades. */
const MAX_KEPT = 200;

interface Row {
  readonly content: string;
  readonly check: number;
}

/** Images that were composed, by everything that they depend on; the oldest are removed first. */
export class ComposedImageTable {
  readonly #find: Database.Statement<[string], Row>;
  readonly #write: (key: string, content: string) => void;

  constructor(database: Database.Database) {
    this.#find = database.prepare('SELECT content, crc32 AS "check" FROM composed_image WHERE key = ?');
    const put = database.prepare(
      'INSERT OR REPLACE INTO composed_image (key, content, crc32) VALUES (?, ?, ?)',
    );
    const forget = database.prepare(
      'DELETE FROM composed_image WHERE id <= (SELECT max(id) FROM composed_image) - ?',
    );
    this.#write = database.transaction((key: string, content: string) => {
      put.run(key, content, crc32(content));
      forget.run(MAX_KEPT);
    }).immediate;
  }

  /** Returns what was stored; undefined if it is missing or damaged. */
  get(key: string): string | undefined {
    const row = this.#find.get(key);
    return row !== undefined && crc32(row.content) === row.check ? row.content : undefined;
  }

  put(key: string, content: string): void {
    this.#write(key, content);
  }
}
