/**
 * The schema: each step makes the next version; `PRAGMA user_version` counts the steps applied. A released step is never edited.
 * Lists are newline-joined text in the index's own order and syntax; JSON columns hold data that is only read as a whole.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE repository (
    id INTEGER PRIMARY KEY,
    distro TEXT NOT NULL,
    architecture TEXT NOT NULL,
    url TEXT NOT NULL,
    base TEXT NOT NULL,
    release TEXT NOT NULL,
    name TEXT NOT NULL,
    etag TEXT NOT NULL,
    last_modified TEXT NOT NULL,
    content TEXT NOT NULL,
    description TEXT NOT NULL,
    signed_by TEXT NOT NULL,
    trust TEXT NOT NULL,
    package_count INTEGER NOT NULL,
    UNIQUE (distro, architecture, url)
  ) STRICT;

  CREATE TABLE package (
    id INTEGER PRIMARY KEY,
    repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    architecture TEXT NOT NULL,
    description TEXT NOT NULL,
    url TEXT NOT NULL,
    license TEXT NOT NULL,
    origin TEXT NOT NULL,
    maintainer TEXT NOT NULL,
    build_time INTEGER NOT NULL,
    vcs_commit TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    installed_size_bytes INTEGER NOT NULL,
    file_name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    depends TEXT NOT NULL,
    provides TEXT NOT NULL,
    replaces TEXT NOT NULL,
    conflicts TEXT NOT NULL,
    install_if TEXT NOT NULL,
    groups TEXT NOT NULL,
    provider_priority INTEGER NOT NULL,
    replaces_priority INTEGER NOT NULL,
    signature TEXT NOT NULL,
    dependents INTEGER NOT NULL,
    extra TEXT NOT NULL
  ) STRICT;
  CREATE INDEX package_by_name ON package (repository_id, name, ordinal);

  -- kind: 0 provides, 1 install_if, 2 group
  CREATE TABLE relation_name (
    repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    package_id INTEGER NOT NULL,
    PRIMARY KEY (repository_id, kind, name, package_id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE archive (
    digest TEXT PRIMARY KEY,
    distro TEXT NOT NULL,
    identity TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    architecture TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    diff_id TEXT NOT NULL,
    uncompressed_size_bytes INTEGER NOT NULL,
    compression TEXT NOT NULL,
    unstackable TEXT NOT NULL,
    signed_by TEXT NOT NULL,
    trust TEXT NOT NULL,
    segments TEXT NOT NULL,
    info TEXT NOT NULL,
    scripts TEXT NOT NULL,
    root_members TEXT NOT NULL,
    files TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX archive_by_identity ON archive (distro, identity);

  CREATE TABLE derived (
    key TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    diff_id TEXT NOT NULL,
    media_type TEXT NOT NULL,
    description TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX derived_by_digest ON derived (digest);
  `,
  `
  -- Words of descriptions; rowid is package.id. Contentless: the text itself is in package.
  CREATE VIRTUAL TABLE package_text USING fts5(
    description, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2 tokenchars '+#'"
  );
  INSERT INTO package_text (rowid, description) SELECT id, description FROM package;

  -- A repository's list of what its packages hold, pacman's '.files' database.
  CREATE TABLE file_database (
    repository_id INTEGER PRIMARY KEY REFERENCES repository (id) ON DELETE CASCADE,
    base TEXT NOT NULL,
    etag TEXT NOT NULL,
    last_modified TEXT NOT NULL,
    content TEXT NOT NULL,
    signed_by TEXT NOT NULL,
    trust TEXT NOT NULL,
    package_count INTEGER NOT NULL
  ) STRICT;

  -- paths: zstd of the paths, each between line feeds, directories with a slash at the end
  CREATE TABLE file_list (
    id INTEGER PRIMARY KEY,
    repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    paths BLOB NOT NULL,
    UNIQUE (repository_id, name, version)
  ) STRICT;

  CREATE TABLE solver_graph (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, content BLOB NOT NULL) STRICT;
  `,
  `
  ALTER TABLE archive ADD COLUMN backup_md5 TEXT NOT NULL DEFAULT '{}';
  -- Facts of before keep fewer contents: under no trust they are read again, from the cached archive, when needed.
  UPDATE archive SET trust = '';
  `,
  `
  -- Where a registry was last seen to have a blob; only a hint.
  CREATE TABLE pushed_blob (
    registry TEXT NOT NULL,
    digest TEXT NOT NULL,
    repository TEXT NOT NULL,
    PRIMARY KEY (registry, digest)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Of Arch: JSON; empty: none
  ALTER TABLE archive ADD COLUMN linker TEXT NOT NULL DEFAULT '';
  -- Facts of before lack it: under no trust they are read again, from the cached archive, when needed.
  UPDATE archive SET trust = '' WHERE distro = 'arch';
  `,
  `
  CREATE TABLE composed_image (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    content TEXT NOT NULL,
    crc32 INTEGER NOT NULL
  ) STRICT;
  `,
  `
  -- Facts of Arch's archives of before lack usr/lib/ld.so.conf.d, paths and sums of packages that makepkg did not make, a leading skippable frame:
  -- under no trust they are read again, from the cached archive, when needed.
  UPDATE archive SET trust = '' WHERE distro = 'arch';
  `,
  `
  -- URLs are kept without passwords and tokens: what was read by one that has them is read again.
  PRAGMA secure_delete = ON;
  CREATE TEMP TABLE secret AS SELECT id FROM repository
    WHERE url LIKE '%://%@%' OR base LIKE '%://%@%' OR base LIKE '%://%?%';
  DELETE FROM package_text WHERE rowid IN (SELECT id FROM package WHERE repository_id IN (SELECT id FROM secret));
  DELETE FROM package WHERE repository_id IN (SELECT id FROM secret);
  DELETE FROM relation_name WHERE repository_id IN (SELECT id FROM secret);
  DELETE FROM file_list WHERE repository_id IN (SELECT id FROM secret);
  DELETE FROM file_database WHERE repository_id IN (SELECT id FROM secret);
  DELETE FROM repository WHERE id IN (SELECT id FROM secret);
  DROP TABLE secret;
  PRAGMA secure_delete = OFF;
  `,
  `
  -- Archives and indexes of before were read by other rules: both are read again when needed.
  UPDATE archive SET trust = '';
  UPDATE repository SET content = '', etag = '', last_modified = '';
  `,
  `
  -- As long as a file keeps its identity it need not be read again.
  CREATE TABLE local_file (path TEXT PRIMARY KEY, identity TEXT NOT NULL, digest TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  -- What was read of a repository at one time. It is written piece by piece, under the lock of that name, and read once repository or file_database
  -- names it. Its packages have the ids from first_package to last_package.
  CREATE TABLE revision (
    id INTEGER PRIMARY KEY,
    lock TEXT NOT NULL,
    first_package INTEGER NOT NULL,
    last_package INTEGER NOT NULL
  ) STRICT;
  INSERT INTO revision SELECT repository.id, 'old', coalesce(min(package.id), 1), coalesce(max(package.id), 0)
    FROM repository LEFT JOIN package ON repository_id = repository.id GROUP BY repository.id;
  ALTER TABLE repository ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
  UPDATE repository SET revision = id;
  CREATE INDEX repository_by_revision ON repository (revision);

  CREATE TABLE package_of_revision (
    id INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL REFERENCES revision (id),
    ordinal INTEGER NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    architecture TEXT NOT NULL,
    description TEXT NOT NULL,
    url TEXT NOT NULL,
    license TEXT NOT NULL,
    origin TEXT NOT NULL,
    maintainer TEXT NOT NULL,
    build_time INTEGER NOT NULL,
    vcs_commit TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    installed_size_bytes INTEGER NOT NULL,
    file_name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    depends TEXT NOT NULL,
    provides TEXT NOT NULL,
    replaces TEXT NOT NULL,
    conflicts TEXT NOT NULL,
    install_if TEXT NOT NULL,
    groups TEXT NOT NULL,
    provider_priority INTEGER NOT NULL,
    replaces_priority INTEGER NOT NULL,
    signature TEXT NOT NULL,
    dependents INTEGER NOT NULL,
    extra TEXT NOT NULL
  ) STRICT;
  INSERT INTO package_of_revision SELECT * FROM package;
  DROP TABLE package;
  ALTER TABLE package_of_revision RENAME TO package;
  CREATE INDEX package_by_name ON package (revision, name, ordinal);

  -- kind: 0 provides, 2 group
  CREATE TABLE relation_of_revision (
    revision INTEGER NOT NULL REFERENCES revision (id),
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    package_id INTEGER NOT NULL,
    PRIMARY KEY (revision, kind, name, package_id)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO relation_of_revision SELECT * FROM relation_name;
  DROP TABLE relation_name;
  ALTER TABLE relation_of_revision RENAME TO relation_name;

  ALTER TABLE file_database ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
  UPDATE file_database SET revision = repository_id + (SELECT max(id) FROM repository);
  INSERT INTO revision SELECT revision, 'old', 1, 0 FROM file_database;
  CREATE TABLE file_list_of_revision (
    id INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL REFERENCES revision (id),
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    paths BLOB NOT NULL,
    UNIQUE (revision, name, version)
  ) STRICT;
  INSERT INTO file_list_of_revision
    SELECT file_list.id, revision, name, version, paths FROM file_list JOIN file_database USING (repository_id);
  DROP TABLE file_list;
  ALTER TABLE file_list_of_revision RENAME TO file_list;

  -- Words leave in batches: at a tenth (the default) each batch would have what remains written anew.
  INSERT INTO package_text (package_text, rank) VALUES ('deletemerge', 50);
  `,
  `
  -- source: version of the records and digest of what the chunk was made of
  CREATE TABLE published_chunk (
    source TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    size_bytes INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Lists of files, packed in blocks (model/file-block.ts). Archives under no trust are read again anyway.
  CREATE TABLE file_block (
    id INTEGER PRIMARY KEY,
    archive TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    content BLOB NOT NULL,
    UNIQUE (archive, ordinal)
  ) STRICT;
  INSERT INTO file_block (archive, ordinal, content)
    SELECT digest, ordinal, content FROM archive JOIN packed_files(archive.files) WHERE trust <> '';
  ALTER TABLE archive DROP COLUMN files;
  `,
  `
  -- Files of package repositories that are served as they were: indexes, file lists, signatures
  CREATE TABLE kept_file (
    key TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    index_digest TEXT NOT NULL,
    last_modified TEXT NOT NULL,
    signature BLOB NOT NULL,
    description TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
];
