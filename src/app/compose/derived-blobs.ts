import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { encoder } from '../../archive/compress.ts';
import { inPiecesOf } from '../../archive/piece-buffer.ts';
import type { DerivedBlob } from '../../catalog/derived.ts';
import { type DiffId, type Digest, digestOf, parseDiffId } from '../../model/digest.ts';
import type { LayerMediaType } from '../../model/media-types.ts';
import { type Encoding, mediaTypeOf } from '../archives/layer-format.ts';
import type { Context } from '../context.ts';

/** A compressed tar in the store. */
export interface EncodedTar {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly diffId: DiffId;
  readonly mediaType: LayerMediaType;
}

/** Size of the pieces that encoders are given: zstd's output depends on it, and must not depend on how a tar was read. */
const PIECE_BYTES = 256 * 1024;

/** The other things that decide a derived blob's bytes: this code (the number is raised when it changes) and the encoders. */
const DERIVATION = ['5', process.versions.zlib, process.versions.zstd ?? ''];

/** Returns a blob from the cache, or makes it there, under a key for everything that decides its bytes (derivationKey). */
export async function derive(
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

/**
 * Compresses a tar into the store, and hashes it before and after compression.
 * @throws AppError STORAGE, CANCELLED; what `tar` throws
 */
export async function encodeIntoStore(
  context: Context,
  encoding: Encoding,
  tar: AsyncIterable<Uint8Array>,
): Promise<EncodedTar> {
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const bytes of inPiecesOf(PIECE_BYTES, tar)) {
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
  return { ...stored, diffId: parseDiffId(`sha256:${hash.digest('hex')}`), mediaType: mediaTypeOf(encoding) };
}

/** Returns the key of a derived blob: `parts` and the versions of the code and libraries that encode. */
export function derivationKey(parts: readonly string[]): string {
  return digestOf([...DERIVATION, ...parts].join('\n'));
}
