import { createHash } from 'node:crypto';
import type Database from 'better-sqlite3';
import { AppError } from '../model/app-error.ts';
import type { DistroId, IndexPackage } from '../model/package.ts';
import type { LongWrite } from './long-write.ts';
import { PACKAGE_COLUMNS, PackageRows, type PackageValues } from './package-rows.ts';
import type { Revision, RevisionTable, WriteOptions } from './revisions.ts';
import { type TrustLabel, trustColumn, withTrust } from './trust-label.ts';

/** A repository whose index is in the catalog. */
export interface RepositoryRow {
  readonly id: number;
  readonly distro: DistroId;
  readonly architecture: string;
  /** URL at which its index is looked for first. With distro and architecture, it identifies the repository */
  readonly url: string;
  /** Base URL that answered: archives are fetched from it first */
  readonly base: string;
  readonly release: string;
  readonly name: string;
  readonly etag: string;
  readonly lastModified: string;
  /** Digest of the index's bytes, or of the listing of a folder without index */
  readonly content: string;
  readonly description: string;
  readonly signedBy: string;
  /** Undefined: has to be read again before use */
  readonly trust: TrustLabel | undefined;
  readonly packageCount: number;
}

/**
 * A repository to write. `described` is called when its packages have been written, with a function that returns the version of
 * the first one of a name, and replaces what only then is known.
 */
export type NewRepositoryRow = Omit<RepositoryRow, 'id' | 'packageCount'> & {
  readonly described?: (
    versionOf: (name: string) => string | undefined,
  ) => Pick<RepositoryRow, 'release' | 'description'>;
};

/** A repository to write, with its packages: a list, or a stream of lists. */
export interface NewRepository {
  readonly row: NewRepositoryRow;
  readonly packages: readonly IndexPackage[] | AsyncIterable<readonly IndexPackage[]>;
}

/** More packages than any repository has: the ids of one revision */
const MAX_PACKAGES = 1_000_000;

type Columns = Omit<RepositoryRow, 'trust'> & { readonly trust: string };

const COLUMNS = `id, distro, architecture, url, base, release, name, etag, last_modified AS lastModified, content,
  description, signed_by AS signedBy, trust, package_count AS packageCount`;

/** Repositories whose index is in the catalog. */
export class RepositoryTable {
  readonly #database: Database.Database;
  readonly #find: Database.Statement<[string, string, string], Columns>;
  readonly #all: Database.Statement<[], Columns>;
  readonly #newestBuild: Database.Statement<[number], { time: number }>;
  readonly #version: Database.Statement<[number, string], string>;
  readonly #revisions: RevisionTable;

