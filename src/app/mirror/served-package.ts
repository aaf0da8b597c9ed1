import { isLocal, redactUrl } from '../../fetch/url.ts';
import { isAppError } from '../../model/app-error.ts';
import type { CatalogPackage } from '../../model/package.ts';
import { required } from '../../model/required.ts';
import type { ServedPackage } from '../../model/served-mirror.ts';
import { openArchiveFetcher } from '../archives/fetch-archives.ts';
import { fetchKeysOfRepositories } from '../archives/fetch-keys.ts';
import { archivesOf } from '../archives/indexed-archives.ts';
import { ingestFile } from '../archives/ingest-file.ts';
import { retryWithKeys } from '../archives/retry-with-keys.ts';
import { type Context, expectFetching } from '../context.ts';
import type { Lookup } from '../repositories/lookup.ts';
import { openLookup } from '../repositories/open-lookup.ts';
import { archiveUrl } from '../sources/archive-url.ts';
import { readDetachedSignature } from '../sources/detached-signature.ts';
import { basesOf } from '../sources/indexed-repository.ts';
import type { ServedFileListsRequest } from './served-mirror.ts';

const SIGNATURE = '.sig';

/** Request of `servedPackage`. */
export interface ServedPackageRequest extends ServedFileListsRequest {
  /** Name in the repository's folder: that of an archive, or of its detached signature */
  readonly fileName: string;
  /** Fetch it if it is not in the cache */
  readonly fetch: boolean;
}

/**
 * Returns a package of a repository as it is in the cache, or the places to fetch it from. A package that the index no longer lists
 * is served from the cache, for clients that have an earlier index.
 * @throws AppError as openLookup; with `fetch`, as fetchArchives
 */
export async function servedPackage(context: Context, request: ServedPackageRequest): Promise<ServedPackage> {
  const lookup = await openLookup(context, request.source, 'if-missing');
  const { fileName, rank } = request;
  if (lookup.sources.distro.keys.detached && fileName.endsWith(SIGNATURE))
    return signatureOf(context, lookup, { rank, fileName: fileName.slice(0, -SIGNATURE.length) });
  const entry = entryOf(lookup, { rank, fileName });
  if (entry === undefined) return formerly(context, lookup, request);
  return (await cached(context, lookup, entry)) ?? (await missing(context, lookup, { entry, request }));
}

interface Wanted {
  readonly rank: number;
  readonly fileName: string;
}

function entryOf({ sources, source }: Lookup, { rank, fileName }: Wanted): CatalogPackage | undefined {
  const named = sources.distro.archives.names.read(fileName);
  const entries = named === undefined ? [] : source.byName(named.name);
  return entries.find((entry) => entry.repositoryRank === rank && entry.fileName === fileName);
}

/** Finds its archive in the cache, accepted under this trust; one that was accepted under another is verified again. */
async function cached(
  context: Context,
  { sources, repositories }: Lookup,
  entry: CatalogPackage,
): Promise<ServedPackage | undefined> {
  const { store } = context;
  const here = archivesOf(context, sources.distro.id, [entry])
    .flat()
    .filter(({ digest, sizeBytes }) => store.has(digest, sizeBytes));
  const [first] = here;
  if (first === undefined) return undefined;
  const accepted = here.find(({ trust }) => sources.trust.accepts(trust));
  const lastModified = dateOf(entry);
  if (accepted !== undefined) {
    store.touch(accepted.digest);
    return { kind: 'cached', digest: accepted.digest, sizeBytes: accepted.sizeBytes, lastModified };
  }
  const fetcher = openArchiveFetcher(context, sources, repositories);
  try {
    const { digest, sizeBytes } = await fetcher.facts(entry);
    return { kind: 'cached', digest, sizeBytes, lastModified };
  } finally {
    await fetcher.close();
  }
}

async function missing(
  context: Context,
  lookup: Lookup,
  { entry, request }: { readonly entry: CatalogPackage; readonly request: ServedPackageRequest },
): Promise<ServedPackage> {
  const { sources, repositories } = lookup;
  const lastModified = dateOf(entry);
  if (request.fetch) {
    const fetcher = openArchiveFetcher(context, sources, repositories);
    try {
      const { digest, sizeBytes } = await fetcher.fetched(entry);
      return { kind: 'cached', digest, sizeBytes, lastModified };
    } finally {
      await fetcher.close();
    }
  }
  const bases = basesOf(required(repositories, entry.repositoryRank));
  const urls = bases.map((base) => archiveUrl(base, sources.distro.id, entry));
  const streams = entry.sizeBytes > 0 && !urls.some(isLocal);
  return { kind: 'remote', urls: streams ? urls : [], sizeBytes: entry.sizeBytes, lastModified };
}

