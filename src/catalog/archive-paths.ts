import type Database from 'better-sqlite3';
import type { Digest } from '../model/digest.ts';
import { FileBlock } from '../model/file-block.ts';
import type { EntryType } from '../model/file-entry.ts';
import type { DistroId } from '../model/package.ts';
import { encodePath } from '../model/path-bytes.ts';
import { REVISION } from './revisions.ts';
import { type TrustLabel, withTrust } from './trust-label.ts';

/** A part of an archive that may have a path of a search. */
export interface ArchivePaths {
  readonly digest: Digest;
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Undefined: has to be verified again before use */
  readonly trust: TrustLabel | undefined;
  readonly files: readonly { readonly path: string; readonly type: EntryType }[];
}

interface Row extends Omit<ArchivePaths, 'files' | 'trust'> {
  readonly trust: string;
  readonly content: Buffer;
}

/** Paths of the archives whose facts are in the catalog. */
export class ArchivePathTable {
  readonly #database: Database.Database;
  readonly #known: Database.Statement<[number, DistroId], { id: number; digest: Digest }>;
  readonly #unknown: Database.Statement<[number, DistroId], { count: number }>;

  constructor(database: Database.Database) {
    this.#database = database;
    this.#known = database.prepare(
      `SELECT package.id, archive.digest FROM archive JOIN package
       ON package.revision = (${REVISION}) AND package.name = archive.name AND package.checksum = archive.identity
       WHERE archive.distro = ? AND archive.identity <> ''`,
    );
    this.#unknown = database.prepare(
      `SELECT count(*) AS count FROM package WHERE revision = (${REVISION}) AND checksum <> '' AND NOT EXISTS
       (SELECT 1 FROM archive WHERE distro = ? AND name = package.name AND identity = package.checksum)`,
    );
  }

  /** Lists a repository's packages whose archives are known. */
  known(repositoryId: number, distro: DistroId): readonly { id: number; digest: Digest }[] {
    return this.#known.all(repositoryId, distro);
  }

  /** Counts a repository's packages that name their archive by a checksum and whose archive is unknown. */
  countUnknown(repositoryId: number, distro: DistroId): number {
    return this.#unknown.get(repositoryId, distro)?.count ?? 0;
  }

  /**
   * Finds the parts of archives with a path that contains one of the needles, and possibly others; in needles, line feeds stand
   * for the ends of a path, as they do in blocks of files.
   */
  search(distro: DistroId, needles: readonly string[]): readonly ArchivePaths[] {
    const rows = this.#database
      .prepare<[(string | Buffer)[]], Row>(
        `SELECT digest, name, version, architecture, trust, content FROM archive JOIN file_block ON file_block.archive = digest
         WHERE distro = ? AND (${needles.map(() => 'instr(content, ?)').join(' OR ')}) ORDER BY name, digest, ordinal`,
      )
      .all([distro, ...needles.map(encodePath)]);
    return rows.map(({ content, ...row }) => ({ ...withTrust(row), files: pathsIn(content) }));
  }
}

function pathsIn(content: Buffer): ArchivePaths['files'] {
  const block = new FileBlock(content);
  return Array.from({ length: block.length }, (_, index) => ({
    path: block.path(index),
    type: block.head(index).type,
  }));
}
