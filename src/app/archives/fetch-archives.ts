import type { ArchiveVerdict, StoredArchive } from '../../catalog/archives.ts';
import { limited, mapConcurrent } from '../../fetch/pool.ts';
import { isLocal } from '../../fetch/url.ts';
import { isAppError } from '../../model/app-error.ts';
import type { ArchiveFacts } from '../../model/archive.ts';
import type { CatalogPackage } from '../../model/package.ts';
import { required } from '../../model/required.ts';
import { limitYoungGeneration } from '../../model/young-generation.ts';
import { digestOfFile } from '../../store/verify.ts';
import { type Context, expectFetching, NotFetchedError } from '../context.ts';
import type { IndexedRepository } from '../sources/indexed-repository.ts';
import type { Sources } from '../sources/sources.ts';
import { fetchArchive } from './fetch-archive.ts';
import { fetchKeysOfRepositories } from './fetch-keys.ts';
import { archivesAt } from './indexed-archives.ts';
import { readTrusted } from './ingest-file.ts';
import { type ArchiveReader, ReaderThread } from './reader-thread.ts';
import { type RetryWithKeys, retryWithKeys } from './retry-with-keys.ts';

/** Downloads at a time: polite to one mirror, enough to hide its latency. */
const CONCURRENCY = 8;
/** Fewer are read before a thread has started. */
const MIN_FOR_THREAD = 8;

/**
 * Returns the facts of each package's archive, in the same order. Missing archives are downloaded, verified and ingested.
 * @throws AppError as ArchiveFetcher
 */
export async function fetchArchives(
  context: Context,
  sources: Sources,
  wanted: { packages: readonly CatalogPackage[]; repositories: readonly IndexedRepository[] },
): Promise<readonly ArchiveFacts[]> {
  const { packages, repositories } = wanted;
  const cached = fromCache(
    context,
    sources,
    packages.map((entry) => ({ entry, repository: repositories[entry.repositoryRank] })),
  );
  const missing = packages.filter((_, index) => cached[index] === undefined);
  const hasRemote = missing.some((entry) => isRemote(repositories[entry.repositoryRank]));
  const task =
    missing.length === 0
      ? undefined
      : context.progress.task(
          hasRemote ? 'fetch and ingest' : 'ingest',
          missing.reduce((sum, entry) => sum + entry.sizeBytes, 0),
          'bytes',
        );
  const fetcher = openArchiveFetcher(context, sources, repositories);
  const facts = await mapConcurrent(packages.entries(), CONCURRENCY, async ([index, entry]) => {
    const known = cached[index];
    if (known !== undefined) return fetcher.verified(entry, known);
    const made = await fetcher.fetched(entry);
    task?.advance(entry.sizeBytes);
    return made;
  }).finally(() => fetcher.close());
  task?.done();
  return facts;
}

/**
 * Gets archives one by one; any number at once.
 * @throws AppError NETWORK, NOT_FOUND, INTEGRITY, SIGNATURE, UNTRUSTED_KEY, BAD_ARCHIVE, STORAGE
 */
export interface ArchiveFetcher {
  /** Returns the facts of a package's archive, which is downloaded, verified and ingested unless it is cached. */
  facts(entry: CatalogPackage): Promise<ArchiveFacts>;
  /** Does so without a look into the cache. */
  fetched(entry: CatalogPackage): Promise<ArchiveFacts>;
  /** Does so with what the cache has. */
  verified(entry: CatalogPackage, stored: StoredArchive): Promise<ArchiveFacts>;
  /** Ends the thread that reads downloads. */
  close(): Promise<void>;
}

/** Opens a fetcher for packages of some repositories. With many downloads, it reads them on a thread of its own. */
export function openArchiveFetcher(
  context: Context,
  sources: Sources,
  repositories: readonly IndexedRepository[],
): ArchiveFetcher {
  const withKeys = retryWithKeys(sources.trust, () =>
    fetchKeysOfRepositories(context, sources, repositories),
  );
  const inTurn = limited(CONCURRENCY);
  let downloads = 0;
  let thread: ReaderThread | undefined;
  const reader: ArchiveReader = { read: async (file) => thread?.read(file) };
  const fetched = async (entry: CatalogPackage) => {
    expectFetching(context, entry.fileName);
    const repository = required(repositories, entry.repositoryRank);
    if (isRemote(repository) && ++downloads === MIN_FOR_THREAD) {
      limitYoungGeneration();
      thread = ReaderThread.start(context.signal);
    }
    const known = () => accepted(context, sources, { entry, repository });
    return inTurn(() =>
      fetchArchive(context, sources, { entry, repository, withKeys, reader, fromCache: known }),
    );
  };
  const verified = (entry: CatalogPackage, stored: StoredArchive) =>
    reverify(context, sources, { entry, stored, fetch: () => fetched(entry), withKeys });
  return {
    async facts(entry) {
      const repository = repositories[entry.repositoryRank];
      const [stored] = fromCache(context, sources, [{ entry, repository }]);
      return stored === undefined ? fetched(entry) : verified(entry, stored);
    },
    fetched,
    verified,
    async close() {
      await thread?.close();
    },
  };
}

