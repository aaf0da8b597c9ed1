import type Database from 'better-sqlite3';
import type { Digest } from '../model/digest.ts';

/** A file of a package repository, whose bytes are kept as a blob so that they can be served as they were. */
export interface KeptFile {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Digest of the index that it was kept with */
  readonly index: Digest;
  /** Date as in HTTP headers (RFC 9110 section 5.6.7) */
  readonly lastModified: string;
  /** Detached signature; empty: none */
  readonly signature: Uint8Array;
  /** Description for people: `index of main (alpine)` */
  readonly description: string;
}

/** Kept files by keys. */
export class KeptFileTable {
  readonly #find: Database.Statement<[string], KeptFile>;
  readonly #put: Database.Statement;
  readonly #labels: Database.Statement<[], { digest: Digest; label: string }>;

  constructor(database: Database.Database) {
    this.#find = database.prepare(
      `SELECT digest, size_bytes AS sizeBytes, index_digest AS "index", last_modified AS lastModified, signature,
         description FROM kept_file WHERE key = ?`,
    );
    this.#put = database.prepare(
      `INSERT OR REPLACE INTO kept_file (key, digest, size_bytes, index_digest, last_modified, signature, description)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#labels = database.prepare('SELECT digest, description AS label FROM kept_file');
  }

  find(key: string): KeptFile | undefined {
    return this.#find.get(key);
  }

  /** Stores a file in place of an earlier one. */
  put(key: string, file: KeptFile): void {
    const { digest, sizeBytes, index, lastModified, signature, description } = file;
    this.#put.run(key, digest, sizeBytes, index, lastModified, Buffer.from(signature), description);
  }

  labels(): ReadonlyMap<Digest, string> {
    return new Map(this.#labels.all().map((row) => [row.digest, row.label]));
  }
}
