import type Database from 'better-sqlite3';
import type { ContentDigest } from '../model/content-digest.ts';
import type { Digest } from '../model/digest.ts';
import { RecentManifests } from './recent-manifests.ts';
import { openRegistryDatabase } from './registry-database.ts';

/** A manifest as it was put. */
export interface StoredManifest {
  readonly mediaType: string;
  readonly digest: ContentDigest;
  readonly bytes: Buffer;
}

/** An image that was composed for a tag. */
export interface ComposedTag extends StoredManifest {
  /** As in RecordComposed */
  readonly identity: string;
}

/** A blob that a repository has. */
export interface LinkedBlob {
  /** Names the file in the blob store */
  readonly stored: Digest;
  readonly sizeBytes: number;
  /** Time of the last use by a client that pushes, in milliseconds since the epoch */
  readonly usedAtMs: number;
}

/** A part of a list: what comes after `last`, at most `count` entries. */
export interface Page {
  readonly last: string;
  readonly count: number;
}

const MANIFEST = 'SELECT m.media_type AS mediaType, m.digest, m.bytes FROM repository r';

/** Reads what a server has stored; every method sees what any process has committed. */
export class RegistryContent {
  readonly #database: Database.Database;
  readonly #byTag: Database.Statement<[string, string], StoredManifest>;
  readonly #byDigest: Database.Statement<[string, string], StoredManifest>;
  readonly #composed: Database.Statement<[string, string], ComposedTag>;
  readonly #blob: Database.Statement<[string, string], LinkedBlob>;
  readonly #repository: Database.Statement<[string], number>;
  readonly #tags: Database.Statement<[string, string, number], string>;
  readonly #referrers: Database.Statement<[string, string], string>;
  readonly #repositories: Database.Statement<[string, number], string>;
  readonly #holders: Database.Statement<[string], string>;
  readonly #users: Database.Statement<[string, number], string>;
  readonly #usedAt: Database.Statement<[string, string], number>;
  readonly #size: Database.Statement<[string], number>;
  readonly #changes: Database.Statement<[], number>;
  readonly #recent = new RecentManifests<StoredManifest>(() => this.version());

