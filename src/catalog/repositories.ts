import type Database from 'better-sqlite3';
import type { DistroId, IndexPackage } from '../model/package.ts';
import { relationName } from '../model/relation.ts';

/** A repository whose index is in the catalog. */
export interface RepositoryRow {
  readonly id: number;
  readonly distro: DistroId;
  readonly architecture: string;
  /** Where its index is looked for first: with distro and architecture, its identity */
  readonly url: string;
  /** The base URL that answered: archives are fetched from it first */
  readonly base: string;
  readonly release: string;
  readonly name: string;
  readonly etag: string;
  readonly lastModified: string;
  /** What was indexed: digest of the index's bytes, or of a bare folder's listing */
  readonly content: string;
  readonly description: string;
  readonly signedBy: string;
  /** Fingerprint of the trust policy that accepted it */
  readonly trust: string;
  readonly packageCount: number;
}

/** What relation_name's rows are about; older catalogs have 1, install_if, which nothing asks for. */
export const RELATION_KINDS = { provides: 0, group: 2 } as const;

const COLUMNS = `id, distro, architecture, url, base, release, name, etag, last_modified AS lastModified, content,
  description, signed_by AS signedBy, trust, package_count AS packageCount`;

const PACKAGE_COLUMNS = [
  'id',
  'repository_id',
  'ordinal',
  'name',
  'version',
  'architecture',
  'description',
  'url',
  'license',
  'origin',
  'maintainer',
  'build_time',
  'vcs_commit',
  'size_bytes',
  'installed_size_bytes',
  'file_name',
  'checksum',
  'depends',
  'provides',
  'replaces',
  'conflicts',
  'install_if',
  'groups',
  'provider_priority',
  'replaces_priority',
  'signature',
  'dependents',
  'extra',
];

export class RepositoryTable {
  readonly #database: Database.Database;
  readonly #find: Database.Statement<[string, string, string], RepositoryRow>;
  readonly #all: Database.Statement<[], RepositoryRow>;
  readonly #newestBuild: Database.Statement<[number], { time: number }>;

