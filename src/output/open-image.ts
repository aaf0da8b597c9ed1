import { AppError } from '../model/app-error.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { type Digest, digestOf } from '../model/digest.ts';
import { MEDIA_TYPES } from '../model/media-types.ts';
import { chooseImage, namesOf } from './choose-image.ts';
import { openDockerArchive } from './docker-archive.ts';
import { blobPath } from './image.ts';
import { checkCounts, MAX_JSON_BYTES } from './image-documents.ts';
import {
  type ImageManifest,
  list,
  object,
  parseConfig,
  parseDescriptors,
  parseList,
  parseManifest,
  parseObject,
  text,
} from './image-json.ts';
import type { ImageChoice, ImageSource } from './image-source.ts';
import { type LayoutReader, readImageTar, readWhole } from './layout-reader.ts';
import { expectEqual } from './verify-layer.ts';

/** An index within an index.json is what multi-platform images are; deeper ones are nobody's. */
const MAX_INDEX_DEPTH = 3;
const INDEX_TYPES: readonly string[] = [
  MEDIA_TYPES.index,
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

/**
 * Opens an image in a tar (an OCI layout, `docker save`) or an OCI layout folder. Its documents are read and checked,
 * and the docker manifest beside them; no layer is.
 * @throws AppError INTEGRITY (expected and got), BAD_ARCHIVE, UNSUPPORTED, LIMIT, NOT_FOUND, USAGE (which image)
 */
export async function openImage(path: string, choice: ImageChoice = {}): Promise<ImageSource> {
  const layout = await readImageTar(path);
  if (layout.size('oci-layout') === undefined && layout.size('manifest.json') !== undefined) {
    return openDockerArchive(layout, choice, path);
  }
  const marker = parseObject(await readWhole(layout, 'oci-layout', MAX_JSON_BYTES), 'oci-layout');
  if (!text(marker.imageLayoutVersion, 'oci-layout').startsWith('1.')) {
    throw new AppError('UNSUPPORTED', `oci-layout: expected version 1.x, got ${marker.imageLayoutVersion}`);
  }
  const index = parseObject(await readWhole(layout, 'index.json', MAX_JSON_BYTES), 'index.json');
  const descriptors = parseDescriptors(index.manifests, 'index.json: manifests');
  const images = await manifestsOf(layout, descriptors, 0);
  const chosen = chooseImage(images, choice, path);
  const manifest = parseManifest(await readBlob(layout, chosen), 'manifest');
  const config = parseConfig(await readBlob(layout, manifest.config), 'config');
  checkCounts(manifest, config);
  if (layout.kind === 'tar') await checkDockerManifest(layout, manifest, descriptors);
  return {
    kind: layout.kind,
    tags: [...new Set(images.filter(({ digest }) => digest === chosen.digest).flatMap(namesOf))],
    manifestDigest: chosen.digest,
    manifest,
    config,
    blob: (digest) => blobOf(layout, digest),
    leftOver: () => leftOver(layout, [...descriptors, ...images]),
  };
}

async function* blobOf(layout: LayoutReader, digest: Digest): AsyncGenerator<Buffer> {
  if (layout.size(blobPath(digest)) === undefined) {
    throw new AppError('INTEGRITY', `expected a blob ${digest}, got none`, {
      details: { expected: digest, got: 'none' },
    });
  }
  yield* layout.stream(blobPath(digest));
}

/** The image manifests of an index, those of indexes within it in their place; they inherit its names. */
async function manifestsOf(
  layout: LayoutReader,
  descriptors: readonly Descriptor[],
  depth: number,
): Promise<readonly Descriptor[]> {
  const found: Descriptor[] = [];
  for (const descriptor of descriptors) {
    if (!INDEX_TYPES.includes(descriptor.mediaType) || depth === MAX_INDEX_DEPTH) {
      found.push(descriptor);
      continue;
    }
    const index = parseObject(await readBlob(layout, descriptor), 'image index');
    const inner = parseDescriptors(index.manifests, 'image index: manifests');
    const below = await manifestsOf(layout, inner, depth + 1);
    const { annotations = {} } = descriptor;
    found.push(...below.map((one) => ({ ...one, annotations: { ...annotations, ...one.annotations } })));
  }
  return found;
}

async function readBlob(layout: LayoutReader, { digest, size }: Descriptor): Promise<Buffer> {
  const bytes = await readWhole(layout, blobPath(digest), MAX_JSON_BYTES);
  expectEqual(`size of blob ${digest}`, size, bytes.length);
  expectEqual('digest of blob', digest, digestOf(bytes));
  return bytes;
}

/** `manifest.json` must say what the OCI manifest says, for engines read either. */
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

/** Blobs that neither index.json nor a manifest in it names. */
async function leftOver(
  layout: LayoutReader,
  descriptors: readonly Descriptor[],
): Promise<readonly string[]> {
  const named = new Set(descriptors.map(({ digest }) => blobPath(digest)));
  for (const descriptor of descriptors) {
    if (INDEX_TYPES.includes(descriptor.mediaType) || layout.size(blobPath(descriptor.digest)) === undefined)
      continue;
    const { config, layers } = parseManifest(await readBlob(layout, descriptor), 'manifest');
    for (const { digest } of [config, ...layers]) named.add(blobPath(digest));
  }
  return layout.names().filter((name) => name.startsWith('blobs/') && !named.has(name));
}
