import { mapConcurrent } from '../fetch/pool.ts';
import { AppError, isAppError } from '../model/app-error.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { type Digest, digestOf } from '../model/digest.ts';
import { MEDIA_TYPES } from '../model/media-types.ts';
import { parsePlatform, platformRank, platformText } from '../model/platform.ts';
import { DamagedBlobError } from '../store/blob-errors.ts';
import { readBlobFile } from '../store/checked-read.ts';
import { chooseImage, type ImagePlace, isIndex, isManifest } from './choose-image.ts';
import type { Image } from './image.ts';
import { checkCounts, MAX_JSON_BYTES } from './image-documents.ts';
import {
  type ImageConfig,
  type ImageManifest,
  parseConfig,
  parseDescriptors,
  parseManifest,
  parseObject,
  platformOfConfig,
} from './image-json.ts';
import type { ImageChoice } from './image-source.ts';
import { MAX_INDEX_DEPTH, walkIndexes } from './index-walk.ts';
import { expectEqual } from './verify-layer.ts';

/** Images are for tens of platforms, each with a manifest and one that describes it. */
const MAX_DOCUMENTS = 1000;
/** Manifests of a hundred layers have 50 KiB. */
const MAX_DOCUMENTS_BYTES = 256 * 1024 * 1024;
/** Number of small requests at a time, which are answered from memory. */
const PARALLEL = 6;

/** A manifest or an index, its bytes checked against the descriptor. */
export interface Document {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** An image, or an index of images, that can be read by digest wherever it is kept. */
export interface ContentReader extends ImagePlace {
  /** The manifest or index that the name stands for */
  readonly root: Document;
  /** Names that its archive, layout or registry gives it */
  readonly tags: readonly string[];
  /** Reads a manifest or index, checked. @throws AppError INTEGRITY, NOT_FOUND */
  document(descriptor: Descriptor): Promise<Uint8Array>;
  /** Streams a config or layer from `offset` on. Wrong bytes may only be reported at the end. */
  blob(descriptor: Descriptor, offset: number): AsyncIterable<Uint8Array>;
}

/** Documents and blobs of an image, or of an index of images. */
export interface ImageContents {
  readonly root: Document;
  /** Manifests and indexes, each after those it refers to; the root is the last */
  readonly documents: readonly Document[];
  /** Layers, then configs, each digest once */
  readonly blobs: readonly Descriptor[];
  /** Reads a blob from `offset` on, as ContentReader.blob does. */
  blob(descriptor: Descriptor, offset: number): AsyncIterable<Uint8Array>;
  /** Makes the error for wrong bytes of a blob, which names their source. @param got the size or digest found */
  damaged(descriptor: Descriptor, got: string): AppError;
}

/**
 * Reads all documents from `root` on.
 * @throws AppError INTEGRITY, BAD_ARCHIVE, UNSUPPORTED (not an image), LIMIT
 */
export async function readContents(
  reader: ContentReader,
  root: Document = reader.root,
): Promise<ImageContents> {
  const documents = [...(await readDocuments(reader, root)).values()].reverse();
  const manifests = documents
    .filter(({ descriptor }) => !isIndex(descriptor))
    .map(({ descriptor, bytes }) => parseManifest(bytes, `manifest ${descriptor.digest}`));
  const blobs = [...manifests.flatMap(({ layers }) => layers), ...manifests.map(({ config }) => config)];
  return {
    root,
    documents,
    blobs: distinct(blobs),
    blob: (descriptor, offset) => reader.blob(descriptor, offset),
    damaged: (descriptor, got) => damagedIn(reader.name, descriptor, got),
  };
}

function damagedIn(image: string, { digest, size }: Descriptor, got: string): AppError {
  return new AppError('INTEGRITY', `${image}: damaged blob ${digest}: expected ${size} bytes, got ${got}`, {
    hint: `compose verify ${image} lists all that is damaged; write or pull the image again.`,
    details: { digest, expected: size, got },
  });
}

/** Reads level by level; a document that is referred to again farther below moves there. */
async function readDocuments(reader: ContentReader, root: Document): Promise<ReadonlyMap<Digest, Document>> {
  const documents = new Map([[root.descriptor.digest, root]]);
  let sizeBytes = 0;
  let level: readonly Document[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    const below = distinct(level.flatMap((document) => indexed(document, depth)));
    const unread = below.filter(({ digest }) => !documents.has(digest));
    sizeBytes += unread.reduce((sum, { size }) => sum + size, 0);
    if (documents.size + unread.length > MAX_DOCUMENTS || sizeBytes > MAX_DOCUMENTS_BYTES) {
      throw new AppError(
        'LIMIT',
        `${reader.name}: more than ${MAX_DOCUMENTS} manifests, or ${MAX_DOCUMENTS_BYTES} bytes of them`,
      );
    }
    level = await mapConcurrent(below, PARALLEL, async (descriptor) => ({
      descriptor,
      bytes: documents.get(descriptor.digest)?.bytes ?? (await reader.document(descriptor)),
    }));
    for (const document of level) {
      documents.delete(document.descriptor.digest);
      documents.set(document.descriptor.digest, document);
    }
  }
  return documents;
}

function distinct(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor])).values()];
}

function indexed({ descriptor, bytes }: Document, depth: number): readonly Descriptor[] {
  if (!isIndex(descriptor)) return [];
  const where = `index ${descriptor.digest}`;
  if (depth >= MAX_INDEX_DEPTH) {
    throw new AppError('LIMIT', `${where}: expected at most ${MAX_INDEX_DEPTH} nested indexes`);
  }
  return parseDescriptors(parseObject(bytes, where).manifests, `${where}: manifests`);
}

