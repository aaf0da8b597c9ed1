import { AppError } from '../model/app-error.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { type Digest, digestOf } from '../model/digest.ts';
import { MEDIA_TYPES } from '../model/media-types.ts';
import { silentProgress } from '../model/progress.ts';
import { blobPath, CONTAINERD_NAME, REF_NAME } from './image.ts';
import {
  type ImageConfig,
  type ImageManifest,
  list,
  object,
  parseConfig,
  parseDescriptors,
  parseManifest,
  parseObject,
  text,
} from './image-json.ts';
import type { WriteOptions } from './image-tar.ts';
import { type LayoutReader, readImageTar, readWhole } from './layout-reader.ts';
import { RootfsBuilder, type RootfsEntry } from './rootfs.ts';
import { throwIfCancelled } from './storage-error.ts';
import { expectEqual, readLayer, type VerifiedLayer } from './verify-layer.ts';

export interface VerifiedImage {
  readonly kind: LayoutReader['kind'];
  /** Names that index.json gives this manifest */
  readonly tags: readonly string[];
  readonly manifestDigest: Digest;
  readonly manifest: ImageManifest;
  /** The engine's image id */
  readonly configDigest: Digest;
  readonly config: ImageConfig;
  readonly layers: readonly VerifiedLayer[];
  /** The flattened root file system by path, without leading slash, parents first */
  readonly rootfs: ReadonlyMap<string, RootfsEntry>;
}

export interface VerifyOptions extends WriteOptions {
  /** Which image, by name or manifest digest, where there are several. */
  readonly ref?: string;
}

/** Registries take manifests of up to 4 MiB (distribution-spec); a config is about as long. */
const MAX_JSON_BYTES = 4 * 1024 * 1024;
/** containerd, the most lenient engine, mounts about this many. */
const MAX_LAYERS = 500;

/**
 * Reads an image from a tar or an OCI layout folder and checks all of it: index → manifest → config → layers, every
 * digest, size and diffID, the docker manifest beside it, and that an engine reads each layer to its end.
 * @throws AppError INTEGRITY (expected and got), BAD_ARCHIVE, UNSUPPORTED, LIMIT, NOT_FOUND, USAGE (which image)
 */
export async function verifyImage(path: string, options: VerifyOptions = {}): Promise<VerifiedImage> {
  const layout = await readImageTar(path);
  const marker = parseObject(await readWhole(layout, 'oci-layout', MAX_JSON_BYTES), 'oci-layout');
  if (!text(marker.imageLayoutVersion, 'oci-layout').startsWith('1.')) {
    throw new AppError('UNSUPPORTED', `oci-layout: expected version 1.x, got ${marker.imageLayoutVersion}`);
  }
  const index = parseObject(await readWhole(layout, 'index.json', MAX_JSON_BYTES), 'index.json');
  const descriptors = parseDescriptors(index.manifests, 'index.json: manifests');
  const chosen = choose(descriptors, options.ref, path);
  const tags = descriptors.filter(({ digest }) => digest === chosen.digest).flatMap(namesOf);

  const manifest = parseManifest(await readBlob(layout, chosen), 'manifest');
  const config = parseConfig(await readBlob(layout, manifest.config), 'config');
  checkCounts(manifest, config);
  if (layout.kind === 'tar') await checkDockerManifest(layout, manifest, descriptors);

  const builder = new RootfsBuilder();
  const layers: VerifiedLayer[] = [];
  const total = manifest.layers.reduce((sum, layer) => sum + layer.size, 0);
  const task = (options.progress ?? silentProgress).task('verify layers', total, 'bytes');
  try {
    for (const [at, descriptor] of manifest.layers.entries()) {
      throwIfCancelled(options.signal);
      const { layer, entries } = await readLayer(layout, descriptor, {
        at,
        advance: (bytes) => task.advance(bytes),
      });
      expectEqual(`diffID of layer ${at} (${descriptor.digest})`, config.diffIds[at], layer.diffId);
      builder.apply(entries);
      layers.push(layer);
    }
  } finally {
    task.done();
  }
  return {
    kind: layout.kind,
    tags: [...new Set(tags)],
    manifestDigest: chosen.digest,
    manifest,
    configDigest: manifest.config.digest,
    config,
    layers,
    rootfs: builder.result(),
  };
}

function namesOf({ annotations = {} }: Descriptor): readonly string[] {
  const name = annotations[CONTAINERD_NAME] ?? annotations[REF_NAME];
  return name === undefined ? [] : [name];
}

function choose(descriptors: readonly Descriptor[], ref: string | undefined, path: string): Descriptor {
  const fits = descriptors.filter(
    ({ digest, annotations = {} }) =>
      ref === undefined ||
      ref === digest ||
      ref === annotations[REF_NAME] ||
      ref === annotations[CONTAINERD_NAME],
  );
  const [first] = fits;
  if (first === undefined || new Set(fits.map(({ digest }) => digest)).size > 1) {
    const known = descriptors.map((descriptor) => namesOf(descriptor)[0] ?? descriptor.digest);
    const problem = first === undefined ? 'no such image' : 'more than one image';
    throw new AppError(
      'USAGE',
      `${path}: ${problem}${ref === undefined ? '' : ` ${ref}`}; it holds: ${known.slice(0, 20).join(', ') || 'none'}`,
    );
  }
  if (first.mediaType === MEDIA_TYPES.manifest) return first;
  throw new AppError('UNSUPPORTED', `${path}: expected ${MEDIA_TYPES.manifest}, got ${first.mediaType}`);
}

async function readBlob(layout: LayoutReader, { digest, size }: Descriptor): Promise<Buffer> {
  const bytes = await readWhole(layout, blobPath(digest), MAX_JSON_BYTES);
  expectEqual(`size of blob ${digest}`, size, bytes.length);
  expectEqual('digest of blob', digest, digestOf(bytes));
  return bytes;
}

function checkCounts(manifest: ImageManifest, config: ImageConfig): void {
  const count = manifest.layers.length;
  if (count > MAX_LAYERS)
    throw new AppError('LIMIT', `manifest: expected at most ${MAX_LAYERS} layers, got ${count}`);
  expectEqual('number of diffIDs in the config', count, config.diffIds.length);
  if (config.historyLayers !== undefined) {
    expectEqual('number of layers in the history', count, config.historyLayers);
  }
}

/** `manifest.json` must say what the OCI manifest says, for engines read either. */
async function checkDockerManifest(
  layout: LayoutReader,
  manifest: ImageManifest,
  descriptors: readonly Descriptor[],
): Promise<void> {
  if (layout.size('manifest.json') === undefined) return;
  const bytes = await readWhole(layout, 'manifest.json', MAX_JSON_BYTES);
  const images = list(JSON.parse(bytes.toString('utf8')), 'manifest.json');
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