  /** Opens or makes the database. @throws AppError CATALOG, STORAGE */
  constructor(path: string) {
    const database = openRegistryDatabase(path);
    this.#database = database;
    this.#byTag = database.prepare(
      `${MANIFEST} JOIN tag t ON t.repository_id = r.id AND t.name = ? JOIN manifest m ON m.id = t.manifest_id
       WHERE r.name = ?`,
    );
    this.#byDigest = database.prepare(
      `${MANIFEST} JOIN manifest m ON m.repository_id = r.id AND m.digest = ? WHERE r.name = ?`,
    );
    this.#composed = database.prepare(
      `SELECT m.media_type AS mediaType, m.digest, m.bytes, t.identity FROM repository r
       JOIN tag t ON t.repository_id = r.id AND t.name = ? AND t.identity <> ''
       JOIN manifest m ON m.id = t.manifest_id WHERE r.name = ?`,
    );
    this.#blob = database.prepare(
      `SELECT b.stored, b.size_bytes AS sizeBytes, b.used_at AS usedAtMs FROM repository r
       JOIN blob b ON b.repository_id = r.id AND b.digest = ? WHERE r.name = ?`,
    );
    this.#repository = database
      .prepare<[string], number>(
        'SELECT 1 FROM repository r JOIN manifest m ON m.repository_id = r.id WHERE r.name = ? LIMIT 1',
      )
      .pluck();
    this.#tags = database
      .prepare<[string, string, number], string>(
        `SELECT t.name FROM repository r JOIN tag t ON t.repository_id = r.id
         WHERE r.name = ? AND t.name > ? ORDER BY t.name LIMIT ?`,
      )
      .pluck();
    this.#referrers = database
      .prepare<[string, string], string>(
        `SELECT m.referrer FROM repository r JOIN manifest m ON m.repository_id = r.id AND m.subject <> ''
         WHERE r.name = ? AND m.subject = ? ORDER BY m.digest`,
      )
      .pluck();
    this.#repositories = database
      .prepare<[string, number], string>(
        `SELECT name FROM repository r WHERE name > ?
         AND EXISTS (SELECT 1 FROM manifest m WHERE m.repository_id = r.id) ORDER BY name LIMIT ?`,
      )
      .pluck();
    this.#holders = database
      .prepare<[string], string>(
        'SELECT r.name FROM blob b JOIN repository r ON r.id = b.repository_id WHERE b.digest = ?',
      )
      .pluck();
    this.#users = database
      .prepare<[string, number], string>(
        `SELECT DISTINCT r.name FROM reference f JOIN manifest m ON m.id = f.manifest_id
         JOIN repository r ON r.id = m.repository_id WHERE f.digest = ? LIMIT ?`,
      )
      .pluck();
    this.#usedAt = database
      .prepare<[string, string], number>(
        `SELECT m.used_at FROM repository r JOIN manifest m ON m.repository_id = r.id AND m.digest = ?
         WHERE r.name = ?`,
      )
      .pluck();
    this.#size = database
      .prepare<[string], number>(
        `SELECT coalesce(sum(b.size_bytes), 0) FROM repository r JOIN blob b ON b.repository_id = r.id
         WHERE r.name = ?`,
      )
      .pluck();
    this.#changes = database.prepare<[], number>('PRAGMA data_version').pluck();
  }

  manifestByTag(repository: string, tag: string): StoredManifest | undefined {
    return this.#recent.get(`tag ${repository}:${tag}`, () => this.#byTag.get(tag, repository));
  }

  manifestByDigest(repository: string, digest: ContentDigest): StoredManifest | undefined {
    return this.#recent.get(`${repository}@${digest}`, () => this.#byDigest.get(digest, repository));
  }

  /** Undefined also for a tag that was pushed. */
  composedTag(repository: string, tag: string): ComposedTag | undefined {
    return this.#recent.get(`composed ${repository}:${tag}`, () => this.#composed.get(tag, repository));
  }

  blob(repository: string, digest: ContentDigest): LinkedBlob | undefined {
    return this.#blob.get(digest, repository);
  }

  /** Tells whether the repository has a manifest. */
  hasRepository(repository: string): boolean {
    return this.#repository.get(repository) !== undefined;
  }

  /** In the order of their bytes */
  tags(repository: string, { last, count }: Page): readonly string[] {
    return this.#tags.all(repository, last, count);
  }

  /** Descriptors of the manifests whose subject is `digest`, in JSON */
  referrers(repository: string, digest: ContentDigest): readonly string[] {
    return this.#referrers.all(repository, digest);
  }

  /** Names of repositories that have manifests, in the order of their bytes */
  repositories({ last, count }: Page): readonly string[] {
    return this.#repositories.all(last, count);
  }

  /** Names of the repositories that have a blob */
  repositoriesWith(digest: ContentDigest): readonly string[] {
    return this.#holders.all(digest);
  }

  /** Names of repositories whose images refer to a blob, at most so many */
  imagesWith(digest: ContentDigest, most: number): readonly string[] {
    return this.#users.all(digest, most);
  }

  /** Time of the last use of a manifest, in milliseconds since the epoch */
  manifestUsedAt(repository: string, digest: ContentDigest): number | undefined {
    return this.#usedAt.get(digest, repository);
  }

  /** Bytes of the blobs that a repository has, whoever else has them too */
  sizeOf(repository: string): number {
    return this.#size.get(repository) ?? 0;
  }

  /** Returns a number that changes whenever another thread or process has changed something. */
  version(): number {
    return this.#changes.get() as number;
  }

  close(): void {
    this.#database.close();
  }
}
