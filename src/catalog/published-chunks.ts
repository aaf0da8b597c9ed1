import type Database from 'better-sqlite3';
import type { Digest } from '../model/digest.ts';

/** A compressed chunk of a published catalog. */
export interface PublishedChunk {
  readonly digest: Digest;
  /** Bytes */
  readonly size: number;
}

type Row = PublishedChunk & { readonly source: string };

/** Chunks of the catalog that was published last, by what they were made of. The blobs may be gone. */
export class PublishedChunkTable {
  readonly #all: Database.Statement<[], Row>;
  readonly #clear: Database.Statement<[]>;
  readonly #put: Database.Statement<[string, Digest, number]>;

  constructor(database: Database.Database) {
    this.#all = database.prepare('SELECT source, digest, size_bytes AS size FROM published_chunk');
    this.#clear = database.prepare('DELETE FROM published_chunk');
    this.#put = database.prepare('INSERT INTO published_chunk (source, digest, size_bytes) VALUES (?, ?, ?)');
  }

  all(): ReadonlyMap<string, PublishedChunk> {
    return new Map(this.#all.all().map(({ source, ...chunk }) => [source, chunk]));
  }

  /** Puts these chunks in place of all others, within the caller's transaction. */
  replace(chunks: ReadonlyMap<string, PublishedChunk>): void {
    this.#clear.run();
    for (const [source, { digest, size }] of chunks) this.#put.run(source, digest, size);
  }
}
