import { createHash } from 'node:crypto';
import type Database from 'better-sqlite3';
import type { DistroId, IndexPackage } from '../model/package.ts';
import type { LongWrite } from './long-write.ts';
import { PACKAGE_COLUMNS, packageValues, relatedNames } from './package-rows.ts';
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

type Columns = Omit<RepositoryRow, 'trust'> & { readonly trust: string };

const COLUMNS = `id, distro, architecture, url, base, release, name, etag, last_modified AS lastModified, content,
  description, signed_by AS signedBy, trust, package_count AS packageCount`;

/** Repositories whose index is in the catalog. */
export class RepositoryTable {
  readonly #database: Database.Database;
  readonly #find: Database.Statement<[string, string, string], Columns>;
  readonly #all: Database.Statement<[], Columns>;
  readonly #newestBuild: Database.Statement<[number], { time: number }>;
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
   * @throws AppError CANCELLED, STORAGE (file-lock.ts)
   */
  async replace(
    row: Omit<RepositoryRow, 'id' | 'packageCount'>,
    packages: readonly IndexPackage[],
    options: WriteOptions = {},
  ): Promise<number> {
    const find = () => this.find(row.distro, row.architecture, row.url);
    await this.#revisions.replace(
      {
        lock: lockName(row),
        reading: row,
        find,
        packageCount: packages.length,
        write: (revision, write) => this.#insert(revision, packages, write),
        publish: (revision) => {
          const old = find();
          if (old !== undefined && old.content !== row.content) this.#forgetGraphs(old.content);
          this.#upsert(row, packages.length, revision);
        },
      },
      options,
    );
    const written = find();
    if (written === undefined) throw new Error(`${row.url}: no row after it was written`);
    return written.id;
  }

  #upsert(row: Omit<RepositoryRow, 'id' | 'packageCount'>, packageCount: number, revision: Revision): void {
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

  async #insert(revision: Revision, packages: readonly IndexPackage[], write: LongWrite): Promise<void> {
    const { id: revisionId, firstPackage } = revision;
    const insert = this.#database.prepare(
      `INSERT INTO package (${PACKAGE_COLUMNS.join(', ')}) VALUES (${PACKAGE_COLUMNS.map(() => '?').join(', ')})`,
    );
    const describe = this.#database.prepare('INSERT INTO package_text (rowid, description) VALUES (?, ?)');
    await write.rows(packageValues(packages, revision), (values) => {
      insert.run(values);
    });
    await write.rows(packages.entries(), ([index, { description }]) => {
      describe.run(firstPackage + index, description);
    });
    const relate = this.#database.prepare(
      'INSERT OR IGNORE INTO relation_name (revision, kind, name, package_id) VALUES (?, ?, ?, ?)',
    );
    await write.rows(relatedNames(packages, firstPackage), ([kind, name, packageId]) => {
      relate.run(revisionId, kind, name, packageId);
    });
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
