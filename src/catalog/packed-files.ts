import type Database from 'better-sqlite3';
import { FileEntries } from '../model/file-entries.ts';
import type { FileEntry } from '../model/file-entry.ts';

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
