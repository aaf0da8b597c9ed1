import type Database from 'better-sqlite3';
import type { ArchiveFacts, LinkerFacts } from '../model/archive.ts';
import type { DiffId, Digest } from '../model/digest.ts';
import { FileEntries } from '../model/file-entries.ts';
import type { DistroId } from '../model/package.ts';
import { required } from '../model/required.ts';
import type { FileBlockTable } from './file-blocks.ts';
import { parseTrust, type TrustLabel, trustColumn, withTrust } from './trust-label.ts';

interface ArchiveRow {
  readonly digest: Digest;
  readonly distro: DistroId;
  readonly identity: string;
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly size_bytes: number;
  readonly diff_id: DiffId;
  readonly uncompressed_size_bytes: number;
  readonly compression: ArchiveFacts['compression'];
  readonly unstackable: string;
  readonly signed_by: string;
  readonly trust: string;
  readonly segments: string;
  readonly info: string;
  readonly scripts: string;
  readonly root_members: string;
  readonly backup_md5: string;
  readonly linker: string;
}

/** An archive whose facts are in the catalog. */
export interface StoredArchive {
  readonly facts: ArchiveFacts;
  /** Undefined: has to be verified again before use */
  readonly trust: TrustLabel | undefined;
}

/** An archive as it is stored. */
export interface UnreadArchive {
  /** Undefined: has to be verified again before use */
  readonly trust: TrustLabel | undefined;
  /** The stored text: equal sources have equal facts. */
  readonly source: string;
  /** Parses the facts, which takes most of the time of `get`. */
  read(): ArchiveFacts;
}

/** An archive, and the label under which it was accepted. */
export interface ArchiveVerdict {
  readonly digest: Digest;
  readonly name: string;
  readonly version: string;
  readonly sizeBytes: number;
  /** Undefined: has to be verified again before use */
  readonly trust: TrustLabel | undefined;
}

type VerdictRow = Omit<ArchiveVerdict, 'trust'> & { readonly trust: string; readonly place: number };

/** Facts about archives that were read. */
export class ArchiveTable {
  readonly #files: FileBlockTable;
  readonly #put: Database.Statement;
  readonly #byDigest: Database.Statement<[string], ArchiveRow>;
  readonly #has: Database.Statement<[string, string], { digest: Digest }>;
  readonly #trust: Database.Statement<[Digest], string>;
  readonly #accepted: Database.Statement<[], Digest>;
  readonly #verdicts: Database.Statement<[string, string], VerdictRow>;
  readonly #labels: Database.Statement<[], { digest: Digest; label: string }>;
  readonly #named: Database.Statement<
    [string, string, string],
    VerdictRow & { readonly architecture: string }
  >;

