import { AppError } from '../model/app-error.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { type Digest, digestOf } from '../model/digest.ts';
import { MEDIA_TYPES } from '../model/media-types.ts';
import { chooseDescriptor, namesOf } from './choose-image.ts';
import { openDockerArchive } from './docker-archive.ts';
import { blobPath } from './image.ts';
import { type ContentReader, chooseAmong } from './image-content.ts';
import { checkCounts, MAX_JSON_BYTES } from './image-documents.ts';
import {
  IMAGE_READERS,
  type ImageManifest,
  parseConfig,
  parseDescriptors,
  parseList,
  parseManifest,
  parseObject,
} from './image-json.ts';
import type { ImageChoice, ImageSource } from './image-source.ts';
import { type WalkedIndex, walkIndexes } from './index-walk.ts';
import { type LayoutReader, readImageTar, readWhole } from './layout-reader.ts';
import { expectEqual } from './verify-layer.ts';

const { list, object, text } = IMAGE_READERS;

/**
 * Opens an image in a tar (an OCI layout, `docker save`) or an OCI layout folder. Manifest, config and docker manifest are read
 * and checked; layers are not.
 * @throws AppError INTEGRITY (expected and got), BAD_ARCHIVE, UNSUPPORTED, LIMIT, NOT_FOUND, USAGE (which image)
 */
export async function openImage(path: string, choice: ImageChoice = {}): Promise<ImageSource> {
  const layout = await readImageTar(path);
  if (isDockerArchive(layout)) return openDockerArchive(layout, choice, path);
  const reader = readerOf(layout, path);
  const descriptors = await readIndexJson(layout);
  const chosen = await chooseAmong(reader, descriptors, choice);
  const { images, indexes } = await walkIndexes(reader.document, descriptors, path);
  const manifest = parseManifest(await readBlob(layout, chosen), 'manifest');
  const config = parseConfig(await readBlob(layout, manifest.config), 'config');
  checkCounts(manifest, config);
  await checkDockerManifest(layout, manifest, descriptors);
  return {
    kind: layout.kind,
    tags: [...new Set(images.filter(({ digest }) => digest === chosen.digest).flatMap(namesOf))],
    manifestDigest: chosen.digest,
    manifest,
    config,
    blob: (digest, offset) => blobOf(layout, digest, offset),
    unlistedFiles: () => unlistedFiles(layout, { images, indexes }),
  };
}

/** The chosen image or index in a tar or a folder, with the others beside it. */
export interface LocalContent extends ContentReader {
  /** Returns the descriptors that index.json names, with the images of its indexes. */
  documents(): Promise<readonly Descriptor[]>;
}

/**
 * Opens an image or an index of images: without a platform, whatever index.json itself refers to.
 * @throws AppError as openImage
 */
export async function openContent(path: string, choice: ImageChoice = {}): Promise<LocalContent> {
  const layout = await readImageTar(path);
  if (isDockerArchive(layout)) return madeContent(await openDockerArchive(layout, choice, path), path);
  const reader = readerOf(layout, path);
  const top = await readIndexJson(layout);
  const descriptor =
    choice.platform === undefined
      ? chooseDescriptor(await addressable(reader, top, choice), choice, reader)
      : await chooseAmong(reader, top, choice);
  return {
    ...reader,
    root: { descriptor, bytes: await reader.document(descriptor) },
    tags: [...new Set(top.filter(({ digest }) => digest === descriptor.digest).flatMap(namesOf))],
    documents: async () => {
      const { images, indexes } = await walkIndexes(reader.document, top, path);
      return [...indexes, ...images];
    },
  };
}

type LayoutContent = Omit<ContentReader, 'root' | 'tags'>;

function readerOf(layout: LayoutReader, path: string): LayoutContent {
  return {
    name: path,
    address: (digest) => `${path}#${digest}`,
    document: (descriptor) => readBlob(layout, descriptor),
    blob: ({ digest }, offset) => blobOf(layout, digest, offset),
  };
}

/** Returns the descriptors that a name may stand for: those of index.json; for a digest also the images of its indexes. */
async function addressable(
  reader: LayoutContent,
  top: readonly Descriptor[],
  { ref }: ImageChoice,
): Promise<readonly Descriptor[]> {
  if (ref === undefined || !ref.startsWith('sha256:') || top.some(({ digest }) => digest === ref)) return top;
  return (await walkIndexes(reader.document, top, reader.name)).images;
}

