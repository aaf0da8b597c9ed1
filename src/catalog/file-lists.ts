import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type Database from 'better-sqlite3';
import type { LongWrite } from './long-write.ts';
import type { Revision, RevisionTable, WriteOptions } from './revisions.ts';
import { type TrustLabel, trustColumn, withTrust } from './trust-label.ts';

/** A repository's file database that was read. */
export interface FileDatabaseRow {
  readonly repositoryId: number;
  /** Base URL that answered */
  readonly base: string;
  readonly etag: string;
  readonly lastModified: string;
  /** Digest of its bytes */
  readonly content: string;
  readonly signedBy: string;
  /** Undefined: has to be read again before use */
  readonly trust: TrustLabel | undefined;
  readonly packageCount: number;
}

type Columns = Omit<FileDatabaseRow, 'trust'> & { readonly trust: string };

/** Paths of one package, compressed as in the catalog. */
export interface PackedList {
  readonly name: string;
  readonly version: string;
  readonly paths: Buffer;
}

interface ListRow {
  readonly name: string;
  readonly version: string;
  readonly paths: Buffer;
}

const COLUMNS = `repository_id AS repositoryId, base, etag, last_modified AS lastModified, content, signed_by AS signedBy,
  trust, package_count AS packageCount`;

const LISTS = 'SELECT revision FROM file_database WHERE repository_id = ?';

/** Maximum size that the reader of `.files` databases accepts for one package; a damaged blob must not inflate without end. */
const MAX_LIST_BYTES = 256 * 1024 ** 2;

/** Paths of packages as repositories list them: pacman's `.files` databases. Directories end in a slash. */
export class FileListTable {
  readonly #database: Database.Database;
  readonly #find: Database.Statement<[number], Columns>;
  readonly #get: Database.Statement<[number, string, string], ListRow>;
  readonly #all: Database.Statement<[number], ListRow>;
  readonly #known: Database.Statement<[number], { id: number }>;

  readonly #revisions: RevisionTable;

  constructor(database: Database.Database, revisions: RevisionTable) {
    this.#database = database;
    this.#revisions = revisions;
    this.#find = database.prepare(`SELECT ${COLUMNS} FROM file_database WHERE repository_id = ?`);
    this.#get = database.prepare(
      `SELECT name, version, paths FROM file_list WHERE revision = (${LISTS}) AND name = ? AND version = ?`,
    );
    this.#all = database.prepare(`SELECT name, version, paths FROM file_list WHERE revision = (${LISTS})`);
    this.#known = database.prepare(
      `SELECT package.id FROM repository CROSS JOIN file_database ON repository_id = repository.id
         CROSS JOIN file_list ON file_list.revision = file_database.revision
         CROSS JOIN package ON package.revision = repository.revision AND package.name = file_list.name
       WHERE repository.id = ? AND package.version = file_list.version`,
    );
  }

  find(repositoryId: number): FileDatabaseRow | undefined {
    const row = this.#find.get(repositoryId);
    return row === undefined ? undefined : withTrust(row);
  }

  /** Replaces a repository's lists, in the same way as its packages (repositories.ts). @throws AppError CANCELLED, STORAGE */
  async replace(
    row: FileDatabaseRow,
    lists: readonly PackedList[],
    options: WriteOptions = {},
  ): Promise<void> {
    const put = this.#database.prepare(
      'INSERT INTO file_list (revision, name, version, paths) VALUES (?, ?, ?, ?)',
    );
    const replacement = {
      lock: `files-${row.repositoryId}`,
      reading: row,
      find: () => this.find(row.repositoryId),
      maxPackages: 0,
      write: async (revision: Revision, write: LongWrite) => {
        await write.rows(lists, ({ name, version, paths }) => {
          put.run(revision.id, name, version, paths);
        });
        return 0;
      },
      publish: (revision: Revision) => this.#publish(row, revision),
    };
    await this.#revisions.replace([replacement], options);
  }

  #publish(row: FileDatabaseRow, revision: Revision): void {
    this.#database
      .prepare(
        `INSERT OR REPLACE INTO file_database (repository_id, base, etag, last_modified, content, signed_by, trust,
           package_count, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        row.repositoryId,
        row.base,
        row.etag,
        row.lastModified,
        row.content,
        row.signedBy,
        trustColumn(row.trust),
        row.packageCount,
        revision.id,
      );
  }

  /** Returns a package's paths; undefined if no list has them. */
  get(repositoryId: number, name: string, version: string): readonly string[] | undefined {
    const row = this.#get.get(repositoryId, name, version);
    if (row === undefined) return undefined;
    const text = unpack(row.paths).toString().slice(1, -1);
    return text === '' ? [] : text.split('\n');
  }

  /** Returns the ids of a repository's packages that have a list. */
  known(repositoryId: number): readonly number[] {
    return this.#known.all(repositoryId).map(({ id }) => id);
  }

  /** Yields paths that contain one of the needles, package by package; in needles, line feeds stand for the ends of a path. */
  *search(
    repositoryId: number,
    needles: readonly string[],
  ): Generator<{ name: string; version: string; paths: readonly string[] }> {
    const wanted = needles.map(bytesOf);
    for (const { name, version, paths } of this.#all.iterate(repositoryId)) {
      const text = unpack(paths);
      const found = new Set(wanted.flatMap((needle) => linesWith(text, needle)));
      if (found.size > 0) yield { name, version, paths: [...found] };
    }
  }
}

/** Compresses the paths of one package for the catalog. */
export function packList(name: string, version: string, paths: readonly string[]): PackedList {
  return { name, version, paths: zstdCompressSync(`\n${paths.map((path) => `${path}\n`).join('')}`) };
}

function unpack(paths: Buffer): Buffer {
  return zstdDecompressSync(paths, { maxOutputLength: MAX_LIST_BYTES });
}

interface Needle {
  readonly bytes: Buffer;
  /** The path has to end with it, except for a directory's slash */
  readonly ends: boolean;
}

function bytesOf(needle: string): Needle {
  const ends = needle.endsWith('\n');
  return { bytes: Buffer.from(ends ? needle.slice(0, -1) : needle), ends };
}

const LINE_FEED = 0x0a;
const SLASH = 0x2f;

function linesWith(text: Buffer, { bytes, ends }: Needle): readonly string[] {
  const lines: string[] = [];
  for (let offset = text.indexOf(bytes); offset >= 0; ) {
    const start = text[offset] === LINE_FEED ? offset + 1 : text.lastIndexOf(LINE_FEED, offset) + 1;
    const end = text.indexOf(LINE_FEED, start);
    if (end < 0) break;
    if (ends && !isEnd(text, offset + bytes.length)) offset = text.indexOf(bytes, offset + 1);
    else {
      lines.push(text.toString('utf8', start, end));
      offset = text.indexOf(bytes, end);
    }
  }
  return lines;
}

function isEnd(text: Buffer, offset: number): boolean {
  return text[offset] === LINE_FEED || (text[offset] === SLASH && text[offset + 1] === LINE_FEED);
}
