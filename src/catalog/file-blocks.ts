import type Database from 'better-sqlite3';
import type { Digest } from '../model/digest.ts';
import { type FileEntries, sharedBlock } from '../model/file-entries.ts';
import { limitYoungGeneration } from '../model/young-generation.ts';
import { passing } from './database.ts';

/** About 10 MB; most archives have one block. */
const FEW_BLOCKS = 16;

/** Lists of archives' entries, in the blocks in which they are packed (model/file-block.ts). */
export class FileBlockTable {
  readonly #remove: Database.Statement<[Digest]>;
  readonly #put: Database.Statement<[Digest, number, Buffer]>;
  readonly #of: Database.Statement<[Digest, number, number], Buffer>;
  readonly #database: Database.Database;

  constructor(database: Database.Database) {
    this.#database = database;
    this.#remove = database.prepare('DELETE FROM file_block WHERE archive = ?');
    this.#put = database.prepare('INSERT INTO file_block (archive, ordinal, content) VALUES (?, ?, ?)');
    this.#of = database
      .prepare<[Digest, number, number], Buffer>(
        'SELECT content FROM file_block WHERE archive = ? ORDER BY ordinal LIMIT ? OFFSET ?',
      )
      .pluck();
  }

  /** Stores an archive's entries in place of earlier ones. */
  put(archive: Digest, { blocks }: FileEntries): void {
    this.#remove.run(archive);
    const put = (): void =>
      blocks.forEach(({ bytes }, ordinal) => void this.#put.run(archive, ordinal, bytes));
    if (blocks.length < FEW_BLOCKS) put();
    else passing(this.#database, put);
  }

  /** Returns the blocks of an archive. @param like a list that may be the same, whose memory is then shared */
  of(archive: Digest, like?: FileEntries): readonly Buffer[] {
    const blocks: Buffer[] = [];
    const read = (limit: number): void => {
      for (const block of this.#of.iterate(archive, limit, blocks.length))
        blocks.push(sharedBlock(block, blocks.length, like));
    };
    read(FEW_BLOCKS);
    if (blocks.length < FEW_BLOCKS) return blocks;
    limitYoungGeneration();
    passing(this.#database, () => read(-1));
    return blocks;
  }
}
