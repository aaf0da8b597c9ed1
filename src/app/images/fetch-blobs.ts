import { mapConcurrent } from '../../fetch/pool.ts';
import { AppError } from '../../model/app-error.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type { BlobCount } from '../../model/registry.ts';
import type { ImageContents } from '../../output/image-content.ts';
import type { Context } from '../context.ts';

/** More transfers at a time are not faster. */
const PARALLEL = 4;

/** Blobs that were fetched, and those that were not. */
export interface FetchedBlobs {
  readonly fetched: BlobCount;
  /** Blobs that the cache already had */
  readonly cached: BlobCount;
}

/**
 * Fetches all blobs into the store. Each is checked before it is stored under its digest.
 * @throws AppError STORAGE, CANCELLED; the registry's errors
 */
export async function fetchBlobs(
  { store, progress, signal }: Context,
  contents: Omit<ImageContents, 'damaged'>,
  label: string,
): Promise<FetchedBlobs> {
  const missing = contents.blobs.filter(({ digest, size }) => !store.has(digest, size));
  const cached = contents.blobs.filter((blob) => !missing.includes(blob));
  for (const { digest } of cached) store.touch(digest);
  const task = progress.task(`pull ${label}`, sizeOf(missing), 'bytes');
  const end = new AbortController();
  async function* counted(blob: Descriptor): AsyncGenerator<Uint8Array> {
    for await (const chunk of contents.blob(blob, 0)) {
      if (signal.aborted || end.signal.aborted) throw new AppError('CANCELLED', 'cancelled');
      task.advance(chunk.length);
      yield chunk;
    }
  }
  try {
    await mapConcurrent(missing, PARALLEL, async (blob) => {
      try {
        await store.put(counted(blob), { digest: blob.digest, sizeBytes: blob.size });
      } catch (error) {
        end.abort();
        throw error;
      }
    });
  } finally {
    task.done();
  }
  return { fetched: countOf(missing), cached: countOf(cached) };
}

function sizeOf(blobs: readonly Descriptor[]): number {
  return blobs.reduce((sum, { size }) => sum + size, 0);
}

function countOf(blobs: readonly Descriptor[]): BlobCount {
  return { blobs: blobs.length, bytes: sizeOf(blobs) };
}
