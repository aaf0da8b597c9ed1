import type Database from 'better-sqlite3';
import type { DiffId, Digest } from '../model/digest.ts';
import type { LayerMediaType } from '../model/media-types.ts';

/** A blob made from archives by a rule: bundle, repacked or re-encoded layer. Keyed by (inputs, parameters). */
export interface DerivedBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly diffId: DiffId;
  readonly mediaType: LayerMediaType;
  /** Description for people: `gzip of bash-4.4.012-2` */
  readonly description: string;
}

/** Blobs that were made from archives, by inputs and parameters. */
export class DerivedTable {
  readonly #get: Database.Statement<[string], DerivedBlob>;
  readonly #all: Database.Statement<[], DerivedBlob & { readonly key: string }>;
  readonly #put: Database.Statement;
  readonly #labels: Database.Statement<[], { digest: Digest; label: string }>;
  readonly #remove: Database.Statement<[string]>;

  constructor(database: Database.Database) {
    const columns =
      'digest, size_bytes AS sizeBytes, diff_id AS diffId, media_type AS mediaType, description';
    this.#get = database.prepare(`SELECT ${columns} FROM derived WHERE key = ?`);
    this.#all = database.prepare(`SELECT key, ${columns} FROM derived ORDER BY key`);
    this.#put = database.prepare(
      `INSERT INTO derived (key, digest, size_bytes, diff_id, media_type, description) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET digest = excluded.digest, size_bytes = excluded.size_bytes,
         diff_id = excluded.diff_id, media_type = excluded.media_type, description = excluded.description`,
    );
    this.#labels = database.prepare('SELECT digest, description AS label FROM derived');
    this.#remove = database.prepare('DELETE FROM derived WHERE digest = ?');
  }

  get(key: string): DerivedBlob | undefined {
    return this.#get.get(key);
  }

  put(key: string, blob: DerivedBlob): void {
    this.#put.run(key, blob.digest, blob.sizeBytes, blob.diffId, blob.mediaType, blob.description);
  }

  /** Returns all blobs in order of keys. */
  all(): readonly (DerivedBlob & { readonly key: string })[] {
    return this.#all.all();
  }

  labels(): ReadonlyMap<Digest, string> {
    return new Map(this.#labels.all().map((row) => [row.digest, row.label]));
  }

  remove(digest: Digest): void {
    this.#remove.run(digest);
  }
}
