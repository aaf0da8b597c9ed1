import { AppError } from '../../model/app-error.ts';
import type { Digest } from '../../model/digest.ts';
import type { CatalogPackage } from '../../model/package.ts';
import type { SourceOptions } from '../../model/request.ts';
import { required } from '../../model/required.ts';
import { digestOfFile } from '../../store/verify.ts';
import { fetchArchives } from '../archives/fetch-archives.ts';
import { archivesOf } from '../archives/indexed-archives.ts';
import type { Context } from '../context.ts';
import type { Lookup } from '../repositories/lookup.ts';
import { openLookup } from '../repositories/open-lookup.ts';
import { archiveUrl } from '../sources/archive-url.ts';
import { basesOf } from '../sources/indexed-repository.ts';

/** Request for the places of a package's archive. */
export interface ArchivePlacesRequest {
  readonly digest: Digest;
  /** Sources that may have the package, in order */
  readonly sources: readonly SourceOptions[];
}

/** Places that a package's archive can be fetched from. */
export interface ArchivePlaces {
  /** URLs and paths, in order of preference, with passwords */
  readonly urls: readonly string[];
  readonly sizeBytes: number;
}

/** Finds out where an archive can be fetched from. Undefined: no index lists it, or the digest is of no archive. @throws as openLookup */
export async function archivePlaces(
  context: Context,
  { digest, sources }: ArchivePlacesRequest,
): Promise<ArchivePlaces | undefined> {
  const found = await findArchive(context, digest, sources);
  if (found === undefined) return undefined;
  const { lookup, entry, sizeBytes } = found;
  const repository = required(lookup.repositories, entry.repositoryRank);
  const { distro } = lookup.sources;
  return { urls: basesOf(repository).map((base) => archiveUrl(base, distro.id, entry)), sizeBytes };
}

/** Adds an archive to the cache, unless it is there. @throws AppError NOT_FOUND if no index lists it; as fetchArchives */
export async function fetchArchiveOf(context: Context, request: ArchivePlacesRequest): Promise<void> {
  const { digest, sources } = request;
  const found = await findArchive(context, digest, sources);
  if (found === undefined) throw new AppError('NOT_FOUND', `${digest}: no index lists this package any more`);
  const { lookup, entry } = found;
  await fetchArchives(context, lookup.sources, { packages: [entry], repositories: lookup.repositories });
  if (!context.store.has(digest))
    throw new AppError('NOT_FOUND', `${entry.fileName}: the repository has other bytes now`);
}

/** A file with the bytes of a blob. */
export interface TakeBlobRequest {
  /** In the file system of the cache */
  readonly path: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** Moves a file into the store, after its digest has been verified. @throws AppError INTEGRITY, STORAGE */
export async function takeBlob(
  context: Context,
  { path, digest, sizeBytes }: TakeBlobRequest,
): Promise<void> {
  const got = await digestOfFile(path);
  if (got !== digest) throw new AppError('INTEGRITY', `expected ${digest}, got ${got ?? 'no file'}`);
  await context.store.adopt(path, digest, sizeBytes);
}

interface FoundArchive {
  readonly lookup: Lookup;
  readonly entry: CatalogPackage;
  readonly sizeBytes: number;
}

async function findArchive(
  context: Context,
  digest: Digest,
  sources: readonly SourceOptions[],
): Promise<FoundArchive | undefined> {
  const facts = context.catalog.archives.get(digest)?.facts;
  if (facts === undefined) return undefined;
  for (const source of sources) {
    const lookup = await openLookup(context, source);
    const entries = lookup.source.byName(facts.name);
    const archives = archivesOf(context, source.distro, entries);
    const entry = entries.find((_, index) => archives[index]?.some((known) => known.digest === digest));
    if (entry !== undefined) return { lookup, entry, sizeBytes: facts.sizeBytes };
  }
  return undefined;
}
