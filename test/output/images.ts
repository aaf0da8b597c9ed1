import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { digestOf } from '../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../src/model/media-types.ts';
import type { Image, ImageBlob } from '../../src/output/image.ts';
import { END_OF_ARCHIVE, type FixtureFile, tarEntries } from '../fixtures/tar.ts';

export const MINUTE = 1_700_000_040;

export type TestLayer =
  | {
      /** The uncompressed tar, or the files of one. */
      readonly tar: Uint8Array | readonly FixtureFile[];
      /** gzip */
      readonly encoding?: 'gzip' | 'zstd' | 'none';
      /** Behind the compressed bytes */
      readonly trailer?: Uint8Array;
    }
  /** gzip bytes as they are */
  | { readonly blob: Uint8Array; readonly encoding?: 'gzip' };

/** What a test may say wrongly. */
export interface TestImageOptions {
  readonly tags?: readonly string[];
  readonly diffIds?: readonly string[];
  readonly config?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly mediaTypes?: readonly string[];
  /** By layer */
  readonly layerAnnotations?: readonly (Readonly<Record<string, string>> | undefined)[];
}

export function layerTarOf(layer: TestLayer): Buffer {
  if ('blob' in layer) return gunzipSync(layer.blob);
  if (layer.tar instanceof Uint8Array) return Buffer.from(layer.tar);
  return Buffer.concat([tarEntries(layer.tar), END_OF_ARCHIVE]);
}

/** An image whose layer blobs are files in `folder`, as in a store. */
export function makeImage(
  folder: string,
  layers: readonly TestLayer[],
  options: TestImageOptions = {},
): Image {
  const tars = layers.map(layerTarOf);
  const blobs = layers.map((layer, at) => fileBlob(folder, encode(layer, tars[at] as Buffer)));
  const config = Buffer.from(
    JSON.stringify({
      created: '2023-11-14T22:14:00Z',
      architecture: 'amd64',
      os: 'linux',
      config: { Env: ['PATH=/usr/bin:/bin'], Cmd: ['/bin/sh'] },
      rootfs: { type: 'layers', diff_ids: options.diffIds ?? tars.map((tar) => digestOf(tar)) },
      history: layers.map(() => ({ created_by: 'test' })),
      ...options.config,
    }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.manifest,
      config: { mediaType: MEDIA_TYPES.config, digest: digestOf(config), size: config.length },
      layers: blobs.map((blob, at) => ({
        mediaType: options.mediaTypes?.[at] ?? mediaType(layers[at]?.encoding ?? 'gzip'),
        digest: blob.digest,
        size: blob.sizeBytes,
        ...(options.layerAnnotations?.[at] === undefined
          ? {}
          : { annotations: options.layerAnnotations[at] }),
      })),
      ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
    }),
  );
  return {
    manifest,
    manifestDigest: digestOf(manifest),
    config: { digest: digestOf(config), sizeBytes: config.length, content: config },
    layers: blobs,
    tags: options.tags ?? ['pkgcompose/test:latest'],
    platform: { os: 'linux', architecture: 'amd64' },
    createdAt: MINUTE,
  };
}

function fileBlob(folder: string, bytes: Buffer): ImageBlob {
  const digest = digestOf(bytes);
  const content = join(folder, digest.slice('sha256:'.length));
  writeFileSync(content, bytes);
  chmodSync(content, 0o444);
  return { digest, sizeBytes: bytes.length, content };
}

function encode(layer: TestLayer, tar: Buffer): Buffer {
  if ('blob' in layer) return Buffer.from(layer.blob);
  if (layer.encoding === 'none') return tar;
  const bytes = layer.encoding === 'zstd' ? zstdCompressSync(tar) : gzipSync(tar);
  return Buffer.concat([bytes, layer.trailer ?? Buffer.alloc(0)]);
}

function mediaType(encoding: 'gzip' | 'zstd' | 'none'): string {
  if (encoding === 'none') return MEDIA_TYPES.layerTar;
  return encoding === 'zstd' ? MEDIA_TYPES.layerZstd : MEDIA_TYPES.layerGzip;
}
