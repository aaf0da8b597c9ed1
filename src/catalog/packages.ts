import type Database from 'better-sqlite3';
import type { CatalogPackage, IndexPackage, PackageSource, RelatedPackage } from '../model/package.ts';
import { required } from '../model/required.ts';
import { PACKAGE_COLUMNS, RELATION_KINDS } from './package-rows.ts';
import { REVISION } from './revisions.ts';
import { graphKey, type SolverGraphCache } from './solver-graph-cache.ts';

interface PackageRow {
  readonly id: number;
  readonly repository_id: number;
  readonly ordinal: number;
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly description: string;
  readonly url: string;
  readonly license: string;
  readonly origin: string;
  readonly maintainer: string;
  readonly build_time: number;
  readonly vcs_commit: string;
  readonly size_bytes: number;
  readonly installed_size_bytes: number;
  readonly file_name: string;
  readonly checksum: string;
  readonly depends: string;
  readonly provides: string;
  readonly replaces: string;
  readonly conflicts: string;
  readonly install_if: string;
  readonly groups: string;
  readonly provider_priority: number;
  readonly replaces_priority: number;
  readonly signature: string;
  readonly dependents: number;
  readonly extra: string;
}

type RelatedRow = Pick<
  PackageRow,
  | 'ordinal'
  | 'name'
  | 'version'
  | 'architecture'
  | 'checksum'
  | 'installed_size_bytes'
  | 'depends'
  | 'provides'
  | 'install_if'
  | 'provider_priority'
  | 'extra'
>;

/** Text columns that no solver reads. */
const DESCRIPTIVE = [
  'description',
  'url',
  'license',
  'origin',
  'maintainer',
  'vcs_commit',
  'file_name',
  'signature',
];
const BRIEF = PACKAGE_COLUMNS.map((name) =>
  DESCRIPTIVE.includes(name) ? `'' AS ${name}` : `package.${name}`,
).join(', ');

/** A repository of a request, in order of priority. */
export interface RankedRepository {
  readonly id: number;
  readonly tag: string;
}

/** Packages of the indexed repositories. */
export class PackageTable {
  readonly #database: Database.Database;
  readonly #names: Database.Statement<[number], { name: string }>;
  readonly #content: Database.Statement<[number], string>;
  readonly #related: Database.Statement<[number], RelatedRow>;
  readonly #ofRepository: Database.Statement<[number], PackageRow>;
  readonly #kept: SolverGraphCache;

