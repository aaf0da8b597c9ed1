import { createReadStream } from 'node:fs';
import { isAppError } from '../../model/app-error.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type { Digest } from '../../model/digest.ts';
import { MEDIA_TYPES } from '../../model/media-types.ts';
import { parsePlatform, platformRank } from '../../model/platform.ts';
import type { Image } from '../../output/image.ts';
import { parseDescriptors, parseManifest, parseObject } from '../../output/image-json.ts';
import { parseTag } from '../../output/tag.ts';
import { type TarPart, tarParts, tarSize } from '../../output/tar-pieces.ts';
import type { Origin, ServedBlob, ServedManifest } from '../content.ts';
import type { Exchange } from '../http/exchange.ts';
import { HttpError } from '../http/http-error.ts';
import { sendBlob } from '../http/send-bytes.ts';

/** Each keeps a connection and a file open for as long as its client takes. */
const MAX_DOWNLOADS = 16;

/** An image to send. */
export interface TarImage {
  /** Name of its repository */
  readonly name: string;
  /** Of the server, for the name that engines know it by */
  readonly host: string;
  /** `linux/amd64` */
  readonly platform: string;
}

/** Blobs that can be read, by digest. */
type Blobs = ReadonlyMap<Digest, Exclude<ServedBlob, { kind: 'redirect' }>>;

/**
 * Makes a function that sends the image of a repository's name as one tar, which every engine loads. The image is composed when
 * it is asked for, and its blobs are sent as they arrive.
 */
export function tarSender(origin: Origin): (exchange: Exchange, image: TarImage) => Promise<void> {
  let underWay = 0;
  return async (exchange, image) => {
    const { name, host, platform } = image;
    if (!exchange.identity.may('pull', name)) throw new HttpError(403, 'DENIED', `you may not pull ${name}`);
    if (underWay >= MAX_DOWNLOADS) {
      throw new HttpError(
        503,
        'UNAVAILABLE',
        `${MAX_DOWNLOADS} images are being downloaded; try again later`,
        {
          headers: { 'retry-after': '30' },
        },
      );
    }
    underWay += 1;
    try {
      const manifest = await imageManifest(origin, exchange, image);
      const { config, layers, annotations } = parseManifest(manifest.bytes, name);
      const blobs = await blobsOf(origin, exchange, { name, descriptors: [config, ...layers] });
      const toBlob = ({ digest, size }: Descriptor) => ({
        digest,
        sizeBytes: size,
        content: digest,
      });
      const whole: Image = {
        manifest: manifest.bytes,
        manifestDigest: manifest.digest as Digest,
        config: toBlob(config),
        layers: layers.map(toBlob),
        tags: [tagOf(host, name)],
        platform: parsePlatform(platform),
        createdAt: Date.parse(annotations['org.opencontainers.image.created'] ?? '') / 1000 || 0,
      };
      const parts = tarParts(whole);
      const open = (start: number, signal: AbortSignal) => bytesOf({ parts, blobs }, start, signal);
      await sendBlob(
        exchange,
        { kind: 'stream', sizeBytes: tarSize(parts), open },
        {
          contentType: 'application/x-tar',
          etag: `"${manifest.digest}"`,
          headers: {
            'content-disposition': 'attachment; filename="image.tar"',
            'x-content-type-options': 'nosniff',
          },
        },
      );
    } finally {
      underWay -= 1;
    }
  };
}

/** Finds the manifest for the platform. */
async function imageManifest(
  origin: Origin,
  exchange: Exchange,
  { name, platform }: TarImage,
): Promise<ServedManifest> {
  const top = await origin.manifest(name, { tag: 'latest' }, exchange);
  if (top === undefined) throw new HttpError(404, 'MANIFEST_UNKNOWN', `there is no image ${name}`);
  if (top.mediaType !== MEDIA_TYPES.index) return top;
  const wanted = parsePlatform(platform);
  const found = parseDescriptors(parseObject(top.bytes, name).manifests, name).find(
    (other) => other.platform !== undefined && platformRank(other.platform, wanted) === 0,
  );
  const manifest = found && (await origin.manifest(name, { digest: found.digest }, exchange));
  if (manifest === undefined)
    throw new HttpError(404, 'MANIFEST_UNKNOWN', `${name} has no image for ${platform}`);
  return manifest;
}

/** Finds all blobs before anything is sent, so that one that is missing is an error and not half a file. */
async function blobsOf(
  origin: Origin,
  exchange: Exchange,
  { name, descriptors }: { readonly name: string; readonly descriptors: readonly Descriptor[] },
): Promise<Blobs> {
  const blobs = new Map<Digest, Exclude<ServedBlob, { kind: 'redirect' }>>();
  for (const { digest } of descriptors) {
    if (blobs.has(digest)) continue;
    const blob = await origin.blob(name, digest, exchange);
    if (blob === undefined) throw new HttpError(404, 'BLOB_UNKNOWN', `${digest} of ${name} is not here`);
    if (blob.kind === 'redirect') {
      throw new HttpError(
        404,
        'UNSUPPORTED',
        'layers are in a registry of their own here: pull the image instead',
      );
    }
    blobs.set(digest, blob);
  }
  return blobs;
}

/** Yields the tar from an offset on. */
async function* bytesOf(
  { parts, blobs }: { readonly parts: readonly TarPart[]; readonly blobs: Blobs },
  start: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let skipped = start;
  for (const part of parts) {
    const sizeBytes = part instanceof Uint8Array ? part.byteLength : part.sizeBytes;
    const from = Math.min(skipped, sizeBytes);
    skipped -= from;
    if (from === sizeBytes) continue;
    if (part instanceof Uint8Array) yield part.subarray(from);
    else yield* blobBytes(blobs.get(part.digest), from, signal);
  }
}

function blobBytes(
  blob: Exclude<ServedBlob, { kind: 'redirect' }> | undefined,
  start: number,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  if (blob === undefined) throw new Error('a blob of the tar was not found before');
  return blob.kind === 'file' ? createReadStream(blob.path, { start, signal }) : blob.open(start, signal);
}

/** The name that the image is pulled by; engines refuse some names of servers, such as numeric ones of IPv6. */
function tagOf(host: string, name: string): string {
  try {
    return parseTag(`${host}/${name}`).full;
  } catch (error) {
    if (!isAppError(error, 'USAGE')) throw error;
    return `localhost/${name}`;
  }
}
