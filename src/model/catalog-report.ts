import type { Digest } from './digest.ts';
import type { BlobCount, PushReport } from './registry.ts';

/** Result of `catalog push`. */
export interface CatalogPushReport {
  readonly pushed: PushReport;
  /** Number of repositories */
  readonly repositories: number;
  /** Number of packages in their indexes */
  readonly packages: number;
  /** Number of archives with known facts */
  readonly archives: number;
}

/** Result of `catalog pull`. */
export interface CatalogPullReport {
  /** Name with registry, namespace, tag and digest: `docker.io/library/alpine:3.19@sha256:…` */
  readonly reference: string;
  /** Digest of the manifest */
  readonly digest: Digest;
  /** Number of repositories that were imported because they were unknown or different here */
  readonly repositories: number;
  /** Number of archives that were imported */
  readonly archives: number;
  /** Blobs that were downloaded */
  readonly fetched: BlobCount;
  /** Blobs that the cache already had */
  readonly cached: BlobCount;
}
