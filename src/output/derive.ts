import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { encoder } from '../archive/compress.ts';
import { decompress } from '../archive/decompress.ts';
import type { Compression } from '../model/archive.ts';
import type { DiffId, Digest } from '../model/digest.ts';
import { type LayerMediaType, MEDIA_TYPES } from '../model/media-types.ts';
import { repackTar } from './repack-tar.ts';

/** What a layer blob can be turned into. */
export type DerivedEncoding = 'gzip' | 'zstd' | 'none';

export interface DeriveRequest {
  readonly blobPath: string;
  /** What the blob is */
  readonly compression: Compression;
  readonly to: DerivedEncoding;
  /** Drop end-of-archive blocks between members: see repackTar. Otherwise the tar stays as it is. */
  readonly repack?: boolean;
  readonly signal?: AbortSignal;
}

export interface DerivedLayer {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly diffId: DiffId;
  readonly uncompressedSizeBytes: number;
  readonly mediaType: LayerMediaType;
}

/** Takes the derived blob's bytes in order; a returned promise holds the stream back. A chunk stays valid. */
export type DeriveSink = (chunk: Buffer) => void | Promise<void>;

/** Raised when the same request gives other bytes than before. */
const DERIVATION_VERSION = 1;
/** Few calls per blob, little memory. */
const READ_BYTES = 1024 * 1024;

const MEDIA_TYPE: Readonly<Record<DerivedEncoding, LayerMediaType>> = {
  gzip: MEDIA_TYPES.layerGzip,
  zstd: MEDIA_TYPES.layerZstd,
  none: MEDIA_TYPES.layerTar,
};

/**
 * Re-encodes a layer blob in one streaming pass. The same input and encoder version give the same bytes.
 * @throws AppError BAD_ARCHIVE when the blob is damaged; whatever `sink` throws
 */
export async function reencodeLayer(request: DeriveRequest, sink: DeriveSink): Promise<DerivedLayer> {
  const blob = createHash('sha256');
  const tar = createHash('sha256');
  let sizeBytes = 0;
  let uncompressedSizeBytes = 0;
  const count = (bytes: Buffer) => {
    uncompressedSizeBytes += bytes.length;
  };
  await pipeline(
    Readable.from(hashed(uncompressed(request), tar, count), {
      objectMode: false,
      highWaterMark: READ_BYTES,
    }),
    encoder(request.to),
    async (encoded: AsyncIterable<Buffer>) => {
      for await (const chunk of encoded) {
        blob.update(chunk);
        sizeBytes += chunk.length;
        await sink(chunk);
      }
    },
    { ...(request.signal === undefined ? {} : { signal: request.signal }) },
  );
  return {
    digest: `sha256:${blob.digest('hex')}` as Digest,
    sizeBytes,
    diffId: `sha256:${tar.digest('hex')}` as DiffId,
    uncompressedSizeBytes,
    mediaType: MEDIA_TYPE[request.to],
  };
}

/** Names a derivation for a cache: input, parameters, and what the encoder's bytes depend on. */
export function derivationKey(
  input: Digest,
  { to, repack = false }: Pick<DeriveRequest, 'to' | 'repack'>,
): string {
  const library = to === 'gzip' ? process.versions.zlib : to === 'zstd' ? process.versions.zstd : '';
  return ['layer', DERIVATION_VERSION, input, repack ? 'repack' : 'as-is', to, library ?? '']
    .join(' ')
    .trim();
}

function uncompressed(request: DeriveRequest): AsyncIterable<Buffer> {
  const tar = plainBytes(request);
  return request.repack === true ? repackTar(tar) : tar;
}

async function* plainBytes({
  blobPath,
  compression,
  signal,
}: DeriveRequest): AsyncGenerator<Buffer, void, void> {
  const source = createReadStream(blobPath, {
    highWaterMark: READ_BYTES,
    ...(signal === undefined ? {} : { signal }),
  });
  // A piece is valid until the next is asked for, and streams ask ahead.
  for await (const { bytes } of decompress(source, compression).chunks) yield Buffer.from(bytes);
}

async function* hashed(
  chunks: AsyncIterable<Buffer>,
  hash: Hash,
  count: (bytes: Buffer) => void,
): AsyncGenerator<Buffer, void, void> {
  for await (const bytes of chunks) {
    hash.update(bytes);
    count(bytes);
    yield bytes;
  }
}