/** Finds an archive of that name that an earlier index listed; else says what the index has. */
function formerly(context: Context, { sources, source }: Lookup, { rank, fileName }: Wanted): ServedPackage {
  const { distro, trust } = sources;
  const named = distro.archives.names.read(fileName);
  if (named === undefined) return { kind: 'unknown', message: `${fileName}: not the name of a package` };
  const found = context.catalog.archives
    .named(distro.id, named.name, named.version)
    .find(
      (archive) =>
        (named.architecture === undefined || named.architecture === archive.architecture) &&
        trust.accepts(archive.trust) &&
        context.store.has(archive.digest, archive.sizeBytes),
    );
  if (found !== undefined)
    return { kind: 'cached', digest: found.digest, sizeBytes: found.sizeBytes, lastModified: '' };
  const there = source.byName(named.name).filter((entry) => entry.repositoryRank === rank);
  const has = there.map((entry) => entry.fileName).join(', ');
  const message = `${fileName}: not in the index of this repository`;
  return { kind: 'unknown', message: has === '' ? message : `${message}, which has ${has}` };
}

/** A signature that the package was verified by is in the cache; any other is passed on unverified, and not kept. */
async function signatureOf(context: Context, lookup: Lookup, wanted: Wanted): Promise<ServedPackage> {
  const { sources, repositories } = lookup;
  const entry = entryOf(lookup, wanted);
  if (entry === undefined) return formerly(context, lookup, wanted);
  if (entry.signature !== '') return { kind: 'bytes', bytes: Buffer.from(entry.signature, 'base64') };
  const kept = context.catalog.keptFiles().find(signatureKey(sources.distro.id, entry));
  if (kept !== undefined) return { kind: 'bytes', bytes: kept.signature };
  expectFetching(context, `${wanted.fileName}${SIGNATURE}`);
  for (const base of basesOf(required(repositories, wanted.rank))) {
    const url = archiveUrl(base, sources.distro.id, entry);
    const bytes = await readDetachedSignature(context, sources, url);
    if (bytes !== undefined) return { kind: 'bytes', bytes };
  }
  return { kind: 'unknown', message: `${wanted.fileName}: the mirrors have no signature of it` };
}

const signatureKey = (distro: string, { checksum, fileName }: CatalogPackage): string =>
  `signature ${distro} ${checksum} ${fileName}`;

function dateOf({ buildTime }: CatalogPackage): string {
  return buildTime === 0 ? '' : new Date(buildTime * 1000).toUTCString();
}

/** Request of `ingestServed`. */
export interface IngestServedRequest extends ServedFileListsRequest {
  readonly fileName: string;
  /** File that was downloaded, which is moved into the cache */
  readonly path: string;
  /** Mirrors that it may be from */
  readonly urls: readonly string[];
}

/**
 * Verifies a download against the index and its signature, and adds it to the cache.
 * @throws AppError as Archives.read; NOT_FOUND if the index no longer lists it
 */
export async function ingestServed(context: Context, request: IngestServedRequest): Promise<ServedPackage> {
  const { fileName, path, urls } = request;
  // Reads a whole archive, whatever is permitted.
  expectFetching(context, fileName);
  const lookup = await openLookup(context, request.source, 'if-missing');
  const { sources, repositories } = lookup;
  const { distro, trust } = sources;
  const entry = entryOf(lookup, request);
  if (entry === undefined) return formerly(context, lookup, request);
  const signature =
    distro.keys.detached && entry.signature === '' && !trust.allowUntrusted
      ? await firstSignature(context, sources, urls)
      : undefined;
  const withKeys = retryWithKeys(trust, () => fetchKeysOfRepositories(context, sources, repositories));
  const where = redactUrl(required(urls, 0));
  const { facts } = await withKeys(() =>
    ingestFile(context, {
      content: path,
      where,
      distro,
      trust,
      expected: entry,
      adopt: true,
      ...(signature === undefined ? {} : { signature }),
    }),
  );
  const { digest, sizeBytes } = facts;
  const lastModified = dateOf(entry);
  if (signature !== undefined)
    context.catalog.keptFiles().put(signatureKey(distro.id, entry), {
      digest,
      sizeBytes,
      index: digest,
      lastModified,
      signature,
      description: `${facts.name}-${facts.version} (${facts.distro})`,
    });
  return { kind: 'cached', digest, sizeBytes, lastModified };
}

async function firstSignature(
  context: Context,
  sources: Lookup['sources'],
  urls: readonly string[],
): Promise<Buffer | undefined> {
  for (const url of urls) {
    try {
      const signature = await readDetachedSignature(context, sources, url);
      if (signature !== undefined) return signature;
    } catch (error) {
      if (!isAppError(error, 'NETWORK')) throw error;
    }
  }
  return undefined;
}
