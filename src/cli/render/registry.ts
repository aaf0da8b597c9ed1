import { largest } from '../../model/lists.ts';
import type { BlobCount, PullReport, PushReport } from '../../model/registry.ts';
import { formatSize, placeText, printableLine } from './format.ts';

type Line = readonly [name: string, text: string];

/** Summarises a push: `3 uploaded (1.2 MB), 61 mounted (30.0 MB)`. */
export function pushSummary(report: PushReport): string {
  if (!report.changed) return 'up to date';
  const parts = [
    part(report.uploaded, 'uploaded'),
    part(report.mounted, 'mounted'),
    part(report.present, 'already in the registry'),
  ];
  return `${parts.filter((text) => text !== '').join(', ')}; ${formatSize(report.sentBytes)} sent`;
}

function part({ blobs, bytes }: BlobCount, what: string): string {
  return blobs === 0 ? '' : `${blobs} ${what} (${formatSize(bytes)})`;
}

/** Renders the report of a push; with `quiet`, only the digest. */
export function renderPush(report: PushReport, { quiet }: { readonly quiet: boolean }): string {
  if (quiet) return `${report.digest}\n`;
  return block([
    ['pushed to', report.reference],
    ['digest', report.digest],
    ['blobs', pushSummary(report)],
  ]);
}

/** Renders the report of a pull; with `quiet`, only the digest. */
export function renderPull(report: PullReport, { quiet }: { readonly quiet: boolean }): string {
  if (quiet) return `${report.digest}\n`;
  const { fetched, cached } = report;
  const blobs = [part(fetched, 'fetched'), part(cached, 'cached')].filter((text) => text !== '').join(', ');
  const lines: Line[] = [
    ['pulled', report.reference.replace(/[@#]sha256:.*/, '')],
    ['digest', report.digest],
    ...(report.imageId === null ? [] : [['image id', report.imageId] as const]),
    ['platform', report.platforms.join(', ')],
    ['blobs', blobs],
    ['written to', placeText(report.output)],
  ];
  return block(lines);
}

/** Renders lines of a name and a value, the values aligned. */
export function block(lines: readonly Line[]): string {
  const width = largest(lines.map(([name]) => name.length));
  return lines.map(([name, text]) => `${name.padEnd(width)}  ${printableLine(text)}\n`).join('');
}
