import type Database from 'better-sqlite3';
import { openRegistryDatabase, registryPath } from './registry-database.ts';

/** Which composed images stay. */
export interface Retention {
  /** Those that were used since then, in milliseconds since the epoch */
  readonly usedSinceMs: number;
  /** And that many of the others that were used last */
  readonly newest: number;
}

/** Images that one transaction removes: pushes wait for it. */
const BATCH = 20;

/** Composed images that nothing refers to: no other manifest, no list of referrers. What was pushed is never among them. */
const FREE = `m.composed = 1
  AND NOT EXISTS (SELECT 1 FROM reference f JOIN manifest p ON p.id = f.manifest_id
    WHERE f.digest = m.digest AND p.repository_id = m.repository_id)
  AND NOT EXISTS (SELECT 1 FROM manifest s WHERE s.repository_id = m.repository_id AND s.subject = m.digest)`;

/** Retires images that a server has composed, a few at a time: whoever asks for one again has it composed again. */
export class RegistryRetention {
  readonly #database: Database.Database;
  readonly #unused: Database.Statement<[number, number, number], number>;
  readonly #oldest: Database.Statement<[number], number>;
  readonly #release: Database.Statement<[number, number]>;
  readonly #retire: Database.Statement<[number]>;

  /** Opens or makes the database of a cache folder. @throws AppError CATALOG, STORAGE */
  constructor(directory: string) {
    const database = openRegistryDatabase(registryPath(directory));
    this.#database = database;
    this.#unused = database
      .prepare<[number, number, number], number>(
        `SELECT m.id FROM manifest m WHERE ${FREE} AND m.used_at < ?
           AND m.id NOT IN (SELECT m.id FROM manifest m WHERE ${FREE} ORDER BY m.used_at DESC, m.id DESC LIMIT ?)
         ORDER BY m.used_at LIMIT ?`,
      )
      .pluck();
    this.#oldest = database
      .prepare<[number], number>(`SELECT m.id FROM manifest m WHERE ${FREE} ORDER BY m.used_at, m.id LIMIT ?`)
      .pluck();
    this.#release = database.prepare(
      `DELETE FROM blob WHERE (repository_id, digest) IN (
         SELECT m.repository_id, f.digest FROM manifest m JOIN reference f ON f.manifest_id = m.id WHERE m.id = ?)
       AND NOT EXISTS (SELECT 1 FROM reference f JOIN manifest o ON o.id = f.manifest_id
         WHERE f.digest = blob.digest AND o.repository_id = blob.repository_id AND o.id <> ?)`,
    );
    this.#retire = database.prepare('DELETE FROM manifest WHERE id = ?');
  }

  /** Removes composed images that need not stay, and the blobs that only they had; returns how many manifests. */
  retire({ usedSinceMs, newest }: Retention): number {
    // An index goes first, which frees its manifests.
    let all = 0;
    for (;;) {
      const removed = this.#remove(() => this.#unused.all(usedSinceMs, newest, BATCH));
      if (removed === 0) return all;
      all += removed;
    }
  }

  /** Removes so many composed images, those that were used least recently; returns how many manifests: zero if there are no more. */
  retireOldest(count: number): number {
    let all = 0;
    while (all < count) {
      const removed = this.#remove(() => this.#oldest.all(BATCH));
      if (removed === 0) break;
      all += removed;
    }
    return all;
  }

  close(): void {
    this.#database.close();
  }

  /** What belongs to an index goes with the next call, unless something else needs it. */
  #remove(find: () => readonly number[]): number {
    const work = this.#database.transaction(() => {
      const ids = find();
      for (const id of ids) {
        this.#release.run(id, id);
        this.#retire.run(id);
      }
      return ids.length;
    });
    return work.immediate();
  }
}
