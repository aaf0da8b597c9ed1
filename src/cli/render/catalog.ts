import type { CatalogPullReport, CatalogPushReport } from '../../model/catalog-report.ts';
import { count, formatSize } from './format.ts';
import { block, pushSummary } from './registry.ts';

/** Renders the report of `catalog push`; with `quiet`, only the digest. */
export function renderCatalogPush(report: CatalogPushReport, { quiet }: { readonly quiet: boolean }): string {
  const { pushed, repositories, packages, archives } = report;
  if (quiet) return `${pushed.digest}\n`;
  return block([
    ['pushed to', pushed.reference],
    ['digest', pushed.digest],
    ['repositories', `${repositories} (${count(packages, 'package')})`],
    ['metadata of', count(archives, 'archive')],
    ['blobs', pushSummary(pushed)],
  ]);
}

/** Renders the report of `catalog pull`; with `quiet`, only the digest. */
export function renderCatalogPull(report: CatalogPullReport, { quiet }: { readonly quiet: boolean }): string {
  if (quiet) return `${report.digest}\n`;
  const { fetched, cached } = report;
  return block([
    ['pulled', report.reference],
    ['repositories', `${report.repositories} imported`],
    ['metadata of', `${count(report.archives, 'archive')} imported`],
    ['received', `${formatSize(fetched.bytes)}; ${formatSize(cached.bytes)} already cached`],
  ]);
}
