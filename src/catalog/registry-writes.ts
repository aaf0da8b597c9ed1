import type Database from 'better-sqlite3';
import type { ContentDigest } from '../model/content-digest.ts';
import type { Digest } from '../model/digest.ts';

/** The files of blobs, as the operations below need them. */
export interface BlobFiles {
  has(stored: Digest, sizeBytes: number): boolean;
  /** Gives a complete file, flushed to disk, the name of its blob */
  install(path: string, stored: Digest): void;
}

/** A blob to add to a repository. */
export interface LinkBlob {
  readonly repository: string;
  readonly digest: ContentDigest;
  readonly stored: Digest;
  readonly sizeBytes: number;
  /** The file with its bytes, flushed to disk; it is gone afterwards */
  readonly path: string;
}

/** A blob that another repository may have. */
export interface MountBlob {
  readonly repository: string;
  readonly digest: ContentDigest;
  /** Repositories that the client may read */
  readonly from: readonly string[];
}

/** A manifest to store, with its tags. */
export interface PutManifest {
  readonly repository: string;
  readonly digest: ContentDigest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly tags: readonly string[];
  /** Digest of the subject; empty if there is none */
  readonly subject: string;
  /** Descriptor for lists of referrers, in JSON; empty without a subject */
  readonly referrer: string;
  /** What has to be there: config and layers, or the manifests of an index */
  readonly blobs: readonly ContentDigest[];
  readonly manifests: readonly ContentDigest[];
  /** What may be missing: layers that are distributed elsewhere */
  readonly optional: readonly ContentDigest[];
}

/** An image that the server composed, whose blobs are or will be in the cache. */
export interface RecordComposed extends Omit<PutManifest, 'blobs' | 'optional'> {
  /** Equal for what is composed from the same; never empty */
  readonly identity: string;
  readonly blobs: readonly { readonly digest: Digest; readonly sizeBytes: number }[];
}

/** Content of a repository. */
export interface RepositoryContent {
  readonly repository: string;
  readonly digest: ContentDigest;
}

/** A tag of a repository. */
export interface RepositoryTag {
  readonly repository: string;
  readonly tag: string;
}

/** What became of a blob: deleted, not found, or needed by the manifest of this digest. */
export type BlobDeletion = 'deleted' | 'unknown' | { readonly usedBy: string };

/** The changes of what a server has stored. Each method is one operation, run in a transaction of the caller. */
export class RegistryWrites {
  readonly #files: BlobFiles;
  readonly #nowMs: () => number;
  readonly #statements;

  constructor(database: Database.Database, files: BlobFiles, nowMs: () => number = Date.now) {
    this.#files = files;
    this.#nowMs = nowMs;
    this.#statements = prepare(database);
  }

  linkBlob({ repository, digest, stored, sizeBytes, path }: LinkBlob): void {
    this.#files.install(path, stored);
    this.#link(this.#repositoryId(repository), { digest, stored, sizeBytes });
  }

  /** Returns false if none of the repositories has the blob. */
  mountBlob({ repository, digest, from }: MountBlob): boolean {
    for (const name of from) {
      const found = this.#statements.blob.get(digest, name);
      if (found === undefined || !this.#files.has(found.stored, found.sizeBytes)) continue;
      this.#link(this.#repositoryId(repository), { digest, ...found });
      return true;
    }
    return false;
  }

  /** Notes that a client relies on the blob for what it is about to push. */
  useBlob({ repository, digest }: RepositoryContent): void {
    this.#statements.useBlob.run(this.#nowMs(), repository, digest);
  }

  /** Refuses a blob that a manifest of the repository needs. */
  deleteBlob({ repository, digest }: RepositoryContent): BlobDeletion {
    const usedBy = this.#statements.user.get(repository, digest);
    if (usedBy !== undefined) return { usedBy };
    return this.#statements.deleteBlob.run(repository, digest).changes > 0 ? 'deleted' : 'unknown';
  }

  /** Returns what the repository lacks of the manifest's content; if that is nothing, the manifest has been stored. */
  putManifest(manifest: PutManifest): readonly ContentDigest[] {
    const { repository, blobs, manifests } = manifest;
    const missing = [
      ...blobs.filter((digest) => !this.#hasBlob(repository, digest)),
      ...manifests.filter((digest) => this.#statements.manifest.get(digest, repository) === undefined),
    ];
    if (missing.length === 0) this.#store(manifest, undefined);
    return missing;
  }

  recordComposed({ blobs, identity, ...manifest }: RecordComposed): void {
    const repositoryId = this.#repositoryId(manifest.repository);
    for (const { digest, sizeBytes } of blobs)
      this.#link(repositoryId, { digest, stored: digest, sizeBytes });
    this.#store({ ...manifest, blobs: blobs.map(({ digest }) => digest), optional: [] }, identity);
  }

  /** Notes that a manifest was pulled. */
  useManifest({ repository, digest }: RepositoryContent): void {
    this.#statements.useManifest.run(this.#nowMs(), repository, digest);
  }

  /** Returns false if there is no such manifest; its tags go with it. */
  deleteManifest({ repository, digest }: RepositoryContent): boolean {
    return this.#statements.deleteManifest.run(repository, digest).changes > 0;
  }

  /** Returns false if there is no such tag. */
  deleteTag({ repository, tag }: RepositoryTag): boolean {
    return this.#statements.deleteTag.run(repository, tag).changes > 0;
  }

  #hasBlob(repository: string, digest: ContentDigest): boolean {
    const found = this.#statements.blob.get(digest, repository);
    return found !== undefined && this.#files.has(found.stored, found.sizeBytes);
  }

  #link(repositoryId: number, blob: { digest: string; stored: string; sizeBytes: number }): void {
    const { digest, stored, sizeBytes } = blob;
    this.#statements.link.run(repositoryId, digest, stored, sizeBytes, this.#nowMs());
  }

  /** @param identity undefined: it was pushed */
  #store(manifest: PutManifest, identity: string | undefined): void {
    const { repository, digest, mediaType, bytes, subject, referrer, tags } = manifest;
    const repositoryId = this.#repositoryId(repository);
    const composed = identity === undefined ? 0 : 1;
    const id = this.#statements.putManifest.get({
      ...{ repositoryId, digest, mediaType, bytes, subject, referrer, composed },
      nowMs: this.#nowMs(),
    });
    if (id === undefined) throw new Error(`${repository}: ${digest} has no row`);
    for (const target of [...manifest.blobs, ...manifest.manifests, ...manifest.optional])
      this.#statements.refer.run(id, target);
    for (const tag of tags) this.#statements.tag.run(repositoryId, tag, id, identity ?? '');
  }

  #repositoryId(name: string): number {
    const known = this.#statements.repository.get(name);
    return known ?? Number(this.#statements.addRepository.run(name).lastInsertRowid);
  }
}

