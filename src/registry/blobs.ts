import type { Hash } from 'node:crypto';
import type { Digest } from '../model/digest.ts';
import type { Repository } from '../model/reference.ts';
import type { RegistrySession } from './session.ts';

/** What a blob is asked for by; a Descriptor is one. */
export interface BlobId {
  readonly digest: Digest;
  /** Bytes */
  readonly size: number;
}

/** What is there already of a blob: its first bytes, and the sha256 that took them in. */
export interface BlobPrefix {
  readonly offset: number;
  readonly hash: Hash;
}

export async function hasBlob(
  _session: RegistrySession,
  _repository: Repository,
  _blob: BlobId,
): Promise<boolean> {
  throw new Error('being written');
}

/**
 * The blob's bytes as they come, from the end of `prefix` on; cut replies are resumed. Throws at the latest after the
 * last byte when size or digest differ: use nothing before it has ended.
 * @throws AppError NOT_FOUND, INTEGRITY, NETWORK, CANCELLED
 */
export function readBlob(
  _session: RegistrySession,
  _repository: Repository,
  _blob: BlobId & { readonly prefix?: BlobPrefix },
): AsyncIterable<Buffer> {
  throw new Error('being written');
}

/** False when it was not there. @throws AppError UNSUPPORTED when the registry does not delete */
export async function deleteBlob(
  _session: RegistrySession,
  _repository: Repository,
  _digest: Digest,
): Promise<boolean> {
  throw new Error('being written');
}
