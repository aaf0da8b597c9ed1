import type { Digest } from './digest.ts';
import type { BlobCount } from './registry.ts';

/** A file of an artifact that was pushed. */
export interface PushedFile {
  /** File name under which clients save it */
  readonly title: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** An archive of a folder, which clients unpack */
  readonly isFolder: boolean;
}

/** Result of `artifact push` and `attach`. */
export interface ArtifactPushReport {
  /** Name with registry, namespace and tag; with the digest where it has no tag */
  readonly reference: string;
  /** Digest of the manifest */
  readonly digest: Digest;
  readonly artifactType: string;
  /** Digest of the manifest that it is attached to; null where there is no such manifest */
  readonly subject: Digest | null;
  readonly files: readonly PushedFile[];
  /** False: the registry had it under that name already, and nothing was sent */
  readonly changed: boolean;
  readonly uploaded: BlobCount;
  /** The repository had them already */
  readonly present: BlobCount;
  /** Bodies of uploads, also of tries that failed */
  readonly sentBytes: number;
}

/** `saved`: fetched, checked and in its place; `unpacked`: a folder; `there`: the same file was there already. */
export type SavedState = 'saved' | 'unpacked' | 'there';

/** A file of an artifact that was pulled. */
export interface PulledFile {
  readonly title: string;
  /** Path of the file on this machine */
  readonly path: string;
  readonly digest: Digest;
  /** Bytes that were sent: for a folder, those of its archive */
  readonly sizeBytes: number;
  readonly state: SavedState;
}

/** Result of `artifact pull`. */
export interface ArtifactPullReport {
  /** Name with registry, namespace, tag and digest */
  readonly reference: string;
  readonly digest: Digest;
  readonly artifactType: string;
  readonly files: readonly PulledFile[];
  /** Blobs without a name, which are not saved */
  readonly unnamed: readonly Digest[];
}

/** Result of `artifact fetch`. */
export interface ArtifactFetchReport extends PulledFile {
  /** Name with registry and namespace, and the digest of the file */
  readonly reference: string;
  /** Bytes of an earlier, unfinished fetch that were used */
  readonly resumedBytes: number;
}
