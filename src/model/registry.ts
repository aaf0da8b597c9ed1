import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';

/** Settings of connections to registries. */
export interface RegistryAccess {
  /** Allows plain HTTP, and TLS without checking the certificate */
  readonly insecure: boolean;
  /** PEM files; empty: none */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Registries to push an image to. */
export interface PushTarget {
  /** `registry.example/team/app:1` */
  readonly references: readonly string[];
  readonly access: RegistryAccess;
  /** Package store that layers are mounted from, `registry.example/packages`; default: from the environment, else none */
  readonly store?: string | undefined;
}

/** Number and size of blobs. */
export interface BlobCount {
  readonly blobs: number;
  readonly bytes: number;
}

/** Result of `push`. */
export interface PushReport {
  /** Name with registry, namespace and tag: `docker.io/team/app:1` */
  readonly reference: string;
  /** Digest of the manifest or index */
  readonly digest: Digest;
  readonly mediaType: string;
  /** False if the registry already had it under this name, so that nothing was sent */
  readonly changed: boolean;
  /** Number of manifests and indexes that were sent */
  readonly manifests: number;
  readonly uploaded: BlobCount;
  /** Blobs mounted from another repository of the registry */
  readonly mounted: BlobCount;
  /** Blobs that the repository already had */
  readonly present: BlobCount;
  /** Size of the bodies of uploads, failed attempts included */
  readonly sentBytes: number;
}

/** Result of `push` and `cp`. */
export interface CopyReport {
  /** Name as given */
  readonly from: string;
  readonly pushed: PushReport;
}

/** Result of `pull`. */
export interface PullReport {
  /** Name with registry, namespace, tag and digest: `docker.io/library/alpine:3.19@sha256:…` */
  readonly reference: string;
  /** Digest of the manifest or index */
  readonly digest: Digest;
  readonly mediaType: string;
  /** Digest of the image config, which engines call image id; null for an index of several images */
  readonly imageId: Digest | null;
  /** `linux/amd64`; for an index, those of all images */
  readonly platforms: readonly string[];
  /** File or folder that was written */
  readonly output: string;
  /** Blobs that were downloaded */
  readonly fetched: BlobCount;
  /** Blobs that the cache already had */
  readonly cached: BlobCount;
}

/** Result of `tags`. */
export interface TagsReport {
  /** `docker.io/library/alpine` */
  readonly repository: string;
  readonly tags: readonly string[];
}

/** A layer of an inspected image. */
export interface InspectedLayer {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** `package`, `bundle` or `install`; empty if its annotations do not say */
  readonly kind: string;
  /** `name-version`, according to its annotations */
  readonly packages: readonly string[];
  /** File name in an artifact (`org.opencontainers.image.title`); null if it has none */
  readonly title: string | null;
}

/** An image of an inspected index. */
export interface InspectedImage {
  /** Digest of its manifest */
  readonly digest: Digest;
  /** `linux/amd64`; empty if the index does not say */
  readonly platform: string;
  /** Size of its manifest */
  readonly sizeBytes: number;
}

/** Result of `inspect`. */
export interface InspectReport {
  /** As in PullReport; for a file or folder, `PATH#sha256:…` */
  readonly reference: string;
  /** Digest of the manifest or index */
  readonly digest: Digest;
  readonly mediaType: string;
  /** Digest of the index that the manifest was chosen from; null if there was none */
  readonly index: Digest | null;
  /** Null if it is not an artifact */
  readonly artifactType: string | null;
  readonly annotations: Readonly<Record<string, string>>;
  /** Images of an index, in its order; empty for a manifest */
  readonly images: readonly InspectedImage[];
  /** `linux/amd64`; null for an index */
  readonly platform: string | null;
  /** Null for an index */
  readonly config: Descriptor | null;
  /** The config's JSON; null for an index, and for anything but an image */
  readonly configuration: unknown;
  readonly layers: readonly InspectedLayer[];
  /** Sum of the layers' sizes, each digest counted once */
  readonly sizeBytes: number;
  /** Null without `--referrers` */
  readonly referrers: readonly Descriptor[] | null;
}

/** Result of `rm`. */
export interface RemoveReport {
  /** Name with registry, namespace, and tag or digest */
  readonly reference: string;
  /** Digest of the manifest that was removed; null if only the tag was removed */
  readonly digest: Digest | null;
}

/** Result of `login`. */
export interface LoginReport {
  readonly registry: string;
  readonly username: string;
  /** A file, or the name of a credential helper */
  readonly storedAt: string;
  /** False if the registry also answers without a login, so that the password could not be checked */
  readonly verified: boolean;
  /** Sentences */
  readonly notes: readonly string[];
}

/** Result of `logout`. */
export interface LogoutReport {
  readonly registry: string;
  /** False if there was no login */
  readonly removed: boolean;
}