  constructor(database: Database.Database) {
    this.#database = database;
    this.#find = database.prepare(
      `SELECT ${COLUMNS} FROM repository WHERE distro = ? AND architecture = ? AND url = ?`,
    );
    this.#all = database.prepare(`SELECT ${COLUMNS} FROM repository ORDER BY distro, architecture, url`);
    this.#newestBuild = database.prepare(
      'SELECT coalesce(max(build_time), 0) AS time FROM package WHERE repository_id = ?',
    );
  }

  find(distro: DistroId, architecture: string, url: string): RepositoryRow | undefined {
    return this.#find.get(distro, architecture, url);
  }

  all(): readonly RepositoryRow[] {
    return this.#all.all();
  }

  /** Remembers newer validators, another mirror, or a trust policy that accepted the same content. */
  refresh(
    id: number,
    row: Pick<RepositoryRow, 'base' | 'etag' | 'lastModified' | 'trust' | 'signedBy'>,
  ): void {
    this.#database
      .prepare(
        'UPDATE repository SET base = ?, etag = ?, last_modified = ?, trust = ?, signed_by = ? WHERE id = ?',
      )
      .run(row.base, row.etag, row.lastModified, row.trust, row.signedBy, id);
  }

  /** Build time of the newest package, in seconds since the epoch; 0: of none is it known. */
  newestBuild(id: number): number {
    return this.#newestBuild.get(id)?.time ?? 0;
  }

  /** What was computed from an index that nothing names any more (kept.ts) */
  #forgetGraphs(content: string): void {
    this.#database.prepare('DELETE FROM solver_graph WHERE instr(key, ?) > 0').run(content);
  }

  /**
   * Puts a repository's packages in place of what was there, in one transaction. A repository keeps its id for ever:
   * another process may be about to read by it. Returns the id.
   */
  replace(row: Omit<RepositoryRow, 'id' | 'packageCount'>, packages: readonly IndexPackage[]): number {
    return this.#database
      .transaction(() => {
        const old = this.#find.get(row.distro, row.architecture, row.url);
        if (old !== undefined) {
          this.#database
            .prepare(
              'DELETE FROM package_text WHERE rowid IN (SELECT id FROM package WHERE repository_id = ?)',
            )
            .run(old.id);
          for (const table of ['package', 'relation_name']) {
            this.#database.prepare(`DELETE FROM ${table} WHERE repository_id = ?`).run(old.id);
          }
        }
        if (old !== undefined && old.content !== row.content) this.#forgetGraphs(old.content);
        const { id } = this.#upsert(row, packages.length);
        this.#insert(id, packages);
        return id;
      })
      .immediate();
  }

  #upsert(row: Omit<RepositoryRow, 'id' | 'packageCount'>, packageCount: number): { id: number } {
    return this.#database
      .prepare<(string | number)[], { id: number }>(
        `INSERT INTO repository (distro, architecture, url, base, release, name, etag, last_modified, content,
           description, signed_by, trust, package_count) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (distro, architecture, url) DO UPDATE SET base = excluded.base, release = excluded.release,
           name = excluded.name, etag = excluded.etag, last_modified = excluded.last_modified,
           content = excluded.content, description = excluded.description, signed_by = excluded.signed_by,
           trust = excluded.trust, package_count = excluded.package_count
         RETURNING id`,
      )
      .get(
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
        row.trust,
        packageCount,
      ) as { id: number };
  }

  #insert(repositoryId: number, packages: readonly IndexPackage[]): void {
    const insert = this.#database.prepare(
      `INSERT INTO package (${PACKAGE_COLUMNS.join(', ')}) VALUES (${PACKAGE_COLUMNS.map(() => '?').join(', ')})`,
    );
    const highest = this.#database.prepare('SELECT coalesce(max(id), 0) AS id FROM package').get() as {
      id: number;
    };
    const describe = this.#database.prepare('INSERT INTO package_text (rowid, description) VALUES (?, ?)');
    let id = highest.id;
    const dependents = countDependents(packages);
    const names: [kind: number, name: string, packageId: number][] = [];
    packages.forEach((entry, ordinal) => {
      id += 1;
      insert.run(
        id,
        repositoryId,
        ordinal,
        entry.name,
        entry.version,
        entry.architecture,
        entry.description,
        entry.url,
        entry.license,
        entry.origin,
        entry.maintainer,
        entry.buildTime,
        entry.commit,
        entry.sizeBytes,
        entry.installedSizeBytes,
        entry.fileName,
        entry.checksum,
        entry.depends.join('\n'),
        entry.provides.join('\n'),
        entry.replaces.join('\n'),
        entry.conflicts.join('\n'),
        entry.installIf.join('\n'),
        entry.groups.join('\n'),
        entry.providerPriority,
        entry.replacesPriority,
        entry.signature,
        dependentsOf(entry, dependents),
        isEmpty(entry.extra) ? '' : JSON.stringify(entry.extra),
      );
      describe.run(id, entry.description);
      for (const provide of entry.provides) names.push([RELATION_KINDS.provides, relationName(provide), id]);
      for (const group of entry.groups) names.push([RELATION_KINDS.group, group, id]);
    });
    // In key order the b-tree only ever grows at its end.
    names.sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : a[2] - b[2]));
    const relate = this.#database.prepare(
      'INSERT OR IGNORE INTO relation_name (repository_id, kind, name, package_id) VALUES (?, ?, ?, ?)',
    );
    for (const [kind, name, packageId] of names) relate.run(repositoryId, kind, name, packageId);
  }
}

/** How often each name stands in a dependency of these packages. */
function countDependents(packages: readonly IndexPackage[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const entry of packages) {
    for (const relation of entry.depends) {
      const name = relationName(relation);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
}

function dependentsOf(entry: IndexPackage, counts: ReadonlyMap<string, number>): number {
  let sum = counts.get(entry.name) ?? 0;
  for (const provide of entry.provides) sum += counts.get(relationName(provide)) ?? 0;
  return sum;
}

function isEmpty(record: object): boolean {
  for (const _ in record) return false;
  return true;
}
