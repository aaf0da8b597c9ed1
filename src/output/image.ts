import type { Descriptor } from '../model/descriptor.ts';
import { type Digest, hexOf } from '../model/digest.ts';
import { MEDIA_TYPES } from '../model/media-types.ts';
import type { Platform } from '../model/platform.ts';
import { type ImageTag, parseTag } from './tag.ts';

/** A layer or config of an image to be written. */
export interface ImageBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Path of a file that holds exactly the blob, or its bytes. */
  readonly content: string | Uint8Array;
}

/** A composed image, ready to be written: everything but the bytes of its layers. */
export interface Image {
  /** The manifest's exact bytes. */
  readonly manifest: Uint8Array;
  readonly manifestDigest: Digest;
  /** Default: OCI's; Docker's if a registry has the image so */
  readonly manifestType?: string;
  readonly config: ImageBlob;
  /** Lowest first; a digest may repeat. */
  readonly layers: readonly ImageBlob[];
  /** Image names; those without a tag mean `:latest`. */
  readonly tags: readonly string[];
  readonly platform: Platform;
  /** Modification time of every entry written, in seconds since the epoch. */
  readonly createdAt: number;
}

/** A file of the image's layout, in the order it is written. */
export interface LayoutFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly content: string | Uint8Array;
  /** Undefined for files that are made here */
  readonly digest: Digest | undefined;
}

/** A file of the layout that is a blob. */
export interface LayoutBlob extends LayoutFile {
  readonly digest: Digest;
}

/** OCI image-spec 1.1, "Image Layout", `oci-layout`. */
export const OCI_LAYOUT = Buffer.from('{"imageLayoutVersion":"1.0.0"}');

/** OCI image-spec "Annotations", pre-defined keys: the name within a layout. */
export const REF_NAME = 'org.opencontainers.image.ref.name';
/** Annotation from which containerd, podman and BuildKit read the full image name. */
export const CONTAINERD_NAME = 'io.containerd.image.name';

/** Returns the path of a blob within a layout. */
export function blobPath(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

/** Returns the distinct names of the image, in the order given. */
function imageTags(image: Image): readonly ImageTag[] {
  const byName = new Map(image.tags.map((tag) => [parseTag(tag).full, parseTag(tag)]));
  return [...byName.values()];
}

/** Returns a descriptor per tag, as index.json holds them; for an image without tags one without a name. */
export function indexDescriptors(image: Image): readonly Descriptor[] {
  const { os, architecture, variant } = image.platform;
  const base = {
    mediaType: image.manifestType ?? MEDIA_TYPES.manifest,
    digest: image.manifestDigest,
    size: image.manifest.byteLength,
  };
  const platform = { architecture, os, ...(variant === undefined ? {} : { variant }) };
  const tags = imageTags(image);
  if (tags.length === 0) return [{ ...base, platform }];
  return tags.map((tag) => ({ ...base, annotations: nameAnnotations(tag), platform }));
}

/** Returns the annotations that name an image in a layout. */
export function nameAnnotations({ familiar, full }: ImageTag): Readonly<Record<string, string>> {
  return { [CONTAINERD_NAME]: full, [REF_NAME]: familiar };
}

/** Serialises index.json (OCI image-spec "Image Index"). */
function indexJson(image: Image): Buffer {
  return Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests: indexDescriptors(image) }),
  );
}

/**
 * Returns the document that `docker load` and `podman load` read: docker image-spec v1.2, `manifest.json`, with OCI blob paths.
 * Names are in full, since podman puts `localhost/` before others; docker shortens them itself.
 */
function dockerManifestJson(image: Image): Buffer {
  return Buffer.from(
    JSON.stringify([
      {
        Config: blobPath(image.config.digest),
        RepoTags: imageTags(image).map((tag) => tag.full),
        Layers: image.layers.map((layer) => blobPath(layer.digest)),
      },
    ]),
  );
}

/** Returns the image's blobs, each digest once: config, manifest, then layers in order. */
export function imageBlobs(image: Image): readonly LayoutBlob[] {
  const manifest: ImageBlob = {
    digest: image.manifestDigest,
    sizeBytes: image.manifest.byteLength,
    content: image.manifest,
  };
  const files = new Map<Digest, LayoutBlob>();
  for (const { digest, sizeBytes, content } of [image.config, manifest, ...image.layers]) {
    files.set(digest, { path: blobPath(digest), sizeBytes, content, digest });
  }
  return [...files.values()];
}

/** Returns every file of the single tar: small metadata first, so that readers find it without a seek. */
export function layoutFiles(image: Image): readonly LayoutFile[] {
  const made = (path: string, content: Uint8Array): LayoutFile => ({
    path,
    sizeBytes: content.byteLength,
    content,
    digest: undefined,
  });
  return [
    made('oci-layout', OCI_LAYOUT),
    made('index.json', indexJson(image)),
    made('manifest.json', dockerManifestJson(image)),
    ...imageBlobs(image),
  ];
}