  constructor(database: Database.Database, kept: SolverGraphCache) {
    this.#database = database;
    this.#kept = kept;
    this.#content = database.prepare<[number], string>('SELECT content FROM repository WHERE id = ?').pluck();
    this.#related = database.prepare(
      `SELECT ordinal, name, version, architecture, checksum, installed_size_bytes, depends, provides, install_if,
         provider_priority, extra FROM package WHERE revision = (${REVISION}) ORDER BY ordinal`,
    );
    this.#ofRepository = database.prepare(
      `SELECT * FROM package WHERE revision = (${REVISION}) ORDER BY ordinal`,
    );
    this.#names = database.prepare(`SELECT DISTINCT name FROM package WHERE revision = (${REVISION})`);
  }

  /**
   * Opens a solver's view: these repositories only, in this order; each package is one object for the whole view. Names are first
   * looked up as ids, since most have no match and a wide row costs more than the search.
   * @param brief leave out texts that no solver reads, such as descriptions
   */
  source(
    repositories: readonly RankedRepository[],
    { brief }: { brief: boolean } = { brief: false },
  ): PackageSource {
    // A repository that is listed twice has its first rank.
    const ranks = new Map(repositories.map(({ id }, rank) => [id, rank] as const).reverse());
    // Without joins, with which SQLite takes several times as long.
    const revisions = `SELECT revision FROM repository WHERE id IN (${repositories.map(({ id }) => id).join(', ')})`;
    const packages = new Map<number, CatalogPackage>();
    const byName = this.#database
      .prepare<[string], number>(`SELECT id FROM package WHERE revision IN (${revisions}) AND name = ?`)
      .pluck();
    const related = this.#database
      .prepare<[number, string], number>(
        `SELECT package_id FROM relation_name WHERE revision IN (${revisions}) AND kind = ? AND name = ?`,
      )
      .pluck();
    const byId = this.#database.prepare<[number], PackageRow>(
      `SELECT ${brief ? BRIEF : 'package.*'}, (SELECT id FROM repository WHERE revision = package.revision) AS repository_id
       FROM package WHERE id = ?`,
    );
    const load = (id: number): CatalogPackage => {
      let known = packages.get(id);
      if (known === undefined) {
        const row = required(byId, id);
        const rank = required(ranks, row.repository_id);
        known = toPackage(row, rank, repositories[rank]?.tag ?? '');
        packages.set(id, known);
      }
      return known;
    };
    const remember = (find: (name: string) => number[]): ((name: string) => readonly CatalogPackage[]) => {
      const answers = new Map<string, readonly CatalogPackage[]>();
      return (name) => {
        let answer = answers.get(name);
        if (answer === undefined) {
          const ids = find(name);
          answer = ids.length === 0 ? NONE : ids.map(load).sort(inOrder);
          answers.set(name, answer);
        }
        return answer;
      };
    };
    const relatedBy = (kind: number) => remember((name) => related.all(kind, name));
    return {
      byName: remember((name) => byName.all(name)),
      providers: relatedBy(RELATION_KINDS.provides),
      group: relatedBy(RELATION_KINDS.group),
      tags: repositories.map(({ tag }) => tag),
      all: () => this.#all(repositories),
      cached: (kind, make) => {
        const contents = repositories.map(({ id }) => this.#content.get(id) ?? '');
        return this.#kept.get(graphKey(kind, contents), make);
      },
    };
  }

  *#all(repositories: readonly RankedRepository[]): Iterable<RelatedPackage> {
    for (const [repositoryRank, { id }] of repositories.entries()) {
      for (const row of this.#related.iterate(id)) {
        yield {
          repositoryRank,
          ordinal: row.ordinal,
          name: row.name,
          version: row.version,
          architecture: row.architecture,
          checksum: row.checksum,
          installedSizeBytes: row.installed_size_bytes,
          depends: list(row.depends),
          provides: list(row.provides),
          installIf: list(row.install_if),
          providerPriority: row.provider_priority,
          extra: extraOf(row.extra),
        };
      }
    }
  }

  /** Yields the packages of a repository's index, in its order. */
  *of(repositoryId: number): Iterable<IndexPackage> {
    for (const row of this.#ofRepository.all(repositoryId)) yield toIndexPackage(row);
  }

  /** Returns every package name of these repositories, for suggestions and completion. */
  names(repositories: readonly Pick<RankedRepository, 'id'>[]): readonly string[] {
    const names = new Set<string>();
    for (const { id } of repositories) for (const { name } of this.#names.all(id)) names.add(name);
    return [...names];
  }
}

const NONE: readonly CatalogPackage[] = [];

function inOrder(a: CatalogPackage, b: CatalogPackage): number {
  return a.repositoryRank - b.repositoryRank || a.ordinal - b.ordinal;
}

function toPackage(row: PackageRow, repositoryRank: number, tag: string): CatalogPackage {
  return {
    id: row.id,
    repositoryId: row.repository_id,
    repositoryRank,
    ordinal: row.ordinal,
    tag,
    dependents: row.dependents,
    ...toIndexPackage(row),
  };
}

function toIndexPackage(row: PackageRow): IndexPackage {
  return {
    name: row.name,
    version: row.version,
    architecture: row.architecture,
    description: row.description,
    url: row.url,
    license: row.license,
    origin: row.origin,
    maintainer: row.maintainer,
    buildTime: row.build_time,
    commit: row.vcs_commit,
    sizeBytes: row.size_bytes,
    installedSizeBytes: row.installed_size_bytes,
    fileName: row.file_name,
    checksum: row.checksum,
    depends: list(row.depends),
    provides: list(row.provides),
    replaces: list(row.replaces),
    conflicts: list(row.conflicts),
    installIf: list(row.install_if),
    groups: list(row.groups),
    providerPriority: row.provider_priority,
    replacesPriority: row.replaces_priority,
    signature: row.signature,
    extra: extraOf(row.extra),
  };
}

function extraOf(text: string): Record<string, string[]> {
  return text === '' ? {} : (JSON.parse(text) as Record<string, string[]>);
}

function list(text: string): string[] {
  return text === '' ? [] : text.split('\n');
}
