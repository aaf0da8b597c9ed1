import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type Digest, hexOf } from '../model/digest.ts';
import type { FileBlobStore } from './blob-store.ts';
import { storageError } from './storage-error.ts';

export interface StoreVerification {
  readonly checked: number;
  readonly damaged: readonly { readonly digest: Digest; readonly expected: string; readonly got: string }[];
  /** Digests that `repair` removed */
  readonly removed: readonly Digest[];
}

/** Hashes every blob; with `repair`, removes the damaged ones so that they are fetched or made again. */
export async function verifyStore(
  store: FileBlobStore,
  options: { readonly repair: boolean; readonly signal?: AbortSignal },
): Promise<StoreVerification> {
  const damaged: { digest: Digest; expected: string; got: string }[] = [];
  const removed: Digest[] = [];
  let checked = 0;
  for await (const { digest } of store.list()) {
    options.signal?.throwIfAborted();
    checked += 1;
    const got = await hashFile(store.get(digest), options.signal);
    if (got === hexOf(digest)) continue;
    damaged.push({ digest, expected: hexOf(digest), got });
    if (options.repair && (await store.remove(digest))) removed.push(digest);
  }
  return { checked, damaged, removed };
}

async function hashFile(path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(
      createReadStream(path, { highWaterMark: 1 << 20 }),
      hash,
      signal === undefined ? {} : { signal },
    );
  } catch (error) {
    throw storageError(error, path);
  }
  return hash.digest('hex');
}
