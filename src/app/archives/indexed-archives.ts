import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import type { ArchiveVerdict } from '../../catalog/archives.ts';
import { isLocal, localPath } from '../../fetch/url.ts';
import { type Digest, parseDigest } from '../../model/digest.ts';
import type { CatalogPackage, DistroId } from '../../model/package.ts';
import { required } from '../../model/required.ts';
import type { Context } from '../context.ts';
import { archiveUrl, type IndexedArchive } from '../sources/archive-url.ts';
import { basesOf, type IndexedRepository } from '../sources/indexed-repository.ts';
import type { Sources } from '../sources/sources.ts';

const PIECE_BYTES = 4 * 1024 * 1024;
/** A file that was just changed may change again within the precision of its times. */
const SETTLED_MS = 2_000;

/** Fields of an index entry that identify its archive in the catalog. */
type Described = Pick<CatalogPackage, 'checksum' | 'sizeBytes' | 'name' | 'version'>;

/** Archives in the catalog, for each of the given entries. */
type Archives = readonly (readonly ArchiveVerdict[])[];

/**
 * Returns the archives in the catalog that index entries may refer to: those with an entry's checksum (which in apk's index covers
 * neither signature nor compression), size, name and version.
 */
export function archivesOf({ catalog }: Context, distro: DistroId, entries: readonly Described[]): Archives {
  const verdicts = catalog.archives.verdicts(
    distro,
    entries.map(({ checksum }) => checksum),
  );
  return entries.map(({ checksum, sizeBytes, name, version }, index) => {
    if (checksum === '') return [];
    return required(verdicts, index)
      .filter((verdict) => sizeBytes === 0 || verdict.sizeBytes === sizeBytes)
      .filter((verdict) => verdict.name === name && verdict.version === version);
  });
}

/** Returns for each entry the digest of its archive if its bytes are in the store and the catalog has its facts; otherwise undefined. */
export function cachedDigests(
  context: Context,
  sources: Sources,
  entries: readonly Described[],
): readonly (Digest | undefined)[] {
  return archivesOf(context, sources.distro.id, entries).map(
    (found) => found.find(({ digest }) => context.store.has(digest))?.digest,
  );
}

/** An entry of a repository's index. */
export interface ListedArchive {
  readonly entry: IndexedArchive;
  readonly repository: IndexedRepository | undefined;
}

/**
 * Returns the same as archivesOf, independently of what the cache has seen before: for a folder, only the archive that is there
 * now; nothing if several archives of the same size are known, so that the repository's own copy decides.
 */
export function archivesAt(context: Context, distro: DistroId, listed: readonly ListedArchive[]): Archives {
  const bases = new Map<IndexedRepository, readonly string[]>();
  const archives = archivesOf(
    context,
    distro,
    listed.map(({ entry }) => entry),
  );
  return listed.map(({ entry, repository }, index) => {
    const found = required(archives, index);
    if (found.length === 0 || repository === undefined) return found;
    const places = bases.get(repository) ?? basesOf(repository);
    bases.set(repository, places);
    const path = places
      .map((base) => archiveUrl(base, distro, entry))
      .filter(isLocal)
      .map(localPath)
      .find((place) => existsSync(place));
    if (path === undefined) return found.length === 1 ? found : [];
    const digest = digestOfLocal(context, path);
    return found.filter((verdict) => verdict.digest === digest);
  });
}

/** Hashes a file once, until the file system says that it has changed. */
function digestOfLocal({ catalog }: Context, path: string): Digest {
  const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = statSync(path, { bigint: true });
  const identity = [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  const known = catalog.localFiles().find(path, identity);
  if (known !== undefined) return known;
  const digest = hashFile(path);
  if (Date.now() - Number(ctimeMs) > SETTLED_MS) {
    try {
      catalog.localFiles().put(path, identity, digest);
    } catch (error) {
      // Only makes the next run faster.
      if (!isBusy(error)) throw error;
    }
  }
  return digest;
}

function isBusy(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && /^SQLITE_(?:BUSY|READONLY|FULL)/.test(String(error.code))
  );
}

function hashFile(path: string): Digest {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  const file = openSync(path, 'r');
  try {
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece))
      hash.update(piece.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return parseDigest(`sha256:${hash.digest('hex')}`);
}
