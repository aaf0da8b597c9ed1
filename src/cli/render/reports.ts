import type {
  CacheEntryReport,
  CacheGcReport,
  CacheVerifyReport,
  IndexReport,
  IngestReport,
} from '../../model/request.ts';
import { count, formatSize, labelled, printable, table } from './format.ts';

/** Renders the indexes that were fetched, as a table. */
export function renderIndex(reports: readonly IndexReport[]): string {
  return table(
    [
      { title: 'REPOSITORY' },
      { title: 'STATUS' },
      { title: 'PACKAGES', align: 'right' },
      { title: 'SIGNED BY' },
      { title: 'URL' },
    ],
    reports.map((report) => [
      report.repository,
      report.status,
      String(report.packages),
      report.signedBy === '' ? 'unsigned' : report.signedBy,
      report.url,
    ]),
  );
}

/** Renders the archives that were ingested, as a table, with a note for each that cannot be a layer as it is. */
export function renderIngest(reports: readonly IngestReport[]): string {
  const listing = table(
    [
      { title: 'PACKAGE' },
      { title: 'VERSION' },
      { title: 'SIZE', align: 'right' },
      { title: 'FILES', align: 'right' },
      { title: 'SIGNED BY' },
      { title: 'STATE' },
    ],
    reports.map((report) => [
      report.name,
      report.version,
      formatSize(report.sizeBytes),
      String(report.files),
      report.signedBy === '' ? 'unsigned' : report.signedBy,
      report.added ? 'added' : 'known',
    ]),
  );
  const notes = reports
    .filter((report) => report.unstackable !== '')
    .map(
      (report) =>
        `${labelled('note', `${report.source} will be repacked as a layer: ${report.unstackable}`)}\n`,
    );
  const added = reports.filter((report) => report.added).length;
  return `${listing}\n${count(reports.length, 'archive')}, ${added} added\n${notes.join('')}`;
}

/** Renders the blobs of the cache as a table with their total size. */
export function renderCacheList(entries: readonly CacheEntryReport[]): string {
  const total = entries.reduce((sum, entry) => sum + entry.sizeBytes, 0);
  const summary = `${count(entries.length, 'blob')}, ${formatSize(total)}\n`;
  if (entries.length === 0) return summary;
  const listing = table(
    [{ title: 'DIGEST' }, { title: 'SIZE', align: 'right' }, { title: 'LAST USED' }, { title: 'CONTENTS' }],
    entries.map((entry) => [entry.digest, formatSize(entry.sizeBytes), entry.usedAt, entry.holds]),
  );
  return `${listing}\n${summary}`;
}

/** Renders the damaged blobs and the totals of `cache verify`; `repair`: damaged blobs were removed. */
export function renderCacheVerify(report: CacheVerifyReport, repair: boolean): string {
  const damaged = report.damaged.map(
    ({ digest, got }) => `damaged: ${digest}: expected its own digest, got ${printable(got)}\n`,
  );
  const missing = report.missing.map(
    ({ digest, repository }) => `missing: ${digest}: repository ${repository} needs it; push it again\n`,
  );
  const hint = damaged.length > 0 && !repair ? 'hint: Remove them with: compose cache verify --repair\n' : '';
  const repaired = repair ? `, ${report.repaired} repaired` : '';
  const lacking = missing.length > 0 ? `, ${missing.length} missing` : '';
  const summary = `${count(report.checked, 'blob')} checked, ${damaged.length} damaged${lacking}${repaired}`;
  return `${damaged.join('')}${missing.join('')}${summary}\n${hint}`;
}

/** Renders the totals of `cache gc` in one line. */
export function renderCacheGc(report: CacheGcReport): string {
  const removed = `${count(report.removed, 'blob')} removed`;
  return `${removed}, ${formatSize(report.freedBytes)} freed, ${formatSize(report.keptBytes)} kept\n`;
}
