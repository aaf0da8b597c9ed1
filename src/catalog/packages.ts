import type Database from 'better-sqlite3';
import type { CatalogPackage, PackageSource } from '../model/package.ts';
import { RELATION_KINDS } from './repositories.ts';

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

/** A repository of a request, in order of priority. */
export interface RankedRepository {
  readonly id: number;
  readonly tag: string;
}

export class PackageTable {
  readonly #byName: Database.Statement<[number, string], PackageRow>;
  readonly #related: Database.Statement<[number, number, string], PackageRow>;
  readonly #names: Database.Statement<[number], { name: string }>;
  readonly #ofRepository: Database.Statement<[number], PackageRow>;

  constructor(database: Database.Database) {
    this.#byName = database.prepare(
      'SELECT * FROM package WHERE repository_id = ? AND name = ? ORDER BY ordinal',
    );
    this.#related = database.prepare(
      `SELECT package.* FROM relation_name JOIN package ON package.id = relation_name.package_id
       WHERE relation_name.repository_id = ? AND kind = ? AND relation_name.name = ? ORDER BY package_id`,
    );
    this.#names = database.prepare('SELECT DISTINCT name FROM package WHERE repository_id = ?');
    this.#ofRepository = database.prepare('SELECT * FROM package WHERE repository_id = ? ORDER BY ordinal');
  }

  /** The view of a solver: these repositories only, in this order; each package is one object for the whole view. */
  source(repositories: readonly RankedRepository[]): PackageSource {
    const packages = new Map<number, CatalogPackage>();
    const ask = (query: (repository: RankedRepository) => readonly PackageRow[]): CatalogPackage[] =>
      repositories.flatMap((repository, rank) =>
        query(repository).map((row) => {
          const known = packages.get(row.id);
          if (known !== undefined) return known;
          const made = toPackage(row, rank, repository.tag);
          packages.set(row.id, made);
          return made;
        }),
      );
    const remember = (query: (name: string) => CatalogPackage[]): ((name: string) => CatalogPackage[]) => {
      const answers = new Map<string, CatalogPackage[]>();
      return (name) => {
        let answer = answers.get(name);
        if (answer === undefined) {
          answer = query(name);
          answers.set(name, answer);
        }
        return answer;
      };
    };
    const related = (kind: number) =>
      remember((name) => ask((repository) => this.#related.all(repository.id, kind, name)));
    return {
      byName: remember((name) => ask((repository) => this.#byName.all(repository.id, name))),
      providers: related(RELATION_KINDS.provides),
      installIf: related(RELATION_KINDS.installIf),
      group: related(RELATION_KINDS.group),
    };
  }

  /** Every package name of these repositories, for suggestions and completion. */
  names(repositories: readonly RankedRepository[]): readonly string[] {
    const names = new Set<string>();
    for (const { id } of repositories) for (const { name } of this.#names.all(id)) names.add(name);
    return [...names];
  }

  /** A repository's packages in index order. */
  ofRepository(repository: RankedRepository, rank: number): readonly CatalogPackage[] {
    return this.#ofRepository.all(repository.id).map((row) => toPackage(row, rank, repository.tag));
  }
}

function toPackage(row: PackageRow, repositoryRank: number, tag: string): CatalogPackage {
  return {
    id: row.id,
    repositoryId: row.repository_id,
    repositoryRank,
    ordinal: row.ordinal,
    tag,
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
    dependents: row.dependents,
    extra: row.extra === '' ? {} : (JSON.parse(row.extra) as Record<string, string[]>),
  };
}

function list(text: string): string[] {
  return text === '' ? [] : text.split('\n');
}