/**
 * Chooses the only manifest, or the one for a platform (as parsePlatform reads it; empty: any).
 * @throws AppError USAGE listing the candidates, UNSUPPORTED, LIMIT, and as `reader` throws
 */
export async function chooseManifest(reader: ContentReader, platform: string): Promise<Document> {
  const { root } = reader;
  if (isIndex(root.descriptor)) {
    const descriptor = await chooseAmong(reader, [root.descriptor], platform === '' ? {} : { platform });
    return { descriptor, bytes: await reader.document(descriptor) };
  }
  if (platform !== '') expectPlatform((await readImage(reader, root)).config, platform, reader);
  return root;
}

/** Chooses one of the images that `descriptors` lead to, at any depth. @throws AppError as chooseImage */
export async function chooseAmong(
  reader: Omit<ContentReader, 'root' | 'tags'>,
  descriptors: readonly Descriptor[],
  choice: ImageChoice,
): Promise<Descriptor> {
  const { images } = await walkIndexes((descriptor) => reader.document(descriptor), descriptors, reader.name);
  if (choice.platform === undefined) return chooseImage(images, choice, reader);
  return chooseImage(await withPlatforms(reader, images), choice, reader);
}

/** Completes platforms that an index leaves out from the images' configs, each read once. */
async function withPlatforms(
  reader: Pick<ContentReader, 'document' | 'blob'>,
  manifests: readonly Descriptor[],
): Promise<readonly Descriptor[]> {
  const unknown = manifests.filter((manifest) => manifest.platform === undefined && isManifest(manifest));
  const read = await mapConcurrent(distinct(unknown), PARALLEL, async (descriptor) => {
    try {
      const { config } = await readImage(reader, { descriptor, bytes: await reader.document(descriptor) });
      return [descriptor.digest, platformOfConfig(config)] as const;
    } catch (error) {
      if (!isAppError(error, 'BAD_ARCHIVE')) throw error;
      return [descriptor.digest, undefined] as const;
    }
  });
  const platforms = new Map(read);
  return manifests.map((descriptor) => {
    const platform = descriptor.platform ?? platforms.get(descriptor.digest);
    return platform === undefined ? descriptor : { ...descriptor, platform };
  });
}

/** Checks that the image is for the platform `wanted`. @throws AppError USAGE */
export function expectPlatform(
  config: ImageConfig,
  wanted: string,
  { name }: { readonly name: string },
): void {
  const own = platformOfConfig(config);
  if (platformRank(own, parsePlatform(wanted)) !== undefined) return;
  throw new AppError('USAGE', `${name}: expected an image for ${wanted}, got one for ${platformText(own)}`, {
    details: { expected: wanted, got: platformText(own) },
  });
}

/** A manifest and its config, parsed. */
export interface ImageDocuments {
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
  readonly configBytes: Uint8Array;
}

/** Reads the manifest's config and checks both against each other. @throws AppError INTEGRITY, BAD_ARCHIVE, LIMIT */
export async function readImage(
  reader: Pick<ContentReader, 'blob'>,
  { descriptor, bytes }: Document,
): Promise<ImageDocuments> {
  const manifest = parseManifest(bytes, `manifest ${descriptor.digest}`);
  const configBytes = await readSmallBlob(reader, manifest.config);
  const config = parseConfig(configBytes, `config ${manifest.config.digest}`);
  checkCounts(manifest, config);
  return { manifest, config, configBytes };
}

/** Reads a blob of at most 4 MiB, checked. @throws AppError INTEGRITY, LIMIT */
export async function readSmallBlob(
  reader: Pick<ContentReader, 'blob'>,
  descriptor: Descriptor,
): Promise<Buffer> {
  const { digest, size } = descriptor;
  if (size > MAX_JSON_BYTES) {
    throw new AppError('LIMIT', `blob ${digest}: expected at most ${MAX_JSON_BYTES} bytes, got ${size}`);
  }
  const parts: Uint8Array[] = [];
  let got = 0;
  for await (const part of reader.blob(descriptor, 0)) {
    parts.push(part);
    got += part.length;
    if (got > size) break;
  }
  expectEqual(`size of blob ${digest}`, size, got);
  const bytes = Buffer.concat(parts);
  expectEqual('digest of blob', digest, digestOf(bytes));
  return bytes;
}

/** Returns the contents of a composed image, whose layers are files of the store. */
export function contentsOf(image: Image): ImageContents {
  const { manifest, manifestDigest, config, layers } = image;
  const mediaType = image.manifestType ?? MEDIA_TYPES.manifest;
  const root = {
    descriptor: { mediaType, digest: manifestDigest, size: manifest.byteLength },
    bytes: manifest,
  };
  const contents = new Map([...layers, config].map(({ digest, content }) => [digest, content]));
  const parsed = parseManifest(manifest, 'manifest');
  return {
    root,
    documents: [root],
    blobs: distinct([...parsed.layers, parsed.config]),
    async *blob({ digest, size }, start) {
      const content = contents.get(digest);
      if (typeof content !== 'string') {
        if (content !== undefined) yield content.subarray(start);
        return;
      }
      yield* readBlobFile({ digest, sizeBytes: size, path: content }, { start });
    },
    damaged(descriptor, got) {
      const { digest, size } = descriptor;
      const content = contents.get(digest);
      if (typeof content !== 'string') return damagedIn('image', descriptor, got);
      return new DamagedBlobError({ digest, sizeBytes: size, path: content }, got);
    },
  };
}
