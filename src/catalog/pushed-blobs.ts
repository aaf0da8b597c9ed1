import type Database from 'better-sqlite3';
import type { Digest } from '../model/digest.ts';
import type { Domain, Repository, RepositoryPath } from '../model/reference.ts';

/** Repositories of registries that had a blob when it was last pushed there. This is only a hint: the blob may be gone. */
export class PushedBlobTable {
  readonly #find: Database.Statement<[Domain, Digest], RepositoryPath>;
  readonly #put: Database.Statement<[Domain, Digest, RepositoryPath]>;

  constructor(database: Database.Database) {
    this.#find = database
      .prepare<[Domain, Digest], RepositoryPath>(
        'SELECT repository FROM pushed_blob WHERE registry = ? AND digest = ?',
      )
      .pluck();
    this.#put = database.prepare(
      `INSERT INTO pushed_blob (registry, digest, repository) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET repository = excluded.repository`,
    );
  }

  find(registry: Domain, digest: Digest): RepositoryPath | undefined {
    return this.#find.get(registry, digest);
  }

  /** Stores the blobs, in the caller's transaction or in one each. */
  put({ domain, path }: Repository, digests: readonly Digest[]): void {
    for (const digest of digests) this.#put.run(domain, digest, path);
  }
}
