import type {
  ArtifactFetchReport,
  ArtifactPullReport,
  ArtifactPushReport,
  SavedState,
} from '../../model/artifact-report.ts';
import { count, formatSize, placeText, printableLine, table } from './format.ts';
import { block } from './registry.ts';

interface RenderOptions {
  readonly quiet: boolean;
}

const STATES: Readonly<Record<SavedState, string>> = {
  saved: 'saved',
  unpacked: 'unpacked',
  there: 'up to date',
};

/** Renders the report of `artifact push`; with `quiet`, only the digest. */
export function renderArtifactPush(report: ArtifactPushReport, { quiet }: RenderOptions): string {
  if (quiet) return `${report.digest}\n`;
  const files = report.files.map(({ title, isFolder, sizeBytes, mediaType }) => [
    isFolder ? `${title}/` : title,
    formatSize(sizeBytes),
    mediaType,
  ]);
  const head = block([
    ['pushed to', report.reference],
    ['digest', report.digest],
    ['type', report.artifactType],
    ...(report.subject === null ? [] : [['attached to', report.subject] as const]),
    ['sent', report.changed ? formatSize(report.sentBytes) : 'nothing: already in the registry'],
  ]);
  return `${head}\n${table([{ title: 'FILE' }, { title: 'SIZE', align: 'right' }, { title: 'MEDIA TYPE' }], files)}`;
}

/** Renders the report of `artifact pull`; with `quiet`, only the paths. */
export function renderArtifactPull(report: ArtifactPullReport, { quiet }: RenderOptions): string {
  if (quiet) return report.files.map(({ path }) => `${printableLine(path)}\n`).join('');
  const head = block([
    ['pulled', report.reference.replace(/@.*/, '')],
    ['digest', report.digest],
    ['type', report.artifactType],
  ]);
  const files = report.files.map(({ path, sizeBytes, state }) => [
    path,
    formatSize(sizeBytes),
    STATES[state],
  ]);
  const { unnamed } = report;
  const rest = unnamed.length === 0 ? '' : `${count(unnamed.length, 'blob')} without a name skipped\n`;
  return `${head}\n${table([{ title: 'SAVED AS' }, { title: 'SIZE', align: 'right' }, { title: 'STATE' }], files)}${rest}`;
}

/** Renders the report of `artifact fetch`; with `quiet`, only the path. */
export function renderArtifactFetch(report: ArtifactFetchReport, { quiet }: RenderOptions): string {
  const { path, sizeBytes, state, resumedBytes, digest } = report;
  if (quiet) return `${printableLine(path)}\n`;
  const resumed = resumedBytes === 0 ? '' : `, ${formatSize(resumedBytes)} of it resumed`;
  return `${printableLine(placeText(path))}: ${STATES[state]}, ${formatSize(sizeBytes)}${resumed}\n${digest}\n`;
}
