import { mapConcurrent } from '../fetch/pool.ts';
import { isAppError } from '../model/app-error.ts';
import type { Digest } from '../model/digest.ts';
import type { ProgressTask } from '../model/progress.ts';
import type { Repository, RepositoryPath } from '../model/reference.ts';
import type { BlobSource } from './blobs.ts';
import { hasBlob } from './blobs.ts';
import { OwnMounts } from './own-mounts.ts';
import { isNewRepository } from './tags.ts';
import type { RegistrySession } from './types.ts';
import { cancelUpload, finishUpload, startUpload, type UploadContext, type UploadStart } from './upload.ts';

/** Most blobs cost one round trip and no transfer; more of them at a time gain nothing. */
const DEFAULT_PARALLEL = 16;

/** Blobs to push, and how. */
export interface PushOptions {
  readonly blobs: readonly BlobSource[];
  /** Blobs at a time; default 16 */
  readonly parallel?: number;
  /** Advances by the size of every blob, sent or not; bytes that have to be sent again are taken back. */
  readonly task?: ProgressTask;
}

/** Result of a push, blob by blob. */
export interface PushedBlobs {
  readonly present: readonly Digest[];
  readonly mounted: readonly Digest[];
  readonly uploaded: readonly Digest[];
  /** Bytes of upload bodies, including tries that failed */
  readonly sentBytes: number;
}

type Outcome = 'present' | 'mounted' | 'uploaded';

type OpenedUpload = Exclude<UploadStart, { readonly done: true }>;

interface PushContext extends UploadContext {
  readonly own: OwnMounts;
  /** Blob whose mount shows how the registry treats mounts; undefined: no blob waits to know */
  readonly scout: BlobSource | undefined;
  /** Tells whether the repository does not exist yet, and thus has no blob. Asks the registry once. */
  isNew(): Promise<boolean>;
}

/**
 * Pushes blobs, each digest once. A blob that is present or can be mounted takes one request; a blob that has to be sent takes
 * two. If the registry mounts nothing, or for a single blob, an upload takes three; a present blob takes two after a mount that
 * failed; a blob that is probably absent always takes two. What `keep` takes comes on top. (The distribution API also has uploads of
 * one request, with `digest` and the bytes. docker-registry 2.8 and distribution 3.1 answer those with 202 and drop the bytes, which
 * would have to be sent again.)
 * @throws AppError of the first blob that failed; the others are cancelled
 */
export async function pushBlobs(
  session: RegistrySession,
  repository: Repository,
  { blobs, parallel = DEFAULT_PARALLEL, task }: PushOptions,
): Promise<PushedBlobs> {
  const distinct = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
  const sources = distinct.flatMap((blob) => mountSources(blob, repository));
  const scout = chooseScout(distinct, repository);
  const end = new AbortController();
  let sentBytes = 0;
  const reads = [...new Set(sources)];
  const inner = distinct.length > 1 ? session.under(end.signal) : session;
  let isNew: Promise<boolean> | undefined;
  const context: PushContext = {
    session: inner,
    repository,
    reads,
    isNew() {
      isNew ??= isNewRepository(inner, repository, { actions: ['pull', 'push'], reads });
      return isNew;
    },
    sent(bytes) {
      sentBytes += bytes;
    },
    advance: (bytes) => task?.advance(bytes),
    own: new OwnMounts(),
    scout,
  };
  // The blobs that take the most requests come first, and before them the scout, which the others wait for.
  const rank = (blob: BlobSource): number =>
    blob === scout ? 0 : mountSources(blob, repository).length === 0 ? 1 : 2;
  const ordered = [...distinct].sort((a, b) => rank(a) - rank(b) || b.size - a.size);
  const outcomes = new Map<Digest, Outcome>();
  await mapConcurrent(ordered, parallel, async (blob) => {
    try {
      const outcome = await (blob === scout ? pushScout : pushBlob)(context, blob);
      if (outcome !== 'uploaded') task?.advance(blob.size);
      outcomes.set(blob.digest, outcome);
    } catch (error) {
      end.abort();
      throw error;
    }
  });
  const of = (wanted: Outcome): readonly Digest[] =>
    distinct.map(({ digest }) => digest).filter((digest) => outcomes.get(digest) === wanted);
  return { present: of('present'), mounted: of('mounted'), uploaded: of('uploaded'), sentBytes };
}

