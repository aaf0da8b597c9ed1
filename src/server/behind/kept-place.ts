import { type Digest, isDigest } from '../../model/digest.ts';
import { fullName } from '../../model/reference.ts';
import type { RegistryAccess } from '../../model/registry.ts';
import type { ImagePlace } from '../composed/image-place.ts';
import type { Pool } from '../workers/pool.ts';
import type { RegistryHealth } from './health.ts';
import type { KeptImages } from './kept-images.ts';
import { Recent } from './recent.ts';

/** Services of a KeptPlace. */
export interface KeptPlaceServices {
  readonly images: KeptImages;
  readonly health: RegistryHealth;
  readonly pool: Pool;
  /** Repository of packages in the registry behind */
  readonly store: string;
  readonly access: RegistryAccess;
}

/** Names that were asked for last, and digests and sizes of their blobs: some 10 KB each */
const NAMES = { maxWeight: 5_000, maxAgeMs: Number.POSITIVE_INFINITY };
/** A tag of a set of packages (composed/names.ts), the only kind that is written to the registry: its meaning never changes. */
const SET_TAG = /^r-[0-9a-f]{32}$/;

/**
 * Makes the registry behind the place of composed images: an image is told of when it is there, so that every server has it. Which
 * image any other tag stands for is computed by each server from the catalog, and remembered in memory.
 */
export function keptPlace({ images, health, pool, store, access }: KeptPlaceServices): ImagePlace {
  const tags = new Recent<{ readonly identity: string; readonly digest: Digest }>(NAMES);
  const blobs = new Recent<ReadonlyMap<string, number>>(NAMES);
  return {
    tagged(repository, tag, identity) {
      const known = tags.get(`${repository}:${tag}`);
      return known?.identity === identity ? images.inMemory(repository, known.digest) : undefined;
    },
    last: (repository, tag) => (SET_TAG.test(tag) ? images.tagged(repository, tag) : undefined),
    manifest: (repository, digest) =>
      isDigest(digest) ? images.manifest(repository, digest as Digest) : undefined,
    blob: (repository, digest) => (isDigest(digest) ? images.blob(repository, digest as Digest) : undefined),
    blobSize: (repository, digest) => blobs.get(repository)?.get(digest),
    // Whoever composes the image again puts the package there again.
    package: () => undefined,
    tags: async (repository) => (await images.tags(repository)).filter((tag) => SET_TAG.test(tag)),
    async put({ repository, tags: given, identity, image }, sources, asker) {
      const { index, images: ofPlatforms, setTag } = image;
      const request = {
        repository: fullName(images.repositoryOf(repository)),
        tag: setTag,
        manifests: ofPlatforms.map(({ manifest }) => manifest),
        index: index.bytes,
        sources,
        store,
        access,
      };
      await health.watch(() => pool.run('keepImage', request, asker));
      const sizes = new Map<string, number>();
      for (const { descriptor, manifest, config, layers } of ofPlatforms) {
        const { mediaType, digest } = descriptor;
        images.remember(repository, { mediaType, digest, bytes: manifest });
        for (const blob of [config, ...layers]) sizes.set(blob.digest, blob.size);
      }
      images.remember(repository, index);
      blobs.set(repository, sizes);
      for (const tag of given) tags.set(`${repository}:${tag}`, { identity, digest: index.digest as Digest });
    },
    close: async () => {},
  };
}
