import { mapConcurrent } from '../fetch/pool.ts';
import { isAppError } from '../model/app-error.ts';
import type { Digest } from '../model/digest.ts';
import type { ProgressTask } from '../model/progress.ts';
import type { Repository, RepositoryPath } from '../model/reference.ts';
import { type BlobId, hasBlob } from './blobs.ts';
import type { RegistrySession } from './session.ts';
import { cancelUpload, finishUpload, type Started, startUpload, type UploadContext } from './upload.ts';

/** More at a time gain nothing on one line, and registries that count requests mind. */
const DEFAULT_PARALLEL = 6;

export interface BlobSource extends BlobId {
  /** Its bytes from `offset` on; called again for another try. Never called for what is there or mounted. */
  open(offset: number): AsyncIterable<Uint8Array>;
  /** Repositories of the same registry that may hold it; the first is tried */
  readonly mountFrom?: readonly RepositoryPath[];
  /**
   * Called where it could not be mounted: brings it to where it is to be mounted from, and the mount is tried once more.
   * Undefined: it cannot be brought there.
   */
  fill?(): Promise<{ readonly sentBytes: number } | undefined>;
}

export interface PushOptions {
  readonly blobs: readonly BlobSource[];
  /** Blobs at a time; default 6 */
  readonly parallel?: number;
  /** In the end it has been advanced by the size of every blob, sent or not; what has to be sent again is taken back. */
  readonly task?: ProgressTask;
}

export interface PushedBlobs {
  readonly present: readonly Digest[];
  readonly mounted: readonly Digest[];
  readonly uploaded: readonly Digest[];
  /** Bodies of uploads, also of tries that failed */
  readonly sentBytes: number;
}

type Outcome = 'present' | 'mounted' | 'uploaded';

/**
 * Brings every blob into the repository, each digest once. What can be mounted takes one request, what is there already
 * one, or two where a mount was tried; what has to be sent takes three.
 * @throws AppError of the first that failed; the others are ended
 */
export async function pushBlobs(
  session: RegistrySession,
  repository: Repository,
  { blobs, parallel = DEFAULT_PARALLEL, task }: PushOptions,
): Promise<PushedBlobs> {
  const distinct = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
  const sources = distinct.flatMap((blob) => mountSource(blob, repository) ?? []);
  const end = new AbortController();
  let sentBytes = 0;
  const context: UploadContext = {
    session: session.under(end.signal),
    repository,
    reads: [...new Set(sources)],
    sent(bytes) {
      sentBytes += bytes;
    },
    advance: (bytes) => task?.advance(bytes),
  };
  const outcomes = await mapConcurrent(distinct, parallel, async (blob): Promise<Outcome> => {
    try {
      const outcome = await pushBlob(context, blob);
      if (outcome !== 'uploaded') task?.advance(blob.size);
      return outcome;
    } catch (error) {
      end.abort();
      throw error;
    }
  });
  const of = (wanted: Outcome): readonly Digest[] =>
    distinct.filter((_, index) => outcomes[index] === wanted).map(({ digest }) => digest);
  return { present: of('present'), mounted: of('mounted'), uploaded: of('uploaded'), sentBytes };
}

function mountSource({ mountFrom = [] }: BlobSource, repository: Repository): RepositoryPath | undefined {
  return mountFrom.find((path) => path !== repository.path);
}

async function pushBlob(context: UploadContext, blob: BlobSource): Promise<Outcome> {
  const from = mountSource(blob, context.repository);
  let opened = from === undefined ? undefined : await tryMount(context, blob, from);
  if (opened?.done) return 'mounted';
  const filled = await blob.fill?.();
  if (filled !== undefined) {
    context.sent(filled.sentBytes);
    const again = from === undefined ? undefined : await tryMount(context, blob, from);
    if (opened !== undefined && again !== undefined) await cancelUpload(context, opened.location);
    opened = again ?? opened;
    if (opened?.done) {
      if (filled.sentBytes > 0) context.advance(blob.size);
      return filled.sentBytes > 0 ? 'uploaded' : 'mounted';
    }
  }
  const { session, repository, reads } = context;
  if (await hasBlob(session, repository, { ...blob, actions: ['pull', 'push'], reads })) {
    if (opened !== undefined) await cancelUpload(context, opened.location);
    return 'present';
  }
  const started = opened ?? (await startUpload(context, blob));
  if (!started.done) await finishUpload(context, blob, started);
  return 'uploaded';
}

/** Undefined: the registry does not let us, or knows no mounts. */
async function tryMount(
  context: UploadContext,
  blob: BlobSource,
  from: RepositoryPath,
): Promise<Started | undefined> {
  try {
    return await startUpload(context, blob, from);
  } catch (error) {
    if (isAppError(error, 'AUTH') || isAppError(error, 'NOT_FOUND') || isAppError(error, 'UNSUPPORTED')) {
      return undefined;
    }
    throw error;
  }
}
