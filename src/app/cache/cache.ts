import type { Digest } from '../../model/digest.ts';
import type { CacheEntryReport, CacheGcReport, CacheVerifyReport } from '../../model/request.ts';
import { collectGarbage } from '../../store/gc.ts';
import { verifyStore } from '../../store/verify.ts';
import type { Context } from '../context.ts';

/** Lists every blob of the cache, what it holds, and when it was last used. */
export async function cacheList(context: Context): Promise<readonly CacheEntryReport[]> {
  const { derived, archives } = context.catalog;
  const labels = new Map([
    ...context.catalog.keptFiles().labels(),
    ...derived.labels(),
    ...archives.labels(),
  ]);
  const entries: CacheEntryReport[] = [];
  for await (const { digest, sizeBytes, usedAtMs } of context.store.list()) {
    entries.push({
      digest,
      sizeBytes,
      holds: labels.get(digest) ?? 'install layer or unknown',
      usedAt: new Date(usedAtMs).toISOString(),
    });
  }
  return entries.sort((a, b) => (a.holds < b.holds ? -1 : a.holds > b.holds ? 1 : 0));
}

/**
 * Hashes every blob. With `repair`, damaged blobs are removed; they are fetched or made again when next needed.
 * @throws AppError STORAGE; the signal's reason if it is aborted
 */
export async function cacheVerify(
  context: Context,
  { repair }: { repair: boolean },
): Promise<CacheVerifyReport> {
  const result = await verifyStore(context.store, { repair, signal: context.signal });
  if (repair) for (const { digest } of result.damaged) forget(context, digest);
  return {
    checked: result.checked,
    damaged: result.damaged.map(({ digest, got }) => ({ digest, got })),
    repaired: repair ? result.damaged.length : 0,
  };
}

/**
 * Removes the least recently used blobs until the cache is no larger than `maxSizeBytes`; without a size, only blobs that the
 * catalog does not refer to.
 * @throws AppError STORAGE
 */
export async function cacheGc(
  context: Context,
  { maxSizeBytes }: { maxSizeBytes: number | undefined },
): Promise<CacheGcReport> {
  const named = new Set<Digest>([
    ...context.catalog.archives.labels().keys(),
    ...context.catalog.derived.labels().keys(),
    ...context.catalog.keptFiles().labels().keys(),
  ]);
  const { removed, freedBytes, keptBytes } = await collectGarbage(context.store, {
    maxSizeBytes: maxSizeBytes ?? 0,
    keep: (digest) => maxSizeBytes === undefined && named.has(digest),
  });
  for (const digest of named) if (!context.store.has(digest)) forget(context, digest);
  await context.catalog.revisions.removeUnnamed(context.signal);
  return { removed, freedBytes, keptBytes };
}

/** Keeps facts without bytes: they are still true, and the bytes come back when needed. Derived blobs are made again. */
function forget(context: Context, digest: Digest): void {
  context.catalog.derived.remove(digest);
}
