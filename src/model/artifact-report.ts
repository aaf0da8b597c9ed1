import type { Digest } from './digest.ts';
import type { BlobCount } from './registry.ts';

export interface PushedFile {
  /** What clients save it as */
  readonly title: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** An archive of a folder, which clients unpack */
  readonly isFolder: boolean;
}

export interface ArtifactPushReport {
  /** With registry, namespace and tag, or digest where it has no tag */
  readonly reference: string;
  /** Of the manifest */
  readonly digest: Digest;
  readonly artifactType: string;
  /** What it is attached to; null: nothing */
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

export interface PulledFile {
  readonly title: string;
  /** Where it is now */
  readonly path: string;
  readonly digest: Digest;
  /** As it was sent: of a folder, its archive */
  readonly sizeBytes: number;
  readonly state: SavedState;
}

export interface ArtifactPullReport {
  /** With registry, namespace, tag and digest */
  readonly reference: string;
  readonly digest: Digest;
  readonly artifactType: string;
  readonly files: readonly PulledFile[];
  /** Blobs without a name, which are not saved */
  readonly unnamed: readonly Digest[];
}

export interface ArtifactFetchReport extends PulledFile {
  /** With registry and namespace, and the digest of the file */
  readonly reference: string;
  /** Bytes of an earlier, unfinished fetch that were used */
  readonly resumedBytes: number;
}
