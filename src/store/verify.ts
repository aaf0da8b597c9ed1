import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { errnoOf, storageError } from '../files/errno.ts';
import type { Digest } from '../model/digest.ts';
import type { FileBlobStore } from './blob-store.ts';

/** A blob whose bytes have another digest. */
export interface DamagedBlob {
  readonly digest: Digest;
  readonly expected: Digest;
  readonly got: Digest;
}

/** Result of verifying a whole store. */
export interface VerifyResult {
  readonly checked: number;
  readonly damaged: readonly DamagedBlob[];
  readonly removed: number;
}

const READ_BYTES = 1 << 20;

/**
 * Hashes every blob. With `repair`, damaged ones are removed, and fetched or made again when next needed. Blobs that are removed
 * meanwhile are skipped.
 * @throws AppError STORAGE if a blob cannot be read
 */
export async function verifyStore(
  store: FileBlobStore,
  options: {
    readonly repair?: boolean;
    readonly signal?: AbortSignal;
    readonly onBlob?: (digest: Digest) => void;
  } = {},
): Promise<VerifyResult> {
  const damaged: DamagedBlob[] = [];
  let checked = 0;
  let removed = 0;
  for await (const { digest } of store.list()) {
    options.signal?.throwIfAborted();
    const got = store.has(digest) ? await digestOfFile(store.get(digest)) : undefined;
    if (got === undefined) continue;
    checked += 1;
    options.onBlob?.(digest);
    if (got === digest) continue;
    damaged.push({ digest, expected: digest, got });
    if (options.repair === true && (await store.remove(digest))) removed += 1;
  }
  return { checked, damaged, removed };
}

/** Hashes a file; undefined if it does not exist. @throws AppError STORAGE */
export async function digestOfFile(path: string): Promise<Digest | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) hash.update(chunk);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw storageError(error, 'read', path);
  }
  return `sha256:${hash.digest('hex')}` as Digest;
}
