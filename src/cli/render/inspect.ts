import type { Descriptor } from '../../model/descriptor.ts';
import { append } from '../../model/lists.ts';
import type { InspectedLayer, InspectReport } from '../../model/registry.ts';
import { configLines } from './config.ts';
import { count, formatSize, table } from './format.ts';
import { block } from './registry.ts';

/** Layers with more packages than this show only their number. */
const MAX_NAMED = 3;
/** Number of characters of a digest that tables show. */
const DIGEST_CHARACTERS = 'sha256:'.length + 12;

/** Renders an image's config, layers and packages; with `verbose`, also full digests and the annotations. */
export function renderInspect(report: InspectReport, { verbose }: { readonly verbose: boolean }): string {
  const { digest, mediaType, index, artifactType, platform, config, layers, images, annotations } = report;
  const packages = new Set(layers.flatMap((layer) => layer.packages));
  const head: (readonly [string, string])[] = [
    ['image', report.reference.replace(/[@#]sha256:.*/, '')],
    ['digest', digest],
    ['type', mediaType],
  ];
  if (index !== null) head.push(['of index', index]);
  if (artifactType !== null) head.push(['artifact', artifactType]);
  if (platform !== null) head.push(['platform', platform]);
  append(head, configLines(report.configuration));
  if (config !== null) {
    head.push(['config', `${config.digest} (${formatSize(config.size)})`]);
    head.push(['layers', `${layers.length} (${formatSize(report.sizeBytes)})`]);
    if (packages.size > 0) head.push(['packages', String(packages.size)]);
  }
  return [
    block(head),
    ...(images.length > 0 ? [imageTable(report)] : []),
    ...(layers.length > 0 ? [layerTable(layers, verbose)] : []),
    ...(verbose && Object.keys(annotations).length > 0 ? [block(Object.entries(annotations))] : []),
    ...(report.referrers === null ? [] : [referrerTable(report.referrers)]),
  ].join('\n');
}

function short(digest: string, verbose = false): string {
  return verbose ? digest : digest.slice(0, DIGEST_CHARACTERS);
}

function imageTable({ images }: InspectReport): string {
  return table(
    [{ title: 'IMAGE' }, { title: 'PLATFORM' }],
    images.map(({ digest, platform }) => [digest, platform]),
  );
}

function layerTable(layers: readonly InspectedLayer[], verbose: boolean): string {
  const rows = layers.map(({ digest, sizeBytes, kind, packages, title }) => [
    short(digest, verbose),
    formatSize(sizeBytes),
    kind,
    packages.length > MAX_NAMED && !verbose
      ? count(packages.length, 'package')
      : packages.join(' ') || (title ?? ''),
  ]);
  return table(
    [{ title: 'LAYER' }, { title: 'SIZE', align: 'right' }, { title: 'KIND' }, { title: 'CONTENTS' }],
    rows,
  );
}

function referrerTable(referrers: readonly Descriptor[]): string {
  if (referrers.length === 0) return 'no referrers\n';
  return table(
    [{ title: 'REFERRER' }, { title: 'SIZE', align: 'right' }, { title: 'TYPE' }],
    referrers.map(({ digest, size, artifactType, mediaType }) => [
      digest,
      formatSize(size),
      artifactType ?? mediaType,
    ]),
  );
}
