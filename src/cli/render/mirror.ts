import type { MirrorAddReport, MirroredRepository, MirrorListReport } from '../../model/mirror-report.ts';
import { formatSize, printableLine } from './format.ts';
import { block } from './registry.ts';

/** Renders the report of `mirror add`; with `quiet`, only the digest. */
export function renderMirrorAdd(report: MirrorAddReport, { quiet }: { readonly quiet: boolean }): string {
  if (quiet) return `${report.digest}\n`;
  const { wanted, added, mounted } = report.packages;
  const fromRegistry = mounted === 0 ? '' : `, ${mounted} of them copied within the registry`;
  return block([
    ['mirrored to', `oci://${report.reference}`],
    ['digest', report.digest],
    ['generation', report.changed ? `${report.generation}, new` : `${report.generation}, up to date`],
    ...report.repositories.map((repository) => ['index', repositoryText(repository)] as const),
    [
      'packages',
      `${wanted - added} up to date, ${added} added${fromRegistry}; ${formatSize(report.sentBytes)} sent`,
    ],
  ]);
}

/** Renders the releases of a mirror, each with its digest, repositories and generations. */
export function renderMirrorList({ mirror, releases, packages }: MirrorListReport): string {
  const lines = releases.flatMap(({ reference, digest, generations, repositories }) => [
    `oci://${reference}  ${digest}`,
    ...repositories.map((repository) => `  ${repositoryText(repository)}`),
    ...(generations.length === 0 ? [] : [`  generations: ${generations.join(', ')}`]),
  ]);
  return [...lines, `${mirror}: ${packages} packages`].map((line) => `${printableLine(line)}\n`).join('');
}

function repositoryText({ folder, files, sizeBytes }: MirroredRepository): string {
  return `${folder}: ${files.join(', ')} (${formatSize(sizeBytes)})`;
}
