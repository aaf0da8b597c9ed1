import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';

/** How registries are reached, as the user says it. */
export interface RegistryAccess {
  /** Without TLS, or without a look at its certificate */
  readonly insecure: boolean;
  /** PEM files; empty: none */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface PushTarget {
  /** `registry.example/team/app:1` */
  readonly references: readonly string[];
  readonly access: RegistryAccess;
  /** Package store that layers are mounted from, `registry.example/packages`; default: of the environment, else none */
  readonly store?: string | undefined;
}

export interface BlobCount {
  readonly blobs: number;
  readonly bytes: number;
}

export interface PushReport {
  /** With registry, namespace and tag */
  readonly reference: string;
  /** Of the manifest, or of the index */
  readonly digest: Digest;
  readonly mediaType: string;
  /** False: the registry had it under that name already, and nothing was sent */
  readonly changed: boolean;
  /** Manifests and indexes that were sent */
  readonly manifests: number;
  readonly uploaded: BlobCount;
  /** From another repository of the registry */
  readonly mounted: BlobCount;
  /** The repository had them already */
  readonly present: BlobCount;
  /** Bodies of uploads, also of tries that failed */
  readonly sentBytes: number;
}

export interface CopyReport {
  /** As the user named it */
  readonly from: string;
  readonly pushed: PushReport;
}

export interface PullReport {
  /** With registry, namespace, tag and digest */
  readonly reference: string;
  readonly digest: Digest;
  readonly mediaType: string;
  /** Of the config; null for an index of several images */
  readonly imageId: Digest | null;
  /** `linux/amd64`; of an index all of them */
  readonly platforms: readonly string[];
  readonly output: string;
  readonly fetched: BlobCount;
  /** The cache had them already */
  readonly cached: BlobCount;
}

export interface TagsReport {
  readonly repository: string;
  readonly tags: readonly string[];
}

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

export interface InspectedImage {
  readonly digest: Digest;
  /** `linux/amd64`; empty: it does not say */
  readonly platform: string;
  readonly sizeBytes: number;
}

export interface InspectReport {
  /** As PullReport; of a file or folder `PATH#sha256:…` */
  readonly reference: string;
  /** Of the manifest or index that is shown */
  readonly digest: Digest;
  readonly mediaType: string;
  /** Of the index that it was chosen from; null: none was */
  readonly index: Digest | null;
  readonly artifactType: string | null;
  readonly annotations: Readonly<Record<string, string>>;
  /** Of an index, in its order; empty for a manifest */
  readonly images: readonly InspectedImage[];
  /** Null for an index */
  readonly platform: string | null;
  readonly config: Descriptor | null;
  /** The config's own JSON; null for an index and for what is no image */
  readonly configuration: unknown;
  readonly layers: readonly InspectedLayer[];
  /** Sum of the layers, each digest once */
  readonly sizeBytes: number;
  /** Null unless asked for */
  readonly referrers: readonly Descriptor[] | null;
}

export interface RemoveReport {
  readonly reference: string;
  /** Of the manifest that was removed; null: the tag alone was, the manifest stays */
  readonly digest: Digest | null;
}

export interface LoginReport {
  readonly registry: string;
  readonly username: string;
  /** A file, or the program of a keychain */
  readonly storedAt: string;
  /** False: the registry lets strangers in too, so that it said nothing about the password */
  readonly verified: boolean;
  readonly notes: readonly string[];
}

export interface LogoutReport {
  readonly registry: string;
  /** False: there was no login */
  readonly removed: boolean;
}
