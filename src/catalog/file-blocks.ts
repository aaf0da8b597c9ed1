import type Database from 'better-sqlite3';
import type { Digest } from '../model/digest.ts';
import { FileEntries } from '../model/file-entries.ts';
import type { FileEntry } from '../model/file-entry.ts';

/** Lists of archives' entries, in the blocks in which they are packed (model/file-block.ts). */
export class FileBlockTable {
  readonly #remove: Database.Statement<[Digest]>;
  readonly #put: Database.Statement<[Digest, number, Buffer]>;
  readonly #of: Database.Statement<[Digest], Buffer>;

  constructor(database: Database.Database) {
    this.#remove = database.prepare('DELETE FROM file_block WHERE archive = ?');
    this.#put = database.prepare('INSERT INTO file_block (archive, ordinal, content) VALUES (?, ?, ?)');
    this.#of = database
      .prepare<[Digest], Buffer>('SELECT content FROM file_block WHERE archive = ? ORDER BY ordinal')
      .pluck();
  }

  /** Stores an archive's entries in place of earlier ones. */
  put(archive: Digest, { blocks }: FileEntries): void {
    this.#remove.run(archive);
    blocks.forEach(({ bytes }, ordinal) => void this.#put.run(archive, ordinal, bytes));
  }

  of(archive: Digest): readonly Buffer[] {
    return this.#of.all(archive);
  }
}

/** FileEntry's fields in the order of the JSON rows in which catalogs kept lists of files before they were packed. */
const JSON_FIELDS = [
  'path',
  'type',
  'mode',
  'uid',
  'gid',
  'uname',
  'gname',
  'sizeBytes',
  'mtime',
  'linkTarget',
  'sha256',
  'offset',
  'deviceMajor',
  'deviceMinor',
  'xattrs',
  'pax',
] as const satisfies readonly (keyof FileEntry)[];

/** Gives migrations the table-valued function `packed_files (json)`: the blocks of a list of files in JSON. */
export function definePackedFiles(database: Database.Database): void {
  database.table('packed_files', {
    columns: ['ordinal', 'content'],
    parameters: ['json'],
    *rows(json?: unknown) {
      const rows = JSON.parse(json as string) as unknown[][];
      const files = rows.map((row) =>
        Object.fromEntries(JSON_FIELDS.map((field, index) => [field, row[index]])),
      );
      const { blocks } = FileEntries.of(files as unknown as FileEntry[]);
      for (const [ordinal, { bytes }] of blocks.entries()) yield { ordinal, content: bytes };
    },
  });
}
