import type { ContentReport } from '../../app/compose/compose-content.ts';
import { type Digest, digestOf, hexOf } from '../../model/digest.ts';
import { MEDIA_TYPES } from '../../model/media-types.ts';
import type { ServedManifest } from '../content.ts';
import { setTag, versionTag } from './names.ts';

/** An image for all architectures of a release. */
export interface ComposedImage {
  readonly index: ServedManifest;
  readonly images: readonly ContentReport[];
  /** Tag of the set of its packages */
  readonly setTag: string;
  /** Tag of the version of its first package; undefined: it has none, or another one on another architecture */
  readonly versionTag: string | undefined;
}

/** An architecture without an image, and why. */
export interface LeftOut {
  readonly architecture: string;
  readonly reason: string;
}

/** Annotation of an index that names the architectures that have no image, and why. */
const LEFT_OUT = 'dev.pkgcompose.left-out';

/** Makes the index of images of the same packages for several architectures (OCI image-spec, "Image Index"). */
export function imageIndex(images: readonly ContentReport[], leftOut: readonly LeftOut[]): ComposedImage {
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.index,
      manifests: images.map(({ descriptor: { mediaType, digest, size, platform } }) => ({
        mediaType,
        digest,
        size,
        platform: { architecture: platform.architecture, os: platform.os, ...variantOf(platform) },
      })),
      ...(leftOut.length === 0 ? {} : { annotations: { [LEFT_OUT]: leftOut.map(textOf).join('\n') } }),
    }),
  );
  const versions = new Set(images.map(({ version }) => version));
  const [version = ''] = versions;
  return {
    index: { mediaType: MEDIA_TYPES.index, digest: digestOf(bytes), bytes },
    images,
    setTag: setTag(hexOf(setDigest(images))),
    versionTag: versions.size === 1 && version !== '' ? versionTag(version) : undefined,
  };
}

function textOf({ architecture, reason }: LeftOut): string {
  return `${architecture}: ${reason.replaceAll('\n', '; ')}`;
}

function variantOf({ variant }: { readonly variant?: string }): { readonly variant?: string } {
  return variant === undefined ? {} : { variant };
}

/** Equal for the same packages on the same architectures. */
function setDigest(images: readonly ContentReport[]): Digest {
  return digestOf(JSON.stringify(images.map(({ descriptor, set }) => [descriptor.platform, set])));
}
