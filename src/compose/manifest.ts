import type { Descriptor } from '../model/descriptor.ts';
import { MEDIA_TYPES } from '../model/media-types.ts';
import { sortKeys } from './image-config.ts';

/** Descriptors and annotations of an image manifest. */
export interface ManifestInput {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** Serialises an OCI image manifest (image-spec, "OCI Image Manifest"). The same input gives the same bytes. */
export function imageManifest(input: ManifestInput): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.manifest,
      config: descriptor(input.config),
      layers: input.layers.map(descriptor),
      ...(Object.keys(input.annotations).length === 0 ? {} : { annotations: sortKeys(input.annotations) }),
    }),
  );
}

function descriptor({ mediaType, digest, size, annotations }: Descriptor): Descriptor {
  const named = annotations !== undefined && Object.keys(annotations).length > 0;
  return { mediaType, digest, size, ...(named ? { annotations: sortKeys(annotations) } : {}) };
}
