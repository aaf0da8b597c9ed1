import { mapConcurrent } from '../../fetch/pool.ts';
import { redactUrl } from '../../fetch/url.ts';
import { AppError, isAppError } from '../../model/app-error.ts';
import type { ArchiveFacts } from '../../model/archive.ts';
import { type Digest, digestOf } from '../../model/digest.ts';
import { oneChunk } from '../../model/one-chunk.ts';
import type { CatalogPackage } from '../../model/package.ts';
import { silentProgress } from '../../model/progress.ts';
import { fullName, type Repository, type RepositoryPath } from '../../model/reference.ts';
import { required } from '../../model/required.ts';
import { pushBlobs } from '../../registry/push-blobs.ts';
import type { RegistrySession } from '../../registry/types.ts';
import { openArchiveFetcher } from '../archives/fetch-archives.ts';
import { archiveMediaTypeOf } from '../archives/layer-format.ts';
import type { Context } from '../context.ts';
import {
  EMPTY_CONFIG,
  type NewStoreEntry,
  putInStore,
  storeRepository,
} from '../package-store/package-store.ts';
import type { Lookup } from '../repositories/lookup.ts';
import { archiveTag, archiveUrl } from '../sources/archive-url.ts';
import { readDetachedSignature } from '../sources/detached-signature.ts';
import { basesOf } from '../sources/indexed-repository.ts';
import { isOciUrl, parseOciUrl } from '../sources/oci-url.ts';
import { packageEntry, signatureEntry } from '../sources/stored-package.ts';

/** Packages under way: each takes a download, and then three requests to the registry, one after another. */
const PARALLEL = 16;
/** Number of packages that an error lists; its details have all. */
const MAX_NAMED = 5;

/** Packages to copy to a mirror. */
export interface MirrorPackages {
  readonly session: RegistrySession;
  readonly target: Repository;
  readonly packages: readonly CatalogPackage[];
}

/** Result of copying packages. */
export interface PutPackages {
  /** Number of packages whose bytes were not sent */
  readonly mounted: number;
  readonly sentBytes: number;
}

/**
 * Fetches and verifies each package, and puts it into the mirror under the tag that follows from its index entry. A failure does
 * not stop the other packages, but fails the call.
 * @throws AppError with the code of the first failure, naming the others
 */
export async function putPackages(
  context: Context,
  lookup: Lookup,
  { session, target, packages }: MirrorPackages,
): Promise<PutPackages> {
  const { progress } = context;
  const total = packages.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const task =
    packages.length === 0 ? undefined : progress.task(`mirror to ${fullName(target)}`, total, 'bytes');
  const quiet = { ...context, progress: { ...silentProgress, note: progress.note.bind(progress) } };
  const mirror: Mirror = { session, target, store: storeRepository(context, undefined) };
  const failed: Failed[] = [];
  if (packages.length > 0) await pushBlobs(session, target, { blobs: [EMPTY_CONFIG] });
  const fetcher = openArchiveFetcher(quiet, lookup.sources, lookup.repositories);
  const pushed: Digest[] = [];
  const sent = await mapConcurrent(packages, PARALLEL, async (entry) => {
    try {
      const facts = await fetcher.facts(entry);
      const sentBytes = await putPackage(quiet, lookup, { entry, facts, mirror });
      pushed.push(facts.digest);
      task?.advance(entry.sizeBytes);
      return sentBytes;
    } catch (error) {
      if (!isAppError(error) || !isOfOnePackage(error)) throw error;
      failed.push({ name: `${entry.name}-${entry.version}`, error });
      return 0;
    }
  }).finally(() => {
    context.catalog.transaction(() => context.catalog.pushedBlobs().put(target, pushed));
    return fetcher.close();
  });
  task?.done();
  if (failed.length > 0) throw together(failed, packages.length);
  return {
    mounted: sent.filter((bytes) => bytes === 0).length,
    sentBytes: sent.reduce((sum, bytes) => sum + bytes, 0),
  };
}

interface Mirror {
  readonly session: RegistrySession;
  readonly target: Repository;
  readonly store: Repository | undefined;
}

/** Bytes sent */
async function putPackage(
  context: Context,
  lookup: Lookup,
  {
    entry,
    facts,
    mirror,
  }: { readonly entry: CatalogPackage; readonly facts: ArchiveFacts; readonly mirror: Mirror },
): Promise<number> {
  const { sources, repositories } = lookup;
  const { session, target } = mirror;
  const { digest, sizeBytes: size, compression } = facts;
  const tag = archiveTag(sources.distro.id, entry);
  const [base = ''] = basesOf(required(repositories, entry.repositoryRank));
  const signature = await signatureOf(context, lookup, { entry, base });
  // The package is pushed because the mirror lacks its tag.
  const put = async (made: NewStoreEntry) =>
    (await putInStore(session, target, { ...made, likelyAbsent: true })).sentBytes;
  let sentBytes = 0;
  if (signature !== undefined) {
    const blob = { digest: digestOf(signature), size: signature.length };
    sentBytes += await put({
      entry: signatureEntry(tag, `${entry.fileName}.sig`, blob),
      open: (start) => oneChunk(signature.subarray(start)),
    });
  }
  const stored = packageEntry(facts, { mediaType: archiveMediaTypeOf(compression), digest, size });
  sentBytes += await put({
    entry: { ...stored, tag },
    open: (start) => context.store.read({ digest, size }, start),
    damaged: (got) => context.store.damaged({ digest, size }, got),
    mountFrom: mountSources(context, mirror, { base, digest }),
  });
  return sentBytes;
}

function mountSources(
  { catalog }: Context,
  { target, store }: Mirror,
  { base, digest }: { readonly base: string; readonly digest: Digest },
): readonly RepositoryPath[] {
  const origin = isOciUrl(base) ? parseOciUrl(base).reference : undefined;
  const seen = catalog.pushedBlobs().find(target.domain, digest);
  const pathOf = (place: Repository | undefined) => (place?.domain === target.domain ? [place.path] : []);
  return [...pathOf(origin), ...(seen === undefined ? [] : [seen]), ...pathOf(store)];
}

/** Fetches the signature of an archive, if neither the archive nor its index entry has one. */
async function signatureOf(
  context: Context,
  { sources }: Lookup,
  { entry, base }: { readonly entry: CatalogPackage; readonly base: string },
): Promise<Buffer | undefined> {
  const { distro } = sources;
  if (!distro.keys.detached || entry.signature !== '') return undefined;
  return readDetachedSignature(context, sources, archiveUrl(base, distro.id, entry));
}

/** Tells whether an error concerns the place or bytes of one package only. */
function isOfOnePackage({ code }: AppError): boolean {
  return (
    code !== 'CANCELLED' && code !== 'STORAGE' && code !== 'AUTH' && code !== 'NETWORK' && code !== 'CATALOG'
  );
}

interface Failed {
  readonly name: string;
  readonly error: AppError;
}

function together(failed: readonly Failed[], asked: number): AppError {
  const { error } = required(failed, 0);
  const lines = failed.slice(0, MAX_NAMED).map((failure) => redactUrl(failure.error.message));
  const more = failed.length > MAX_NAMED ? `\nand ${failed.length - MAX_NAMED} more` : '';
  const head =
    asked === 1 ? '' : `${failed.length} of ${asked} packages could not be mirrored; the others were:\n`;
  return new AppError(error.code, `${head}${lines.join('\n')}${more}`, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    details: { ...error.details, failed: failed.map(({ name }) => name) },
    cause: error,
  });
}
