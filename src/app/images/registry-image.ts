import { AppError } from '../../model/app-error.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type { Reference } from '../../model/reference.ts';
import { chooseManifest, readImage } from '../../output/image-content.ts';
import type { ImageSource } from '../../output/image-source.ts';
import type { RegistrySession } from '../../registry/types.ts';
import type { FileBlobStore } from '../../store/blob-store.ts';
import { openRegistryContent } from './registry-content.ts';

/** Options of opening an image in a registry. */
export interface RegistryImageOptions {
  readonly reference: Reference;
  /** As ImageArgument.platform */
  readonly platform: string;
  /** As ImageArgumentContext.store */
  readonly store: FileBlobStore | undefined;
}

/**
 * Opens an image in a registry, to be read like one in a file; `blob` throws INTEGRITY for a blob that the image does not have.
 * @throws AppError as openRegistryContent and chooseManifest
 */
export async function openRegistryImage(
  session: RegistrySession,
  { reference, platform, store }: RegistryImageOptions,
): Promise<ImageSource> {
  const content = await openRegistryContent(session, reference);
  const chosen = await chooseManifest(content, platform);
  const { manifest, config } = await readImage(content, chosen);
  const blobs = new Map([...manifest.layers, manifest.config].map((blob) => [blob.digest, blob]));
  async function* stored(cache: FileBlobStore, blob: Descriptor, start: number): AsyncGenerator<Uint8Array> {
    const { digest, size } = blob;
    if (!cache.has(digest, size)) await cache.put(content.blob(blob, 0), { digest, sizeBytes: size });
    yield* cache.read(blob, start);
  }
  return {
    kind: 'registry',
    tags: content.tags,
    manifestDigest: chosen.descriptor.digest,
    manifest,
    config,
    blob(digest, offset = 0) {
      const blob = blobs.get(digest);
      if (blob === undefined) {
        throw new AppError('INTEGRITY', `${content.name}: blob ${digest} not found`);
      }
      return store === undefined ? content.blob(blob, offset) : stored(store, blob, offset);
    },
    unlistedFiles: async () => [],
  };
}
