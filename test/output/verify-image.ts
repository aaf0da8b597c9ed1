import type { Digest } from '../../src/model/digest.ts';
import { silentProgress } from '../../src/model/progress.ts';
import type { ImageConfig, ImageManifest } from '../../src/output/image-json.ts';
import type { ImageChoice, ImageSource } from '../../src/output/image-source.ts';
import type { WriteOptions } from '../../src/output/image-tar.ts';
import { openImage } from '../../src/output/open-image.ts';
import { RootfsBuilder } from '../../src/output/rootfs.ts';
import { namesBelow, type RootfsEntry } from '../../src/output/rootfs-node.ts';
import { throwIfCancelled } from '../../src/output/storage-error.ts';
import { expectEqual, readLayer, type VerifiedLayer } from '../../src/output/verify-layer.ts';

export interface VerifiedImage {
  readonly kind: ImageSource['kind'];
  /** Names that index.json gives this manifest */
  readonly tags: readonly string[];
  readonly manifestDigest: Digest | undefined;
  readonly manifest: ImageManifest;
  /** The engine's image id */
  readonly configDigest: Digest;
  readonly config: ImageConfig;
  readonly layers: readonly VerifiedLayer[];
  /** The flattened root file system by path, without leading slash, parents first */
  readonly rootfs: ReadonlyMap<string, RootfsEntry>;
}

export interface VerifyOptions extends WriteOptions, ImageChoice {}

/**
 * Reads an image from a tar or an OCI layout folder and checks all of it: index → manifest → config → layers, every
 * digest, size and diffID, the docker manifest beside it, and that an engine reads each layer to its end.
 * @throws AppError INTEGRITY (expected and got), BAD_ARCHIVE, UNSUPPORTED, LIMIT, NOT_FOUND, USAGE (which image)
 */
export async function verifyImage(path: string, options: VerifyOptions = {}): Promise<VerifiedImage> {
  const source = await openImage(path, options);
  const { kind, tags, manifestDigest, manifest, config } = source;
  const builder = new RootfsBuilder();
  const layers: VerifiedLayer[] = [];
  const total = manifest.layers.reduce((sum, layer) => sum + layer.size, 0);
  const task = (options.progress ?? silentProgress).task('verify layers', total, 'bytes');
  try {
    for (const [index, descriptor] of manifest.layers.entries()) {
      throwIfCancelled(options.signal);
      const advance = (bytes: number) => task.advance(bytes);
      const { layer, entries } = await readLayer(source, descriptor, { index, advance });
      expectEqual(`diffID of layer ${index} (${descriptor.digest})`, config.diffIds[index], layer.diffId);
      builder.apply(entries);
      layers.push(layer);
    }
  } finally {
    task.done();
  }
  const configDigest = manifest.config.digest;
  return {
    kind,
    tags,
    manifestDigest,
    manifest,
    configDigest,
    config,
    layers,
    rootfs: new Map([...namesBelow(builder.result())].map(([path, { entry }]) => [path, entry])),
  };
}
