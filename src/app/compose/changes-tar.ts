import type { Change } from '../../compose/difference.ts';
import { layerTar } from '../../compose/layer-tar.ts';
import { mapConcurrent } from '../../fetch/pool.ts';
import type { ArchiveFacts } from '../../model/archive.ts';
import type { Digest } from '../../model/digest.ts';
import { required } from '../../model/required.ts';
import { readRanges, readWholeFile, type StoredBytes } from '../archives/archive-contents.ts';
import type { Context } from '../context.ts';

/** Downloads at a time, as for archives. */
const FETCH_CONCURRENCY = 6;

/** Yields the uncompressed tar of changes whose contents are in the archives of `facts`, in memory or in files. */
export async function* changesTar(
  context: Context,
  changes: readonly Change[],
  { facts, time }: { facts: readonly ArchiveFacts[]; time: number },
): AsyncGenerator<Uint8Array> {
  await ensureContentsLocal(context, changes, facts);
  const archives = new Map(facts.map((entry) => [entry.digest, entry]));
  yield* layerTar(changes, {
    time,
    readFile: readWholeFile,
    read: (digest, ranges) => readRanges(storedBytes(context, required(archives, digest)), ranges),
  });
}

/** Describes the bytes of an archive in the store, for readers that check them while reading. */
export function storedBytes(
  { store, signal }: Context,
  { digest, sizeBytes, compression }: ArchiveFacts,
): StoredBytes {
  return { path: store.get(digest), compression, signal, blob: { digest, sizeBytes } };
}

/** Fetches the archives that contents are copied from. */
async function ensureContentsLocal(
  { remote }: Context,
  changes: readonly Change[],
  facts: readonly ArchiveFacts[],
): Promise<void> {
  if (remote === undefined) return;
  const needed = new Set<Digest>();
  for (const change of changes) {
    if (change.kind !== 'put' || change.inode.sizeBytes === 0) continue;
    const { content } = change.inode;
    if (content?.kind === 'archive') needed.add(content.digest);
  }
  const archives = facts.filter(({ digest }) => needed.has(digest));
  await mapConcurrent(archives, FETCH_CONCURRENCY, ({ digest, sizeBytes }) =>
    remote.ensureLocal({ digest, size: sizeBytes }),
  );
}