const isRemote = (repository: IndexedRepository | undefined): boolean => !isLocal(repository?.row.base ?? '');

interface Listed {
  readonly entry: CatalogPackage;
  readonly repository: IndexedRepository | undefined;
}

function accepted(context: Context, sources: Sources, listed: Listed): ArchiveFacts | undefined {
  const [stored] = fromCache(context, sources, [listed]);
  return stored !== undefined && sources.trust.accepts(stored.trust) ? stored.facts : undefined;
}

/**
 * Chooses for each entry one of the archives that it may refer to: one whose bytes are here, preferably one that was accepted under
 * this trust. If facts suffice, also one that is elsewhere and that this trust accepts, by its own check or a published catalog's.
 */
function fromCache(
  context: Context,
  sources: Sources,
  listed: readonly Listed[],
): readonly (StoredArchive | undefined)[] {
  return archivesAt(context, sources.distro.id, listed).map((found) => {
    const chosen = chooseArchive(context, sources, found);
    return chosen && storedArchive(context, chosen);
  });
}

/** Larger lists of files are read from the catalog each time. */
const MAX_KEPT_BYTES = 256 * 1024;
const MAX_KEPT = 1_000;

/** Returns the facts of an archive, from memory if the context keeps them there. */
function storedArchive(
  { catalog, facts: kept }: Context,
  { digest, trust }: ArchiveVerdict,
): StoredArchive | undefined {
  const known = kept?.get(digest);
  if (known !== undefined) return { facts: known, trust };
  const stored = catalog.archives.get(digest);
  if (kept === undefined || stored === undefined) return stored;
  const sizeBytes = stored.facts.files.blocks.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (sizeBytes > MAX_KEPT_BYTES) return stored;
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(digest, stored.facts);
  return stored;
}

function chooseArchive(
  { store, remote }: Context,
  { trust }: Sources,
  found: readonly ArchiveVerdict[],
): ArchiveVerdict | undefined {
  const here = found.filter(({ digest, sizeBytes }) => store.has(digest, sizeBytes));
  const accepted = here.find((verdict) => trust.accepts(verdict.trust));
  if (accepted !== undefined || remote === undefined) return accepted ?? here[0];
  const elsewhere = found.filter(({ digest }) => !store.has(digest) && remote.mayHave(digest));
  return (
    elsewhere.find((verdict) => trust.accepts(verdict.trust)) ??
    elsewhere.find((verdict) => trust.acceptsClaim(verdict.trust)) ??
    here[0]
  );
}

/**
 * Verifies facts that were accepted under another trust again, over the stored bytes. If these are refused (the same package
 * signed with another key, a signature kept beside it), the repository's own copy decides.
 */
async function reverify(
  context: Context,
  sources: Sources,
  cached: {
    entry: CatalogPackage;
    stored: StoredArchive;
    fetch: () => Promise<ArchiveFacts>;
    withKeys: RetryWithKeys;
  },
): Promise<ArchiveFacts> {
  const { distro, trust } = sources;
  const { entry, stored, fetch, withKeys } = cached;
  const { digest, sizeBytes } = stored.facts;
  const isHere = context.remote === undefined || context.store.has(digest, sizeBytes);
  if (trust.accepts(stored.trust) || !isHere) {
    context.store.touch(digest);
    return stored.facts;
  }
  const path = context.store.get(digest);
  const where = `${entry.fileName} (cached)`;
  try {
    const file = { content: path, where, distro, trust, expected: entry };
    const facts = await withKeys(() => readTrusted(context, file));
    context.catalog.archives.put(facts, trust.label);
    return facts;
  } catch (error) {
    if (!isAppError(error) || error.code === 'CANCELLED' || error.code === 'STORAGE') throw error;
    // Damaged bytes would stay, since an existing blob is never written again.
    if ((await digestOfFile(path)) !== digest) await context.store.remove(digest);
    try {
      return await fetch();
    } catch (refusal) {
      if (refusal instanceof NotFetchedError) throw refusal;
      throw isAppError(refusal, 'NETWORK') || isAppError(refusal, 'NOT_FOUND') ? error : refusal;
    }
  }
}
