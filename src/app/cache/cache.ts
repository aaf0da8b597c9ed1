import { RegistryRetention } from '../../catalog/registry-retention.ts';
import { RegistryRoots } from '../../catalog/registry-roots.ts';
import type { Digest } from '../../model/digest.ts';
import type {
  CacheEntryReport,
  CacheGcReport,
  CacheVerifyReport,
  MissingBlobReport,
} from '../../model/request.ts';
import { collectGarbage } from '../../store/gc.ts';
import { verifyStore } from '../../store/verify.ts';
import type { Context } from '../context.ts';

/** Lists every blob of the cache, what it holds, and when it was last used. */
export async function cacheList(context: Context): Promise<readonly CacheEntryReport[]> {
  const { catalog } = context;
  const stored = await withRoots(
    RegistryRoots.openIfThere(context.directory),
    (roots) => roots?.labels() ?? [],
  );
  const known = [catalog.keptFiles(), catalog.derived, catalog.archives].map((table) => [...table.labels()]);
  const labels = new Map([...stored, ...known.flat()]);
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
 * Hashes every blob, and looks for those that pushed images need. With `repair`, damaged blobs are removed; they are fetched or made
 * again when next needed, unless they were pushed.
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
    missing: await withRoots(RegistryRoots.openIfThere(context.directory), (roots) =>
      missingBlobs(context, roots),
    ),
    repaired: repair ? result.damaged.length : 0,
  };
}

function missingBlobs({ store }: Context, roots: RegistryRoots | undefined): readonly MissingBlobReport[] {
  const pushed = roots?.pushedBlobs() ?? [];
  return pushed
    .filter(({ stored, sizeBytes }) => !store.has(stored, sizeBytes))
    .map(({ stored, repository }) => ({ digest: stored, repository }));
}

/** A client may push blobs for hours before the manifest that needs them. */
const UNNEEDED_MS = 24 * 60 * 60 * 1000;

/** What garbage collection may remove. */
export interface CacheGcOptions {
  /** Undefined: only blobs that neither the catalog nor a server's repository refers to are removed */
  readonly maxSizeBytes: number | undefined;
  /** Which images that a server has composed stay: those used in so many days, and so many of the others; default: all */
  readonly retention?: { readonly days: number; readonly newest: number } | undefined;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** Composed images that go at once if those that stay are too large; twice as many every time. */
const FIRST_RETIRED = 20;

/**
 * Removes the least recently used blobs until the cache is no larger than `maxSizeBytes`; without a size, only blobs that neither the
 * catalog nor a server's repository refers to. What a repository has stays, also what is pushed meanwhile; with `retention`, the
 * composed images that were used least recently go too, if the cache is still too large.
 * @throws AppError STORAGE
 */
export async function cacheGc(context: Context, options: CacheGcOptions): Promise<CacheGcReport> {
  const { maxSizeBytes = Number.POSITIVE_INFINITY, retention } = options;
  if (retention === undefined) return collect(context, options);
  const composed = new RegistryRetention(context.directory);
  try {
    composed.retire({ usedSinceMs: Date.now() - retention.days * DAY_MS, newest: retention.newest });
    let report = await collect(context, options);
    for (let count = FIRST_RETIRED; report.keptBytes > maxSizeBytes; count *= 2) {
      context.signal.throwIfAborted();
      if (composed.retireOldest(count) === 0) break;
      const { removed, freedBytes, keptBytes } = await collect(context, options);
      report = { removed: report.removed + removed, freedBytes: report.freedBytes + freedBytes, keptBytes };
    }
    return report;
  } finally {
    composed.close();
  }
}

async function collect(
  context: Context,
  { maxSizeBytes }: Pick<CacheGcOptions, 'maxSizeBytes'>,
): Promise<CacheGcReport> {
  const named = new Set<Digest>([
    ...context.catalog.archives.labels().keys(),
    ...context.catalog.derived.labels().keys(),
    ...context.catalog.keptFiles().labels().keys(),
  ]);
  const { removed, freedBytes, keptBytes } = await withRoots(
    new RegistryRoots(context.directory),
    (roots) => {
      roots.dropUnneeded(Date.now() - UNNEEDED_MS);
      return collectGarbage(context.store, {
        maxSizeBytes: maxSizeBytes ?? 0,
        keep: (digest) => (maxSizeBytes === undefined && named.has(digest)) || roots.isLinked(digest),
        exclusively: (work) => roots.exclusively(work),
      });
    },
  );
  for (const digest of named) if (!context.store.has(digest)) forget(context, digest);
  await context.catalog.revisions.removeUnnamed(context.signal);
  return { removed, freedBytes, keptBytes };
}

/** Runs `work` with what servers have stored in this cache. */
async function withRoots<R extends RegistryRoots | undefined, T>(
  roots: R,
  work: (roots: R) => T | Promise<T>,
): Promise<T> {
  try {
    return await work(roots);
  } finally {
    roots?.close();
  }
}

/** Keeps facts without bytes: they are still true, and the bytes come back when needed. Derived blobs are made again. */
function forget(context: Context, digest: Digest): void {
  context.catalog.derived.remove(digest);
}
