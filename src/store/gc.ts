import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../model/digest.ts';
import type { FileBlobStore, StoredBlob } from './blob-store.ts';
import { storageError } from './storage-error.ts';

/** No download or ingest of a living process leaves its file untouched this long. */
const STALE_MS = 24 * 60 * 60 * 1000;

export interface GarbageOptions {
  /** Blobs are removed, the longest unused first, until the rest is at most this. */
  readonly maxSizeBytes: number;
  /** True for blobs that must stay. */
  readonly keep: (digest: Digest) => boolean;
}

export interface GarbageCollection {
  readonly removed: number;
  readonly freedBytes: number;
}

/** Also removes what killed processes left half-written. */
export async function collectGarbage(
  store: FileBlobStore,
  options: GarbageOptions,
): Promise<GarbageCollection> {
  let { removed, freedBytes } = await removeStale(store);
  const blobs: StoredBlob[] = [];
  for await (const blob of store.list()) blobs.push(blob);
  let total = blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0);
  blobs.sort((a, b) => a.usedAtMs - b.usedAtMs || (a.digest < b.digest ? -1 : 1));
  for (const blob of blobs) {
    if (total <= options.maxSizeBytes) break;
    if (options.keep(blob.digest) || !(await store.remove(blob.digest))) continue;
    total -= blob.sizeBytes;
    removed += 1;
    freedBytes += blob.sizeBytes;
  }
  return { removed, freedBytes };
}

async function removeStale(store: FileBlobStore): Promise<GarbageCollection> {
  let removed = 0;
  let freedBytes = 0;
  for (const folder of store.unfinished) {
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      try {
        const { mtimeMs, size } = await stat(path);
        if (Date.now() - mtimeMs < STALE_MS && !writerIsDead(name)) continue;
        await unlink(path);
        removed += 1;
        freedBytes += size;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw storageError(error, path);
      }
    }
  }
  return { removed, freedBytes };
}

/** Temporary blobs begin with their writer's process id. */
function writerIsDead(name: string): boolean {
  const pid = Number(/^(\d+)-[0-9a-f-]{36}$/.exec(name)?.[1]);
  if (!Number.isInteger(pid)) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
