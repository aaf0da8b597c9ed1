import type { CatalogPullReport, CatalogPushReport } from '../model/catalog-report.ts';
import { count, formatSize } from './format.ts';
import { block, pushSummary } from './render-registry.ts';

/** With quiet the digest alone. */
export function renderCatalogPush(report: CatalogPushReport, { quiet }: { readonly quiet: boolean }): string {
  const { pushed, repositories, packages, archives } = report;
  if (quiet) return `${pushed.digest}\n`;
  return block([
    ['pushed to', pushed.reference],
    ['digest', pushed.digest],
    ['repositories', `${repositories} (${count(packages, 'package')})`],
    ['facts of', count(archives, 'archive')],
    ['blobs', pushSummary(pushed)],
  ]);
}

/** With quiet the digest alone. */
export function renderCatalogPull(report: CatalogPullReport, { quiet }: { readonly quiet: boolean }): string {
  if (quiet) return `${report.digest}\n`;
  const { fetched, cached } = report;
  return block([
    ['pulled', report.reference],
    ['repositories', `${report.repositories} taken`],
    ['facts of', `${count(report.archives, 'archive')} taken`],
    ['received', `${formatSize(fetched.bytes)}; ${formatSize(cached.bytes)} were here`],
  ]);
}
