import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { removeUnheldLock } from '../lock/file-lock.ts';
import type { Digest } from '../model/digest.ts';
import type { FileBlobStore, StoredBlob } from './blob-store.ts';
import { removeFile } from './blob-writer.ts';
import { isAlive } from './process-alive.ts';

/** Blobs that garbage collection may remove. */
export interface GcOptions {
  /** Removes the least recently used blobs until the rest is no larger; undefined: only stale temp files are removed. */
  readonly maxSizeBytes: number | undefined;
  /** Returns true for blobs that must stay, whatever the size. */
  readonly keep: (digest: Digest) => boolean;
  /** Runs the decision about a blob together with its removal, while nobody can come to need it; default: just runs it */
  readonly exclusively?: <T>(work: () => T) => T;
  /** Milliseconds since the epoch; default: the clock */
  readonly nowMs?: number;
}

/** Result of garbage collection. */
export interface GcResult {
  /** Blobs removed */
  readonly removed: number;
  /** Temp files and partial downloads removed */
  readonly removedTemporary: number;
  /** Total size of both */
  readonly freedBytes: number;
  /** Blobs that remain */
  readonly keptBytes: number;
  readonly removedDigests: readonly Digest[];
}

/** A download or an ingest that has not continued for a day is abandoned. */
const STALE_MS = 24 * 60 * 60 * 1000;

/** Removes stale temporary files and, above a size, the least recently used blobs. @throws AppError STORAGE */
export async function collectGarbage(store: FileBlobStore, options: GcOptions): Promise<GcResult> {
  const { nowMs = Date.now(), exclusively = (work) => work() } = options;
  const temporary = removeStale(store.ingestDirectory, nowMs, (name) => !isAlive(Number.parseInt(name, 10)));
  const partial = removeStale(store.partialDirectory, nowMs, () => true);
  const blobs: StoredBlob[] = [];
  for await (const blob of store.list()) blobs.push(blob);
  let keptBytes = blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let freedBytes = temporary.bytes + partial.bytes;
  const removedDigests: Digest[] = [];
  for (const { digest, sizeBytes } of blobs.sort((a, b) => a.usedAtMs - b.usedAtMs)) {
    if (options.maxSizeBytes === undefined || keptBytes <= options.maxSizeBytes) break;
    const outcome = exclusively(() => (options.keep(digest) ? 'kept' : store.removeNow(digest)));
    if (outcome === 'kept') continue;
    keptBytes -= sizeBytes;
    if (!outcome) continue;
    freedBytes += sizeBytes;
    removedDigests.push(digest);
  }
  return {
    removed: removedDigests.length,
    removedTemporary: temporary.count + partial.count,
    freedBytes,
    keptBytes,
    removedDigests,
  };
}

function removeStale(
  directory: string,
  nowMs: number,
  isAbandoned: (name: string) => boolean,
): { readonly count: number; readonly bytes: number } {
  let count = 0;
  let bytes = 0;
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    const facts = statSync(path, { throwIfNoEntry: false });
    if (!facts?.isFile() || nowMs - facts.mtimeMs < STALE_MS || !isAbandoned(name)) continue;
    if (name.endsWith('.lock') ? !removeUnheldLock(path) : !removeFile(path)) continue;
    count += 1;
    bytes += facts.size;
  }
  return { count, bytes };
}
