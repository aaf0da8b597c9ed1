import type { CatalogPullReport, CatalogPushReport } from '../../src/model/catalog-report.ts';
import { digestOf } from '../../src/model/digest.ts';
import { PUSHED } from './registry-samples.ts';

export const CATALOG_PUSHED: CatalogPushReport = {
  pushed: PUSHED,
  repositories: 2,
  packages: 23_030,
  archives: 64,
};

export const CATALOG_PULLED: CatalogPullReport = {
  reference: `registry.example/team/catalog@${digestOf('manifest')}`,
  digest: digestOf('manifest'),
  repositories: 1,
  archives: 64,
  fetched: { blobs: 48, bytes: 3_100_000 },
  cached: { blobs: 2, bytes: 130_000 },
};