/** Makes a manifest for a `docker save`, which has none. */
function madeContent(source: ImageSource, path: string): LocalContent {
  const { config, layers } = source.manifest;
  const mediaType = MEDIA_TYPES.manifest;
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers }));
  const root = { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
  return {
    name: path,
    address: () => path,
    root,
    tags: source.tags,
    document: async () => bytes,
    documents: async () => [root.descriptor],
    blob: ({ digest }, offset) => source.blob(digest, offset),
  };
}

function isDockerArchive(layout: LayoutReader): boolean {
  if (layout.size('manifest.json') === undefined) {
    expectNoRepositories(layout);
    return false;
  }
  if (layout.size('oci-layout') !== undefined) return false;
  if (layout.size('index.json') === undefined) return true;
  throw new AppError(
    'BAD_ARCHIVE',
    'index.json and manifest.json without oci-layout: ambiguous, because some clients read one and some the other',
  );
}

/**
 * Refuses a tar with `repositories` but without manifest.json: Docker before 25 reads the images that it names, in the layout of
 * Docker 1.9.
 */
function expectNoRepositories(layout: LayoutReader): void {
  if (layout.kind !== 'tar' || layout.size('repositories') === undefined) return;
  throw new AppError(
    'BAD_ARCHIVE',
    'repositories without manifest.json: some clients would load the images that it names',
  );
}

/** Reads the descriptors of index.json, of a layout whose version is supported. */
async function readIndexJson(layout: LayoutReader): Promise<readonly Descriptor[]> {
  const marker = parseObject(await readWhole(layout, 'oci-layout', MAX_JSON_BYTES), 'oci-layout');
  if (!text(marker.imageLayoutVersion, 'oci-layout').startsWith('1.')) {
    throw new AppError('UNSUPPORTED', `oci-layout: expected version 1.x, got ${marker.imageLayoutVersion}`);
  }
  const index = parseObject(await readWhole(layout, 'index.json', MAX_JSON_BYTES), 'index.json');
  return parseDescriptors(index.manifests, 'index.json: manifests');
}

async function* blobOf(layout: LayoutReader, digest: Digest, offset?: number): AsyncGenerator<Buffer> {
  if (layout.size(blobPath(digest)) === undefined) {
    throw new AppError('INTEGRITY', `blob ${digest} not found`, {
      details: { expected: digest, got: 'none' },
    });
  }
  yield* layout.stream(blobPath(digest), offset);
}

async function readBlob(layout: LayoutReader, { digest, size }: Descriptor): Promise<Buffer> {
  const bytes = await readWhole(layout, blobPath(digest), MAX_JSON_BYTES);
  expectEqual(`size of blob ${digest}`, size, bytes.length);
  expectEqual('digest of blob', digest, digestOf(bytes));
  return bytes;
}

/** Checks that `manifest.json` agrees with the OCI manifest, since engines read either. */
async function checkDockerManifest(
  layout: LayoutReader,
  manifest: ImageManifest,
  descriptors: readonly Descriptor[],
): Promise<void> {
  if (layout.size('manifest.json') === undefined) return;
  const bytes = await readWhole(layout, 'manifest.json', MAX_JSON_BYTES);
  const images = parseList(bytes, 'manifest.json');
  expectEqual('number of images in manifest.json', 1, images.length);
  const image = object(images[0], 'manifest.json');
  expectEqual('Config of manifest.json', blobPath(manifest.config.digest), image.Config);
  const layers = list(image.Layers, 'manifest.json: Layers');
  expectEqual(
    'Layers of manifest.json',
    manifest.layers.map(({ digest }) => blobPath(digest)).join(),
    layers.join(),
  );
  const names = descriptors.flatMap(namesOf).join();
  expectEqual(
    'RepoTags of manifest.json',
    names,
    list(image.RepoTags ?? [], 'manifest.json: RepoTags').join(),
  );
}

/** Files by which a layout is read. */
const LAYOUT_FILES = ['oci-layout', 'index.json', 'manifest.json'];

/** Lists the files that neither index.json nor a manifest in it refers to. */
async function unlistedFiles(
  layout: LayoutReader,
  { images, indexes }: WalkedIndex,
): Promise<readonly string[]> {
  const named = new Set([...LAYOUT_FILES, ...indexes.map(({ digest }) => blobPath(digest))]);
  for (const descriptor of images) {
    const path = blobPath(descriptor.digest);
    if (named.has(path)) continue;
    named.add(path);
    if (layout.size(path) === undefined) continue;
    const { config, layers } = parseManifest(await readBlob(layout, descriptor), 'manifest');
    for (const { digest } of [config, ...layers]) named.add(blobPath(digest));
  }
  return layout.names().filter((name) => !named.has(name));
}
