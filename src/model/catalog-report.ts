import type { Digest } from './digest.ts';
import type { BlobCount, PushReport } from './registry.ts';

/** Result of `catalog push`. */
export interface CatalogPushReport {
  readonly pushed: PushReport;
  readonly repositories: number;
  /** Packages in the repositories' indexes */
  readonly packages: number;
  /** Archives whose facts are known */
  readonly archives: number;
}

/** Result of `catalog pull`. */
export interface CatalogPullReport {
  /** Name with registry, namespace, tag and digest */
  readonly reference: string;
  readonly digest: Digest;
  /** Taken, because they were not known or were others here */
  readonly repositories: number;
  readonly archives: number;
  readonly fetched: BlobCount;
  /** The cache had them already */
  readonly cached: BlobCount;
}
