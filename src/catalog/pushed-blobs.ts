import type Database from 'better-sqlite3';
import type { Digest } from '../model/digest.ts';
import type { Domain, Repository, RepositoryPath } from '../model/reference.ts';

/** Which repository of a registry had a blob when we last pushed it there. Nobody tells us when it goes. */
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

  /** Within a transaction of the caller's, or one each. */
  put({ domain, path }: Repository, digests: readonly Digest[]): void {
    for (const digest of digests) this.#put.run(domain, digest, path);
  }
}
