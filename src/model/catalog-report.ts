import type { Digest } from './digest.ts';
import type { BlobCount, PushReport } from './registry.ts';

export interface CatalogPushReport {
  readonly pushed: PushReport;
  readonly repositories: number;
  /** In the repositories' indexes */
  readonly packages: number;
  /** Whose facts are known */
  readonly archives: number;
}

export interface CatalogPullReport {
  /** With registry, namespace, tag and digest */
  readonly reference: string;
  readonly digest: Digest;
  /** Taken, because they were not known or were others here */
  readonly repositories: number;
  readonly archives: number;
  readonly fetched: BlobCount;
  /** The cache had them already */
  readonly cached: BlobCount;
}
