import type { Digest } from '../model/digest.ts';
import type { ProgressTask } from '../model/progress.ts';
import type { Repository, RepositoryPath } from '../model/reference.ts';
import type { BlobId } from './blobs.ts';
import type { RegistrySession } from './session.ts';

export interface BlobSource extends BlobId {
  /** Its bytes from `offset` on; called again for another try. Never called for what is there or mounted. */
  open(offset: number): AsyncIterable<Uint8Array>;
  /** Repositories of the same registry that may hold it; the first is tried */
  readonly mountFrom?: readonly RepositoryPath[];
}

export interface PushOptions {
  /** Blobs at a time; default 6 */
  readonly parallel?: number;
  /** Advanced by the bytes sent */
  readonly task?: ProgressTask;
}

export interface PushedBlobs {
  readonly present: readonly Digest[];
  readonly mounted: readonly Digest[];
  readonly uploaded: readonly Digest[];
  /** Bodies of uploads, also of tries that failed */
  readonly sentBytes: number;
}

/**
 * Brings every blob into the repository, each digest once: at most two requests for what is there or can be mounted.
 * @throws AppError of the first that failed; the others are ended
 */
export async function pushBlobs(
  _session: RegistrySession,
  _repository: Repository,
  _push: PushOptions & { readonly blobs: readonly BlobSource[] },
): Promise<PushedBlobs> {
  throw new Error('being written');
}
