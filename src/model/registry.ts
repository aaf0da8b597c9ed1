import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';

/** How registries are reached, as the user says it. */
export interface RegistryAccess {
  /** Allows plain HTTP, and TLS without checking the certificate */
  readonly insecure: boolean;
  /** PEM files; empty: none */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Where an image is pushed. */
export interface PushTarget {
  /** `registry.example/team/app:1` */
  readonly references: readonly string[];
  readonly access: RegistryAccess;
  /** Package store that layers are mounted from, `registry.example/packages`; default: of the environment, else none */
  readonly store?: string | undefined;
}

/** Number and size of blobs. */
export interface BlobCount {
  readonly blobs: number;
  readonly bytes: number;
}

/** Result of `push`. */
export interface PushReport {
  /** Name with registry, namespace and tag */
  readonly reference: string;
  /** Digest of the manifest or of the index */
  readonly digest: Digest;
  readonly mediaType: string;
  /** False: the registry had it under that name already, and nothing was sent */
  readonly changed: boolean;
  /** Manifests and indexes that were sent */
  readonly manifests: number;
  readonly uploaded: BlobCount;
  /** Blobs mounted from another repository of the registry */
  readonly mounted: BlobCount;
  /** The repository had them already */
  readonly present: BlobCount;
  /** Bodies of uploads, also of tries that failed */
  readonly sentBytes: number;
}

/** Result of `copy`. */
export interface CopyReport {
  /** Name that the user gave */
  readonly from: string;
  readonly pushed: PushReport;
}

/** Result of `pull`. */
export interface PullReport {
  /** Name with registry, namespace, tag and digest */
  readonly reference: string;
  readonly digest: Digest;
  readonly mediaType: string;
  /** Digest of the config; null for an index of several images */
  readonly imageId: Digest | null;
  /** `linux/amd64`; of an index all of them */
  readonly platforms: readonly string[];
  readonly output: string;
  readonly fetched: BlobCount;
  /** The cache had them already */
  readonly cached: BlobCount;
}

/** Result of `tags`. */
export interface TagsReport {
  readonly repository: string;
  readonly tags: readonly string[];
}

/** A layer of an inspected image. */
export interface InspectedLayer {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** `package`, `bundle`, `install`; empty: it does not say */
  readonly kind: string;
  /** `name-version`, as its annotations say */
  readonly packages: readonly string[];
  /** An artifact's file name (`org.opencontainers.image.title`); null: none */
  readonly title: string | null;
}

/** An image of an inspected index. */
export interface InspectedImage {
  readonly digest: Digest;
  /** `linux/amd64`; empty: it does not say */
  readonly platform: string;
  readonly sizeBytes: number;
}

/** Result of `inspect`. */
export interface InspectReport {
  /** Name as in PullReport; of a file or folder `PATH#sha256:…` */
  readonly reference: string;
  /** Digest of the manifest or index that is shown */
  readonly digest: Digest;
  readonly mediaType: string;
  /** Digest of the index that it was chosen from; null where no index was involved */
  readonly index: Digest | null;
  readonly artifactType: string | null;
  readonly annotations: Readonly<Record<string, string>>;
  /** Images of an index, in its order; empty for a manifest */
  readonly images: readonly InspectedImage[];
  /** Null for an index */
  readonly platform: string | null;
  readonly config: Descriptor | null;
  /** The config's own JSON; null for an index and for what is not an image */
  readonly configuration: unknown;
  readonly layers: readonly InspectedLayer[];
  /** Sum of the layers, each digest once */
  readonly sizeBytes: number;
  /** Null unless asked for */
  readonly referrers: readonly Descriptor[] | null;
}

/** Result of `remove`. */
export interface RemoveReport {
  readonly reference: string;
  /** Digest of the manifest that was removed; null where only the tag was, and the manifest stays */
  readonly digest: Digest | null;
}

/** Result of `login`. */
export interface LoginReport {
  readonly registry: string;
  readonly username: string;
  /** A file, or the program of a keychain */
  readonly storedAt: string;
  /** False: the registry lets strangers in too, so that it said nothing about the password */
  readonly verified: boolean;
  readonly notes: readonly string[];
}

/** Result of `logout`. */
export interface LogoutReport {
  readonly registry: string;
  /** False: there was no login */
  readonly removed: boolean;
}
