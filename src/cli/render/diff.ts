import type { DiffLayer, DiffReport, FileDifference, ImageSummary } from '../../model/diff-report.ts';
import { count, formatSize, printable, printableLine, table } from './format.ts';

/** Longer values are cut; `--json` has them in full. */
const MAX_VALUE_CHARS = 200;

/** Renders differences: `-` only in A, `+` only in B, `~` in both, but not the same. */
export function renderDiff(
  report: DiffReport,
  { files, layers }: { readonly files: boolean; readonly layers: boolean },
): string {
  if (report.equal) return 'no difference\n';
  const parts = [
    images(report),
    ...(report.packages.length === 0 ? [] : [packageLines(report)]),
    ...(report.config.length === 0 ? [] : [configLines(report)]),
    ...(layers ? [layerLines(report)] : []),
    ...(files && report.files.length > 0 ? [fileLines(report.files)] : []),
    summary(report),
  ];
  return parts.join('\n');
}

function images({ a, b }: DiffReport): string {
  const row = (mark: string, image: ImageSummary) => [
    mark,
    image.image,
    (image.digest ?? image.imageId).slice(0, 'sha256:'.length + 12),
    image.platform,
    count(image.packages, 'package'),
    count(image.layers, 'layer'),
    count(image.files, 'path'),
    formatSize(image.sizeBytes),
  ];
  const rows = [row('-', a), row('+', b)].map((cells) => cells.map(printableLine));
  const widths = rows[0]!.map((cell, column) => Math.max(cell.length, rows[1]![column]!.length));
  return rows
    .map(
      (cells) =>
        `${cells
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function packageLines({ packages }: DiffReport): string {
  return packages
    .map(
      ({ name, from, to }) =>
        `${marked(from, to)} ${printableLine(`${name} ${[from, to].filter((value) => value !== null).join(' → ')}`)}\n`,
    )
    .join('');
}

function configLines({ config }: DiffReport): string {
  return config
    .map(({ key, from, to }) => {
      const values = [from, to].filter((value) => value !== null).map(cut);
      return `${marked(from, to)} ${printableLine(`${key}: ${values.join(' → ')}`)}\n`;
    })
    .join('');
}

const cut = (text: string): string =>
  text.length > MAX_VALUE_CHARS ? `${text.slice(0, MAX_VALUE_CHARS)}…` : text;

function layerLines({ layers }: DiffReport): string {
  const rows = (mark: string, some: readonly DiffLayer[]) =>
    some.map(({ digest, sizeBytes, holds }) => [mark, digest, formatSize(sizeBytes), holds]);
  return table(
    [{ title: '' }, { title: 'LAYER' }, { title: 'SIZE', align: 'right' }, { title: 'CONTENTS' }],
    [...rows('=', layers.shared), ...rows('-', layers.onlyA), ...rows('+', layers.onlyB)],
  );
}

function fileLines(files: readonly FileDifference[]): string {
  return files
    .map(({ path, from, to, changes }) => {
      const what = changes.length === 0 ? (from ?? to ?? '') : `${changes.join(', ')}: ${from} → ${to}`;
      return `${marked(from, to)} ${printableLine(`/${path}  ${what}`)}\n`;
    })
    .join('');
}

function marked(from: string | null, to: string | null): string {
  return from === null ? '+' : to === null ? '-' : '~';
}

function summary({ packages, files, layers, config }: DiffReport): string {
  const { shared, onlyA, onlyB, reordered, fetchBytes } = layers;
  const lines = [
    `packages: ${amounts(packages)}`,
    `files: ${amounts(files)}`,
    `config: ${count(config.length, 'difference')}`,
    `layers: ${shared.length} shared${reordered ? ', in another order' : ''}, ${onlyA.length} only in A, ${onlyB.length} only in B; updating from A to B downloads ${formatSize(fetchBytes)}`,
  ];
  return lines.map((line) => `${printable(line)}\n`).join('');
}

function amounts(some: readonly { readonly from: string | null; readonly to: string | null }[]): string {
  const added = some.filter(({ from }) => from === null).length;
  const removed = some.filter(({ to }) => to === null).length;
  return `${added} added, ${removed} removed, ${some.length - added - removed} changed`;
}
