import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { encoder } from '../../archive/compress.ts';
import type { DerivedBlob } from '../../catalog/derived.ts';
import { type Change, difference } from '../../compose/difference.ts';
import { layerTar } from '../../compose/layer-tar.ts';
import type { PlannedLayer } from '../../compose/layers.ts';
import { relocateEntries } from '../../compose/relocate.ts';
import { type LayerEntries, stackTree } from '../../compose/stack-tree.ts';
import type { TreeRules } from '../../distros/install.ts';
import { mapConcurrent } from '../../fetch/pool.ts';
import type { ArchiveFacts } from '../../model/archive.ts';
import { type DiffId, type Digest, digestOf } from '../../model/digest.ts';
import type { LayerMediaType } from '../../model/media-types.ts';
import { versionedName } from '../../model/package.ts';
import type { LayerEncoding } from '../../model/request.ts';
import { inflate, readRanges, readWholeFile, type StoredBytes } from '../archives/archive-contents.ts';
import { derivationOf, type Encoding, encodingOfGenerated, mediaTypeOf } from '../archives/layer-format.ts';
import type { Context } from '../context.ts';

/** A layer's blob, in the cache or in `context.remote`. */
export interface LayerBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly diffId: DiffId;
  readonly mediaType: LayerMediaType;
  /** Why its bytes are not the distribution's own; undefined where they are. */
  readonly derivation: string | undefined;
}

/** Downloads under way at once, as of archives. */
const FETCH_CONCURRENCY = 6;

/** What else decides a derived blob's bytes: this code (bumped when it changes) and the encoders. */
const DERIVATION = ['3', process.versions.zlib, process.versions.zstd ?? ''];

export interface LayerBlobOptions {
  readonly encoding: LayerEncoding;
  readonly rules: TreeRules;
  /** As in ComposeRequest */
  readonly prefix: string;
}

/** The blob of a planned layer: the archive itself wherever it can be a layer as it is, else a derived one. */
export async function layerBlob(
  context: Context,
  layer: PlannedLayer,
  options: LayerBlobOptions,
): Promise<LayerBlob> {
  const facts = layer.packages.map((installed) => installed.facts);
  const [only] = facts;
  if (layer.kind === 'package' && only !== undefined && options.prefix !== '') {
    const reason = `relocated to /${options.prefix}`;
    return {
      ...(await merged(context, facts, { ...options, what: `${versionedName(only)} ${reason}` })),
      derivation: reason,
    };
  }
  if (layer.kind === 'package' && only !== undefined) {
    const reason = derivationOf(only, options.encoding);
    if (reason === undefined) {
      const mediaType = mediaTypeOf(only.compression as Encoding);
      return {
        digest: only.digest,
        sizeBytes: only.sizeBytes,
        diffId: only.diffId,
        mediaType,
        derivation: undefined,
      };
    }
    return only.layerProblem === undefined
      ? reencoded(context, only, { encoding: encodingOfGenerated(options.encoding), reason })
      : merged(context, facts, { ...options, what: `${versionedName(only)} repacked: ${only.layerProblem}` });
  }
  return merged(context, facts, {
    ...options,
    what: `bundle of ${facts.length} packages${options.prefix === '' ? '' : ` relocated to /${options.prefix}`}`,
  });
}

/** The entries of a layer as an engine sees them: a derived merge leaves root members out. */
export function layerEntries(
  layer: PlannedLayer,
  options: Pick<LayerBlobOptions, 'rules' | 'prefix'>,
): LayerEntries {
  const facts = layer.packages.map((installed) => installed.facts);
  const whole = options.prefix === '' && layer.kind === 'package' && facts.every(isStackable);
  return whole
    ? { parts: facts.map(({ digest, files }) => ({ digest, entries: files })) }
    : mergedEntries(facts, options);
}

function isStackable(facts: ArchiveFacts): boolean {
  return facts.layerProblem === undefined;
}

function mergedEntries(
  facts: readonly ArchiveFacts[],
  { rules, prefix }: Pick<LayerBlobOptions, 'rules' | 'prefix'>,
): LayerEntries {
  return {
    parts: facts.map(({ digest, files }) => ({
      digest,
      entries: relocateEntries(
        files.filter((file) => !rules.isMetadata(file)),
        prefix,
      ),
    })),
  };
}

