import { existsSync } from 'node:fs';
import type Database from 'better-sqlite3';
import type { Digest } from '../model/digest.ts';
import { openRegistryDatabase, registryPath } from './registry-database.ts';

/** A blob that somebody pushed and that a manifest needs. */
export interface PushedBlob {
  readonly stored: Digest;
  readonly sizeBytes: number;
  /** One of the repositories that need it */
  readonly repository: string;
}

/** What a server has stored, as garbage collection and verification see it; servers may be running meanwhile. */
export class RegistryRoots {
  readonly #database: Database.Database;
  readonly #isLinked: Database.Statement<[string], number>;

  /** Opens the database of a cache folder; undefined if no server has made one. @throws AppError CATALOG, STORAGE */
  static openIfThere(directory: string): RegistryRoots | undefined {
    return existsSync(registryPath(directory)) ? new RegistryRoots(directory) : undefined;
  }

  /** Opens or makes the database: a server may start while garbage is collected. @throws AppError CATALOG, STORAGE */
  constructor(directory: string) {
    this.#database = openRegistryDatabase(registryPath(directory));
    this.#isLinked = this.#database
      .prepare<[string], number>('SELECT 1 FROM blob WHERE stored = ? LIMIT 1')
      .pluck();
  }

  /** Tells whether a repository has the blob. */
  isLinked(stored: Digest): boolean {
    return this.#isLinked.get(stored) !== undefined;
  }

  /** Runs `work` while no server adds or removes anything. */
  exclusively<T>(work: () => T): T {
    return this.#database.transaction(work).immediate();
  }

  /** Takes blobs away from repositories in which no manifest needs them, if they were not used since; returns their number. */
  dropUnneeded(usedBeforeMs: number): number {
    return this.#database
      .prepare(
        `DELETE FROM blob WHERE used_at < ? AND NOT EXISTS (
           SELECT 1 FROM reference f JOIN manifest m ON m.id = f.manifest_id
           WHERE f.digest = blob.digest AND m.repository_id = blob.repository_id)`,
      )
      .run(usedBeforeMs).changes;
  }

  /** Says which repositories have a blob, by its digest in the store. */
  labels(): ReadonlyMap<Digest, string> {
    const rows = this.#database
      .prepare<[], { stored: Digest; name: string; count: number }>(
        `SELECT b.stored, min(r.name) AS name, count(DISTINCT r.id) AS count FROM blob b
         JOIN repository r ON r.id = b.repository_id GROUP BY b.stored`,
      )
      .all();
    const others = (count: number) => (count === 1 ? '' : ` and ${count - 1} more`);
    return new Map(rows.map(({ stored, name, count }) => [stored, `repository ${name}${others(count)}`]));
  }

  /** Lists the blobs that pushed manifests need. Those of composed images are not among them: they are made again. */
  pushedBlobs(): readonly PushedBlob[] {
    return this.#database
      .prepare<[], PushedBlob>(
        `SELECT b.stored, b.size_bytes AS sizeBytes, min(r.name) AS repository FROM manifest m
         JOIN reference f ON f.manifest_id = m.id
         JOIN blob b ON b.repository_id = m.repository_id AND b.digest = f.digest
         JOIN repository r ON r.id = m.repository_id
         WHERE m.composed = 0 GROUP BY b.stored ORDER BY b.stored`,
      )
      .all();
  }

  close(): void {
    this.#database.close();
  }
}
