import { createHash } from 'node:crypto';
import { sniff } from '../archive/sniff.ts';
import { AppError } from '../model/app-error.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { type Digest, digestOf, hexOf } from '../model/digest.ts';
import { MEDIA_TYPES } from '../model/media-types.ts';
import { sameName } from './choose-image.ts';
import { expectPlatform } from './image-content.ts';
import { checkCounts, MAX_JSON_BYTES } from './image-documents.ts';
import { IMAGE_READERS, parseConfig, parseList } from './image-json.ts';
import type { ImageChoice, ImageSource } from './image-source.ts';
import { type LayoutReader, readWhole } from './layout-reader.ts';
import { expectEqual } from './verify-layer.ts';

const { list, object, text } = IMAGE_READERS;

/** A tar is recognised by its first block. */
const HEAD_BYTES = 512;
const ENCODINGS: Readonly<Record<string, string>> = {
  none: MEDIA_TYPES.layerTar,
  gzip: MEDIA_TYPES.layerGzip,
  zstd: MEDIA_TYPES.layerZstd,
};

interface SavedImage {
  readonly config: string;
  readonly tags: readonly string[];
  readonly layers: readonly string[];
}

/**
 * Opens an archive that `docker save`, `podman save` or skopeo wrote without an OCI layout (docker image-spec v1.2,
 * `manifest.json`). It has no OCI manifest: descriptors are made here from the layers' own bytes, and only the config's diffIDs
 * say what the layers must be.
 * @throws AppError as openImage
 */
export async function openDockerArchive(
  layout: LayoutReader,
  choice: ImageChoice,
  path: string,
): Promise<ImageSource> {
  const images = parseList(await readWhole(layout, 'manifest.json', MAX_JSON_BYTES), 'manifest.json').map(
    savedImage,
  );
  const image = choose(images, choice, path);
  const bytes = await readWhole(layout, image.config, MAX_JSON_BYTES);
  const configDigest = digestOf(bytes);
  const named = /(?:^|\/)([0-9a-f]{64})(?:\.json)?$/.exec(image.config)?.[1];
  if (named !== undefined) expectEqual(`digest of ${image.config}`, named, hexOf(configDigest));
  const config = parseConfig(bytes, image.config);
  const blobNames = new Map([[configDigest, image.config]]);
  const layers: Descriptor[] = [];
  for (const name of image.layers) {
    const layer = await describe(layout, name);
    blobNames.set(layer.digest, name);
    layers.push(layer);
  }
  const manifest = {
    config: { mediaType: MEDIA_TYPES.config, digest: configDigest, size: bytes.length },
    layers,
    annotations: {},
  };
  checkCounts(manifest, config);
  if (choice.platform !== undefined) expectPlatform(config, choice.platform, { name: path });
  return {
    kind: 'docker-archive',
    tags: image.tags,
    manifestDigest: undefined,
    manifest,
    config,
    blob: (digest, offset) => layout.stream(blobNames.get(digest) ?? '', offset),
    unlistedFiles: async () => unlistedFiles(layout, images),
  };
}

/** Files beside each layer, and a list of names, that docker wrote for its versions before 1.10. */
const LEGACY = /^(?:repositories|[0-9a-f]{64}\/(?:VERSION|json))$/;

function unlistedFiles(layout: LayoutReader, images: readonly SavedImage[]): readonly string[] {
  const named = new Set(['manifest.json', ...images.flatMap(({ config, layers }) => [config, ...layers])]);
  return layout.names().filter((name) => !named.has(name) && !LEGACY.test(name));
}

function savedImage(value: unknown, index: number): SavedImage {
  const where = `manifest.json[${index}]`;
  const json = object(value, where);
  const texts = (items: unknown, key: string) =>
    list(items ?? [], `${where}: ${key}`).map((item) => text(item, `${where}: ${key}`));
  return {
    config: text(json.Config, `${where}: Config`),
    tags: texts(json.RepoTags, 'RepoTags'),
    layers: texts(json.Layers, 'Layers'),
  };
}

function choose(images: readonly SavedImage[], { ref }: ImageChoice, path: string): SavedImage {
  const fits = images.filter(({ tags }) => ref === undefined || tags.some((tag) => sameName(tag, ref)));
  const [first] = fits;
  if (first !== undefined && fits.length === 1) return first;
  const known = images.flatMap(({ tags }) => tags);
  throw new AppError(
    'USAGE',
    `${path}: ${first === undefined ? 'no such image' : 'more than one image'}${ref === undefined ? '' : ` ${ref}`}; it holds: ${known.join(', ') || 'only images without a name'}`,
    { hint: `Choose one: ${path}#NAME.`, details: { images: known } },
  );
}

async function describe(layout: LayoutReader, name: string): Promise<Descriptor> {
  const size = layout.size(name);
  if (size === undefined) {
    throw new AppError('INTEGRITY', `manifest.json: layer ${JSON.stringify(name)} not found`, {
      details: { expected: name, got: 'none' },
    });
  }
  const hash = createHash('sha256');
  let head = Buffer.alloc(0);
  for await (const chunk of layout.stream(name)) {
    hash.update(chunk);
    if (head.length < HEAD_BYTES) head = Buffer.concat([head, chunk]).subarray(0, HEAD_BYTES);
  }
  const magic = sniff(head);
  const mediaType = ENCODINGS[magic];
  if (mediaType === undefined) {
    throw new AppError('BAD_ARCHIVE', `${name}: expected a layer's tar, plain, gzip or zstd, got ${magic}`);
  }
  return { mediaType, digest: `sha256:${hash.digest('hex')}` as Digest, size };
}