/** The same tar in another encoding. */
async function reencoded(
  context: Context,
  facts: ArchiveFacts,
  { encoding, reason }: { encoding: Encoding; reason: string },
): Promise<LayerBlob> {
  const description = `${encoding === 'none' ? 'plain tar' : encoding} of ${versionedName(facts)}`;
  const key = keyOf(['reencode', encoding, facts.digest]);
  const blob = await derive(context, { key, encoding, description }, async function* () {
    await context.remote?.ensureLocal({ digest: facts.digest, size: facts.sizeBytes });
    yield* inflate(storedBytes(context, facts));
  });
  return { ...blob, derivation: reason };
}

/** One layer with what several layers would show, root members left out. */
async function merged(
  context: Context,
  facts: readonly ArchiveFacts[],
  options: LayerBlobOptions & { what: string },
): Promise<LayerBlob> {
  const encoding = encodingOfGenerated(options.encoding);
  const key = keyOf(['merge', options.prefix, encoding, ...facts.map(({ digest }) => digest)]);
  const blob = await derive(context, { key, encoding, description: options.what }, () => {
    const changes = difference(new Map(), stackTree([mergedEntries(facts, options)]));
    return changesTar(context, changes, { facts, time: 0 });
  });
  return { ...blob, derivation: options.what };
}

/** The install layer, or the only one: whatever turns the stack into the target. */
export async function layerOfChanges(
  context: Context,
  changes: readonly Change[],
  options: { facts: readonly ArchiveFacts[]; encoding: LayerEncoding; time: number },
): Promise<LayerBlob> {
  const encoding = encodingOfGenerated(options.encoding);
  const blob = await encodeIntoStore(context, encoding, changesTar(context, changes, options));
  return { ...blob, derivation: 'generated' };
}

/** A layer that it takes work to make, made once: `parts` decide its bytes together with the encoding. */
export async function derivedLayer(
  context: Context,
  what: { parts: readonly string[]; encoding: LayerEncoding; what: string },
  make: () => AsyncIterable<Uint8Array>,
): Promise<LayerBlob> {
  const encoding = encodingOfGenerated(what.encoding);
  const key = keyOf([encoding, ...what.parts]);
  return {
    ...(await derive(context, { key, encoding, description: what.what }, make)),
    derivation: what.what,
  };
}

/** The uncompressed tar of changes whose contents are in the archives of `facts`, in memory or in files. */
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
    read: (digest, ranges) => readRanges(storedBytes(context, archives.get(digest) as ArchiveFacts), ranges),
  });
}

function storedBytes(
  { store, signal }: Context,
  { digest, sizeBytes, compression }: ArchiveFacts,
): StoredBytes {
  return { path: store.get(digest), compression, signal, blob: { digest, sizeBytes } };
}

/** What is copied from archives has to be here. */
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

async function derive(
  context: Context,
  { key, encoding, description }: { key: string; encoding: Encoding; description: string },
  make: () => AsyncIterable<Uint8Array>,
): Promise<DerivedBlob> {
  const known = context.catalog.derived.get(key);
  if (known !== undefined && isAtHand(context, known)) {
    context.store.touch(known.digest);
    return known;
  }
  const task = context.progress.task(description, undefined, 'bytes');
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const bytes of make()) {
      task.advance(bytes.length);
      yield bytes;
    }
  }
  const blob = { ...(await encodeIntoStore(context, encoding, counted())), description };
  task.done();
  context.catalog.derived.put(key, blob);
  return blob;
}

function isAtHand({ store, remote }: Context, { digest, sizeBytes }: DerivedBlob): boolean {
  return store.has(digest, sizeBytes) || (remote?.mayHave(digest) ?? false);
}

async function encodeIntoStore(
  context: Context,
  encoding: Encoding,
  tar: AsyncIterable<Uint8Array>,
): Promise<Omit<LayerBlob, 'derivation'>> {
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const bytes of tar) {
      hash.update(bytes);
      yield bytes;
    }
  }
  let stored: { digest: Digest; sizeBytes: number } | undefined;
  await pipeline(
    Readable.from(hashed(), { objectMode: false }),
    encoder(encoding),
    async (encoded: AsyncIterable<Uint8Array>) => {
      stored = await context.store.put(encoded);
    },
    { signal: context.signal },
  );
  if (stored === undefined) throw new Error('the encoder produced no blob');
  return { ...stored, diffId: `sha256:${hash.digest('hex')}` as DiffId, mediaType: mediaTypeOf(encoding) };
}

function keyOf(parts: readonly string[]): string {
  return digestOf([...DERIVATION, ...parts].join('\n'));
}
