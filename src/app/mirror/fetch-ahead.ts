import type { ArchiveFacts } from '../../model/archive.ts';
import type { CatalogPackage } from '../../model/package.ts';
import { required } from '../../model/required.ts';
import { fetchArchives } from '../archives/fetch-archives.ts';
import type { Context } from '../context.ts';
import type { Lookup } from '../repositories/lookup.ts';

/** Packages that are fetched together: enough for a thread to read them, few enough that the first are pushed soon. */
const BATCH = 256;

/** Packages that are fetched while others are pushed. */
export interface FetchedAhead {
  /** Returns the facts of the package at an index, once it is here. Ask in order. @throws AppError as fetchArchives */
  facts(index: number): Promise<ArchiveFacts>;
  /** Ends what is under way, and waits for that. */
  end(): Promise<void>;
}

/**
 * Fetches packages in batches, each while the one before it is used. Of a batch that failed, each package is fetched by itself,
 * so that each has its own error.
 */
export function fetchAhead(
  context: Context,
  { sources, repositories }: Lookup,
  packages: readonly CatalogPackage[],
): FetchedAhead {
  const end = new AbortController();
  const own = { ...context, signal: AbortSignal.any([context.signal, end.signal]) };
  const fetch = (from: number, to: number) =>
    fetchArchives(own, sources, { packages: packages.slice(from, to), repositories });
  const batches: Promise<readonly ArchiveFacts[] | undefined>[] = [];
  const batch = (at: number): Promise<readonly ArchiveFacts[] | undefined> => {
    const before = batches[at - 1] ?? Promise.resolve();
    const fetched =
      batches[at] ?? before.then(() => fetch(at * BATCH, (at + 1) * BATCH)).catch(() => undefined);
    batches[at] = fetched;
    return fetched;
  };
  return {
    async facts(index) {
      const at = Math.floor(index / BATCH);
      const together = batch(at);
      if ((at + 1) * BATCH < packages.length) batch(at + 1);
      return (await together)?.[index % BATCH] ?? required(await fetch(index, index + 1), 0);
    },
    async end() {
      end.abort();
      await Promise.all(batches);
    },
  };
}
