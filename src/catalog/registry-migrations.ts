/**
 * The schema of registry.sqlite, what a server has stored: each step makes the next version; a released step is never edited.
 * Times are milliseconds since the epoch. A digest is the one that clients use (sha256 or sha512); `stored` is the sha256 digest
 * that names a blob in the store.
 */
export const REGISTRY_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE repository (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
  ) STRICT;

  -- Blobs that a repository has: others may have them too, and know nothing of this.
  CREATE TABLE blob (
    repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    stored TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (repository_id, digest)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX blob_by_stored ON blob (stored);

  -- referrer: the descriptor that lists of referrers show, in JSON; empty without a subject. composed: 1 if the server made it.
  CREATE TABLE manifest (
    id INTEGER PRIMARY KEY,
    repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes BLOB NOT NULL,
    subject TEXT NOT NULL,
    referrer TEXT NOT NULL,
    composed INTEGER NOT NULL,
    put_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    UNIQUE (repository_id, digest)
  ) STRICT;
  CREATE INDEX manifest_by_subject ON manifest (repository_id, subject, digest) WHERE subject <> '';

  CREATE TABLE tag (
    repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    manifest_id INTEGER NOT NULL REFERENCES manifest (id) ON DELETE CASCADE,
    PRIMARY KEY (repository_id, name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tag_by_manifest ON tag (manifest_id);

  -- Blobs and manifests that a manifest refers to, by the digests it uses.
  CREATE TABLE reference (
    manifest_id INTEGER NOT NULL REFERENCES manifest (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    PRIMARY KEY (manifest_id, digest)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX reference_by_digest ON reference (digest);
  `,
  `
  -- What the image of a tag was composed from; empty: it was pushed.
  ALTER TABLE tag ADD COLUMN identity TEXT NOT NULL DEFAULT '';
  `,
];
