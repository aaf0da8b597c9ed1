import type { Digest } from './digest.ts';
import type { BlobCount } from './registry.ts';

/** A file of an artifact that was pushed. */
export interface PushedFile {
  /** Name under which clients save it */
  readonly title: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** True if it is the archive of a folder, which clients unpack */
  readonly isFolder: boolean;
}

/** Result of `artifact push`. */
export interface ArtifactPushReport {
  /** Name with registry, namespace and tag, or with the digest if it has no tag */
  readonly reference: string;
  /** Digest of the manifest */
  readonly digest: Digest;
  readonly artifactType: string;
  /** Digest of the manifest that the artifact is attached to; null if it is not attached */
  readonly subject: Digest | null;
  readonly files: readonly PushedFile[];
  /** False if the registry already had it under this name, so that nothing was sent */
  readonly changed: boolean;
  readonly uploaded: BlobCount;
  /** Blobs that the repository already had */
  readonly present: BlobCount;
  /** Size of the bodies of uploads, failed attempts included */
  readonly sentBytes: number;
}

/**
 * Result for one file. `saved`: downloaded, verified and in its place; `unpacked`: the same for a folder; `there`: it was
 * already there.
 */
export type SavedState = 'saved' | 'unpacked' | 'there';

/** A file of an artifact that was pulled. */
export interface PulledFile {
  /** Name in the artifact */
  readonly title: string;
  /** Path of the file on this machine */
  readonly path: string;
  readonly digest: Digest;
  /** Size as stored in the registry: for a folder, that of its archive */
  readonly sizeBytes: number;
  readonly state: SavedState;
}

/** Result of `artifact pull`. */
export interface ArtifactPullReport {
  /** Name with registry, namespace, tag and digest: `docker.io/library/alpine:3.19@sha256:…` */
  readonly reference: string;
  /** Digest of the manifest */
  readonly digest: Digest;
  readonly artifactType: string;
  readonly files: readonly PulledFile[];
  /** Digests of blobs that have no name and are therefore not saved */
  readonly unnamed: readonly Digest[];
}

/** Result of `artifact fetch`. */
export interface ArtifactFetchReport extends PulledFile {
  /** Name with registry and namespace, and the digest of the file */
  readonly reference: string;
  /** Number of bytes that an earlier, interrupted download left */
  readonly resumedBytes: number;
}
