import { rmSync } from 'node:fs';
import type { StoredArchive } from '../catalog/archives.ts';
import { download } from '../fetch/http.ts';
import { mapConcurrent } from '../fetch/pool.ts';
import { isLocal, joinUrl, localPath } from '../fetch/url.ts';
import { isAppError } from '../model/app-error.ts';
import type { ArchiveFacts } from '../model/archive.ts';
import { type Digest, digestOf, hexOf } from '../model/digest.ts';
import type { CatalogPackage } from '../model/package.ts';
import type { Context } from './context.ts';
import type { IndexedRepository } from './indexed-repository.ts';
import { type IngestFile, ingestFile, readArchiveFile } from './ingest-file.ts';
import { readSignature } from './signatures.ts';
import type { Sources } from './sources.ts';

/** Downloads under way at once: polite to one mirror, enough to hide its latency. */
const CONCURRENCY = 6;
/** The largest package of both distributions is below 2 GiB; what an index says itself is the real limit. */
const MAX_ARCHIVE_BYTES = 16 * 1024 ** 3;

/** The archive's digest when its bytes are in the store and the catalog knows them. */
export function cachedDigest(context: Context, sources: Sources, entry: CatalogPackage): Digest | undefined {
  if (entry.checksum === '') return undefined;
  return context.catalog.archives
    .digestsOf(sources.distro.id, entry.checksum)
    .find((digest) => context.store.has(digest));
}

/**
 * The facts of each package's archive, in the same order; what is missing is downloaded, verified and ingested.
 * @throws AppError NETWORK, NOT_FOUND, INTEGRITY, SIGNATURE, UNTRUSTED_KEY, BAD_ARCHIVE, STORAGE
 */
export async function fetchArchives(
  context: Context,
  sources: Sources,
  wanted: { packages: readonly CatalogPackage[]; repositories: readonly IndexedRepository[] },
): Promise<readonly ArchiveFacts[]> {
  const { packages, repositories } = wanted;
  const cached = packages.map((entry) => fromCache(context, sources, entry));
  const missing = packages.filter((_, at) => cached[at] === undefined);
  const remote = missing.filter((entry) => !isLocal(repositories[entry.repositoryRank]?.row.base ?? ''));
  const task =
    missing.length === 0
      ? undefined
      : context.progress.task(
          remote.length > 0 ? 'fetch and ingest' : 'ingest',
          missing.reduce((sum, entry) => sum + entry.sizeBytes, 0),
          'bytes',
        );
  const facts = await mapConcurrent(packages.entries(), CONCURRENCY, async ([at, entry]) => {
    const known = cached[at];
    if (known !== undefined) return reverify(context, sources, { entry, stored: known });
    const repository = repositories[entry.repositoryRank] as IndexedRepository;
    const made = await fetchOne(context, sources, { entry, repository });
    task?.advance(entry.sizeBytes);
    return made;
  });
  task?.done();
  return facts;
}

function fromCache(context: Context, sources: Sources, entry: CatalogPackage): StoredArchive | undefined {
  const digest = cachedDigest(context, sources, entry);
  return digest === undefined ? undefined : context.catalog.archives.get(digest);
}

/** Facts accepted under another trust are verified again, over the stored bytes. */
async function reverify(
  context: Context,
  sources: Sources,
  { entry, stored }: { entry: CatalogPackage; stored: StoredArchive },
): Promise<ArchiveFacts> {
  const { distro, trust } = sources;
  if (trust.accepts(stored.trust)) {
    context.store.touch(stored.facts.digest);
    return stored.facts;
  }
  const path = context.store.get(stored.facts.digest);
  const facts = await readArchiveFile(context, {
    path,
    where: `${entry.fileName} (cached)`,
    distro,
    trust,
    expected: entry,
  });
  context.catalog.archives.put(facts, trust.fingerprint);
  return facts;
}

async function fetchOne(
  context: Context,
  sources: Sources,
  { entry, repository }: { entry: CatalogPackage; repository: IndexedRepository },
): Promise<ArchiveFacts> {
  const { distro, trust } = sources;
  const bases = [
    repository.row.base,
    ...repository.spec.baseUrls.filter((base) => base !== repository.row.base),
  ];
  const urls = bases.map((base) => joinUrl(base, entry.fileName));
  const first = urls[0] as string;
  if (isLocal(first)) {
    const path = localPath(first);
    const signature = await detachedSignature(context, sources, { entry, url: path });
    return await takeIn(context, {
      path,
      where: path,
      distro,
      trust,
      expected: entry,
      adopt: false,
      ...signature,
    });
  }
  const path = context.store.partialPath(hexOf(digestOf(`${entry.checksum} ${entry.fileName}`)));
  const { url } = await download(urls, path, {
    signal: context.signal,
    progress: context.progress,
    expectedSizeBytes: entry.sizeBytes,
    maxBytes: MAX_ARCHIVE_BYTES,
  });
  const signature = await detachedSignature(context, sources, { entry, url });
  try {
    return await takeIn(context, {
      path,
      where: url,
      distro,
      trust,
      expected: entry,
      adopt: true,
      ...signature,
    });
  } catch (error) {
    // A refused download would only be resumed into the same refusal.
    if (!isAppError(error, 'STORAGE') && !isAppError(error, 'CANCELLED')) rmSync(path, { force: true });
    throw error;
  }
}

async function takeIn(context: Context, file: IngestFile): Promise<ArchiveFacts> {
  return (await ingestFile(context, file)).facts;
}

/** The `.sig` beside an archive whose index entry carries no signature, where one is asked for. */
async function detachedSignature(
  context: Context,
  sources: Sources,
  { entry, url }: { entry: CatalogPackage; url: string },
): Promise<{ signature?: Uint8Array }> {
  if (!sources.distro.defaults.detachedSignatures || entry.signature !== '' || sources.trust.allowUntrusted)
    return {};
  const signature = await readSignature(context, url);
  return signature === undefined ? {} : { signature };
}