  constructor(database: Database.Database, files: FileBlockTable) {
    this.#files = files;
    this.#put = database.prepare(
      `INSERT OR REPLACE INTO archive (digest, distro, identity, name, version, architecture, size_bytes, diff_id,
         uncompressed_size_bytes, compression, unstackable, signed_by, trust, segments, info, scripts, root_members,
         backup_md5, linker)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#byDigest = database.prepare('SELECT * FROM archive WHERE digest = ?');
    this.#has = database.prepare(
      'SELECT digest FROM archive WHERE distro = ? AND identity = ? ORDER BY digest',
    );
    this.#trust = database.prepare<[Digest], string>('SELECT trust FROM archive WHERE digest = ?').pluck();
    this.#accepted = database
      .prepare<[], Digest>(
        "SELECT digest FROM archive WHERE trust <> '' ORDER BY distro, name, version, architecture, digest",
      )
      .pluck();
    this.#verdicts = database.prepare(
      `SELECT wanted.key AS place, digest, name, version, size_bytes AS sizeBytes, trust
       FROM json_each(?) AS wanted CROSS JOIN archive ON distro = ? AND identity = wanted.value ORDER BY place, digest`,
    );
    this.#named = database.prepare(
      `SELECT digest, name, version, architecture, size_bytes AS sizeBytes, trust FROM archive
       WHERE distro = ? AND name = ? AND version = ? ORDER BY digest`,
    );
    this.#labels = database.prepare(
      "SELECT digest, name || '-' || version || ' (' || distro || ')' AS label FROM archive",
    );
  }

  /** Stores an archive's facts in place of earlier ones. */
  put(facts: ArchiveFacts, trust: TrustLabel): void {
    this.#put.run(
      facts.digest,
      facts.distro,
      facts.identity,
      facts.name,
      facts.version,
      facts.architecture,
      facts.sizeBytes,
      facts.diffId,
      facts.uncompressedSizeBytes,
      facts.compression,
      facts.layerProblem ?? '',
      facts.signedBy,
      trustColumn(trust),
      JSON.stringify(facts.segments),
      JSON.stringify(facts.info),
      JSON.stringify(facts.scripts),
      JSON.stringify(facts.rootMembers),
      JSON.stringify(facts.backupMd5),
      facts.linker === undefined ? '' : JSON.stringify(facts.linker),
    );
    this.#files.put(facts.digest, facts.files);
  }

  /** Returns the facts of an archive. @param like a list of files that may be the same, whose memory is then shared */
  get(digest: Digest, like?: FileEntries): StoredArchive | undefined {
    const row = this.#byDigest.get(digest);
    return row === undefined ? undefined : toStored(row, this.#files.of(digest, like));
  }

  unread(digest: Digest): UnreadArchive | undefined {
    const row = this.#byDigest.get(digest);
    if (row === undefined) return undefined;
    const { trust, ...facts } = row;
    const files = this.#files.of(digest);
    return {
      trust: parseTrust(trust),
      source: [...Object.values(facts), ...files.map((block) => block.toString('latin1'))].join('\0'),
      read: () => toStored(row, files).facts,
    };
  }

  digestsOf(distro: DistroId, identity: string): readonly Digest[] {
    return this.#has.all(distro, identity).map((row) => row.digest);
  }

  /** Returns the label of an archive; undefined if the archive is unknown or has to be verified again. */
  trustOf(digest: Digest): TrustLabel | undefined {
    return parseTrust(this.#trust.get(digest) ?? '');
  }

  /** Returns the digests of all accepted archives, in order of distribution, name and version as texts. */
  accepted(): readonly Digest[] {
    return this.#accepted.all();
  }

  /**
   * Returns for each identity the archives that an index entry may refer to; a package that was signed twice has one identity and
   * two digests. A query for each would take five times as long.
   */
  verdicts(distro: DistroId, identities: readonly string[]): readonly (readonly ArchiveVerdict[])[] {
    const found = identities.map((): ArchiveVerdict[] => []);
    for (const { place, ...row } of this.#verdicts.all(JSON.stringify(identities), distro))
      required(found, place).push(withTrust(row));
    return found;
  }

  /** Returns the archives of a package, whichever index listed them; looks at every archive. */
  named(
    distro: DistroId,
    name: string,
    version: string,
  ): readonly (ArchiveVerdict & { readonly architecture: string })[] {
    return this.#named.all(distro, name, version).map(withTrust);
  }

  /** Returns `name-version (distro)` by digest. */
  labels(): ReadonlyMap<Digest, string> {
    return new Map(this.#labels.all().map((row) => [row.digest, row.label]));
  }
}

function toStored(row: ArchiveRow, files: readonly Buffer[]): StoredArchive {
  return {
    trust: parseTrust(row.trust),
    facts: {
      distro: row.distro,
      digest: row.digest,
      sizeBytes: row.size_bytes,
      diffId: row.diff_id,
      uncompressedSizeBytes: row.uncompressed_size_bytes,
      compression: row.compression,
      segments: JSON.parse(row.segments) as ArchiveFacts['segments'],
      layerProblem: row.unstackable === '' ? undefined : row.unstackable,
      identity: row.identity,
      name: row.name,
      version: row.version,
      architecture: row.architecture,
      info: JSON.parse(row.info) as ArchiveFacts['info'],
      scripts: JSON.parse(row.scripts) as ArchiveFacts['scripts'],
      rootMembers: JSON.parse(row.root_members) as ArchiveFacts['rootMembers'],
      files: new FileEntries(files),
      backupMd5: JSON.parse(row.backup_md5) as ArchiveFacts['backupMd5'],
      ...(row.linker === '' ? {} : { linker: JSON.parse(row.linker) as LinkerFacts }),
      signedBy: row.signed_by,
    },
  };
}
