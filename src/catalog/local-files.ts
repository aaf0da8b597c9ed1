import type Database from 'better-sqlite3';
import type { Digest } from '../model/digest.ts';

/** Digests of files in local folders, valid as long as the file system says that they have not changed. */
export class LocalFileTable {
  readonly #find: Database.Statement<[string, string], Digest>;
  readonly #put: Database.Statement<[string, string, Digest]>;

  constructor(database: Database.Database) {
    this.#find = database
      .prepare<[string, string], Digest>('SELECT digest FROM local_file WHERE path = ? AND identity = ?')
      .pluck();
    this.#put = database.prepare('REPLACE INTO local_file (path, identity, digest) VALUES (?, ?, ?)');
  }

  /** Returns the digest of a file; undefined if it is not known. @param identity as given to `put` */
  find(path: string, identity: string): Digest | undefined {
    return this.#find.get(path, identity);
  }

  /** Stores the digest of a file. @param identity text that changes with the file: device, inode, size and times */
  put(path: string, identity: string, digest: Digest): void {
    this.#put.run(path, identity, digest);
  }
}