  constructor(database: Database.Database, revisions: RevisionTable) {
    this.#database = database;
    this.#revisions = revisions;
    this.#find = database.prepare(
      `SELECT ${COLUMNS} FROM repository WHERE distro = ? AND architecture = ? AND url = ?`,
    );
    this.#all = database.prepare(`SELECT ${COLUMNS} FROM repository ORDER BY distro, architecture, url`);
    this.#newestBuild = database.prepare(
      'SELECT coalesce(max(build_time), 0) AS time FROM package JOIN repository USING (revision) WHERE repository.id = ?',
    );
    this.#version = database
      .prepare<[number, string], string>(
        'SELECT version FROM package WHERE revision = ? AND name = ? ORDER BY ordinal LIMIT 1',
      )
      .pluck();
  }

  find(distro: DistroId, architecture: string, url: string): RepositoryRow | undefined {
    const row = this.#find.get(distro, architecture, url);
    return row === undefined ? undefined : withTrust(row);
  }

  all(): readonly RepositoryRow[] {
    return this.#all.all().map(withTrust);
  }

  /** Stores newer validators, another mirror, or a trust policy that accepted the same content. */
  refresh(
    id: number,
    row: Pick<RepositoryRow, 'base' | 'etag' | 'lastModified' | 'trust' | 'signedBy'>,
  ): void {
    this.#database
      .prepare(
        'UPDATE repository SET base = ?, etag = ?, last_modified = ?, trust = ?, signed_by = ? WHERE id = ?',
      )
      .run(row.base, row.etag, row.lastModified, trustColumn(row.trust), row.signedBy, id);
  }

  /** Returns the build time of the newest package in seconds since the epoch; 0 if none is known. */
  newestBuild(id: number): number {
    return this.#newestBuild.get(id)?.time ?? 0;
  }

  /** Drops what was computed from an index that nothing names any more (solver-graph-cache.ts). */
  #forgetGraphs(content: string): void {
    this.#database.prepare('DELETE FROM solver_graph WHERE instr(key, ?) > 0').run(content);
  }

  /**
   * Replaces a repository's packages: at once for readers, in many small transactions for writers (revisions.ts). A repository
   * keeps its id forever, since another process may be about to use it. Returns the id.
   * @param packages a list, or a stream of lists; what the stream throws leaves the packages as they were
   * @throws AppError CANCELLED, STORAGE (file-lock.ts), LIMIT
   */
  async replace(
    row: NewRepository['row'],
    packages: NewRepository['packages'],
    options: WriteOptions = {},
  ): Promise<number> {
    await this.replaceAll([{ row, packages }], options);
    const written = this.find(row.distro, row.architecture, row.url);
    if (written === undefined) throw new Error(`${row.url}: no row after it was written`);
    return written.id;
  }

  /** Replaces the packages of several repositories, as `replace` does: readers see all of the new ones or none. */
  async replaceAll(wanted: readonly NewRepository[], options: WriteOptions = {}): Promise<void> {
    await this.#revisions.replace(
      wanted.map(({ row, packages }) => {
        const find = () => this.find(row.distro, row.architecture, row.url);
        return {
          lock: lockName(row),
          reading: row,
          find,
          maxPackages: MAX_PACKAGES,
          write: (revision, write) => this.#insert(revision, packages, write),
          publish: (revision, packageCount) => {
            const old = find();
            if (old !== undefined && old.content !== row.content) this.#forgetGraphs(old.content);
            const versionOf = (name: string) => this.#version.get(revision.id, name);
            this.#upsert({ ...row, ...row.described?.(versionOf) }, packageCount, revision);
          },
        };
      }),
      options,
    );
  }

  #upsert(row: NewRepositoryRow, packageCount: number, revision: Revision): void {
    this.#database
      .prepare(
        `INSERT INTO repository (distro, architecture, url, base, release, name, etag, last_modified, content,
           description, signed_by, trust, package_count, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (distro, architecture, url) DO UPDATE SET base = excluded.base, release = excluded.release,
           name = excluded.name, etag = excluded.etag, last_modified = excluded.last_modified,
           content = excluded.content, description = excluded.description, signed_by = excluded.signed_by,
           trust = excluded.trust, package_count = excluded.package_count, revision = excluded.revision`,
      )
      .run(
        row.distro,
        row.architecture,
        row.url,
        row.base,
        row.release,
        row.name,
        row.etag,
        row.lastModified,
        row.content,
        row.description,
        row.signedBy,
        trustColumn(row.trust),
        packageCount,
        revision.id,
      );
  }

  async #insert(
    revision: Revision,
    packages: readonly IndexPackage[] | AsyncIterable<readonly IndexPackage[]>,
    write: LongWrite,
  ): Promise<number> {
    const rows = new PackageRows(revision);
    const insert = this.#database.prepare(
      `INSERT INTO package (${PACKAGE_COLUMNS.join(', ')}) VALUES (${PACKAGE_COLUMNS.map(() => '?').join(', ')})`,
    );
    await write.rows(valuesOf(rows, packages), (values) => {
      insert.run(values);
    });
    const depend = this.#database.prepare('UPDATE package SET dependents = ? WHERE id = ?');
    await write.rows(rows.dependents(), ([packageId, count]) => {
      depend.run(count, packageId);
    });
    const describe = this.#database.prepare(
      `INSERT INTO package_text (rowid, description) SELECT id, description FROM package WHERE id BETWEEN ? AND ?`,
    );
    let from = revision.firstPackage;
    const end = from + rows.count;
    await write.repeat((count) => {
      describe.run(from, Math.min(from + count, end) - 1);
      from += count;
      return from < end ? count : 0;
    });
    const relate = this.#database.prepare(
      'INSERT OR IGNORE INTO relation_name (revision, kind, name, package_id) VALUES (?, ?, ?, ?)',
    );
    await write.rows(rows.relatedNames(), ([kind, name, packageId]) => {
      relate.run(revision.id, kind, name, packageId);
    });
    return rows.count;
  }
}

/** Yields rows of packages as these come. @throws AppError LIMIT */
async function* valuesOf(
  rows: PackageRows,
  packages: readonly IndexPackage[] | AsyncIterable<readonly IndexPackage[]>,
): AsyncGenerator<readonly PackageValues[]> {
  for await (const some of Symbol.asyncIterator in packages ? packages : [packages]) {
    if (rows.count + some.length > MAX_PACKAGES) {
      throw new AppError('LIMIT', `expected at most ${MAX_PACKAGES} packages in a repository`);
    }
    yield some.map((entry) => rows.add(entry));
  }
}

/** Returns a repository's lock as a part of a file's name. */
function lockName({
  distro,
  architecture,
  url,
}: Pick<RepositoryRow, 'distro' | 'architecture' | 'url'>): string {
  return createHash('sha256').update(`${distro} ${architecture} ${url}`).digest('hex').slice(0, 16);
}