interface ManifestRow extends Pick<PutManifest, 'digest' | 'mediaType' | 'bytes' | 'subject' | 'referrer'> {
  readonly repositoryId: number;
  readonly composed: 0 | 1;
  readonly nowMs: number;
}

const IN_REPOSITORY = 'repository_id = (SELECT id FROM repository WHERE name = ?)';

function prepare(database: Database.Database) {
  return {
    repository: database.prepare<[string], number>('SELECT id FROM repository WHERE name = ?').pluck(),
    addRepository: database.prepare<[string]>('INSERT INTO repository (name) VALUES (?)'),
    blob: database.prepare<[string, string], { stored: Digest; sizeBytes: number }>(
      `SELECT b.stored, b.size_bytes AS sizeBytes FROM repository r
       JOIN blob b ON b.repository_id = r.id AND b.digest = ? WHERE r.name = ?`,
    ),
    link: database.prepare<[number, string, string, number, number]>(
      `INSERT INTO blob (repository_id, digest, stored, size_bytes, used_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET used_at = excluded.used_at`,
    ),
    useBlob: database.prepare<[number, string, string]>(
      `UPDATE blob SET used_at = ? WHERE ${IN_REPOSITORY} AND digest = ?`,
    ),
    user: database
      .prepare<[string, string], string>(
        `SELECT m.digest FROM manifest m JOIN reference f ON f.manifest_id = m.id
         WHERE m.${IN_REPOSITORY} AND f.digest = ? LIMIT 1`,
      )
      .pluck(),
    deleteBlob: database.prepare<[string, string]>(`DELETE FROM blob WHERE ${IN_REPOSITORY} AND digest = ?`),
    manifest: database
      .prepare<[string, string], number>(
        `SELECT m.id FROM repository r JOIN manifest m ON m.repository_id = r.id AND m.digest = ? WHERE r.name = ?`,
      )
      .pluck(),
    putManifest: database
      .prepare<[ManifestRow], number>(
        `INSERT INTO manifest (repository_id, digest, media_type, bytes, subject, referrer, composed, put_at, used_at)
         VALUES (@repositoryId, @digest, @mediaType, @bytes, @subject, @referrer, @composed, @nowMs, @nowMs)
         ON CONFLICT (repository_id, digest) DO UPDATE SET media_type = excluded.media_type,
           composed = min(composed, excluded.composed), used_at = excluded.used_at
         RETURNING id`,
      )
      .pluck(),
    refer: database.prepare<[number, string]>(
      'INSERT INTO reference (manifest_id, digest) VALUES (?, ?) ON CONFLICT DO NOTHING',
    ),
    tag: database.prepare<[number, string, number, string]>(
      `INSERT INTO tag (repository_id, name, manifest_id, identity) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET manifest_id = excluded.manifest_id, identity = excluded.identity`,
    ),
    useManifest: database.prepare<[number, string, string]>(
      `UPDATE manifest SET used_at = ? WHERE ${IN_REPOSITORY} AND digest = ?`,
    ),
    deleteManifest: database.prepare<[string, string]>(
      `DELETE FROM manifest WHERE ${IN_REPOSITORY} AND digest = ?`,
    ),
    deleteTag: database.prepare<[string, string]>(`DELETE FROM tag WHERE ${IN_REPOSITORY} AND name = ?`),
  };
}