function mountSources({ mountFrom = [] }: BlobSource, { path }: Repository): readonly RepositoryPath[] {
  return mountFrom.filter((from) => from !== path);
}

/**
 * Chooses the smallest of the blobs that are mounted from no other repository and may be there: the others wait until it is. A
 * single blob needs no scout.
 */
function chooseScout(blobs: readonly BlobSource[], repository: Repository): BlobSource | undefined {
  const unhinted = blobs.filter((blob) => !blob.likelyAbsent && mountSources(blob, repository).length === 0);
  return unhinted.length < 2 ? undefined : unhinted.reduce((a, b) => (b.size < a.size ? b : a));
}

/** Pushes the scout. Its result tells the others whether they need a separate request. */
async function pushScout(context: PushContext, blob: BlobSource): Promise<Outcome> {
  const { own, repository } = context;
  try {
    const outcome = await pushBlob(context, blob);
    if (outcome === 'uploaded' && own.work === undefined) {
      const asked = await tryMount(context, blob, repository.path);
      own.found(asked?.done === true);
      if (asked?.done === false) await cancelUpload(context, asked.location);
    }
    return outcome;
  } finally {
    own.found(false);
  }
}

async function pushBlob(context: PushContext, blob: BlobSource): Promise<Outcome> {
  const { repository, own } = context;
  let opened: OpenedUpload | undefined;
  for (const [index, from] of mountSources(blob, repository).entries()) {
    const mount = await tryMount(context, blob, from);
    if (mount === undefined) continue;
    if (opened !== undefined) await cancelUpload(context, opened.location);
    if (mount.done) {
      own.found(true);
      if (index > 0) await keep(context, blob);
      return 'mounted';
    }
    opened = mount;
  }
  const outcome = await pushUnmounted(context, blob, opened);
  await keep(context, blob);
  return outcome;
}

async function keep(context: PushContext, blob: BlobSource): Promise<void> {
  context.sent((await blob.keep?.()) ?? 0);
}

/** @param before the upload that a failed mount opened */
async function pushUnmounted(
  context: PushContext,
  blob: BlobSource,
  before: OpenedUpload | undefined,
): Promise<Outcome> {
  const { session, repository, reads, own, scout } = context;
  let opened: UploadStart | undefined = before;
  let isAbsent = false;
  if (blob.likelyAbsent) {
    opened ??= await tryMount(context, blob, repository.path);
    if (opened?.done) return 'present';
    isAbsent = opened !== undefined;
  }
  if (opened === undefined && scout !== undefined && own.work !== false) {
    opened = await tryMount(context, blob, repository.path);
    if (opened?.done !== false) own.found(opened !== undefined);
    if (opened?.done) return 'present';
    isAbsent = blob !== scout && (await own.known());
  }
  // A registry that does not mount may still show this repository the blobs of others.
  if (!isAbsent && opened !== undefined && blob.keep !== undefined && blob !== scout)
    isAbsent = scout !== undefined && (await own.known()) && (await context.isNew());
  if (!isAbsent && (await hasBlob(session, repository, { ...blob, actions: ['pull', 'push'], reads }))) {
    if (opened !== undefined) await cancelUpload(context, opened.location);
    return 'present';
  }
  const started = opened ?? (await startUpload(context, blob));
  if (!started.done) await finishUpload(context, blob, started);
  return 'uploaded';
}

/** Tries a mount; undefined if the registry does not allow it or has no mounts. */
async function tryMount(
  context: UploadContext,
  blob: BlobSource,
  from: RepositoryPath,
): Promise<UploadStart | undefined> {
  try {
    return await startUpload(context, blob, from);
  } catch (error) {
    if (isAppError(error, 'AUTH') || isAppError(error, 'NOT_FOUND') || isAppError(error, 'UNSUPPORTED')) {
      return undefined;
    }
    throw error;
  }
}
