import { shellQuote } from '../../distros/shared/shell/quote.ts';
import type { ComposeReport, ComposeRequest, LayerReport, PlanReport } from '../../model/request.ts';
import { count, formatSize, labelled, placeText, printable, printableLine, table } from './format.ts';
import { pushSummary } from './registry.ts';

/** Renders a plan: a table of packages in install order, their totals, and warnings. */
export function renderPlan(plan: PlanReport): string {
  const rows = plan.packages.map((item) => [
    item.name,
    item.version,
    item.repository,
    item.reason === 'explicit' ? 'requested' : item.reason,
    formatSize(item.sizeBytes),
    formatSize(item.installedSizeBytes),
    item.cached ? 'cached' : 'to download',
  ]);
  const listing = table(
    [
      { title: 'PACKAGE' },
      { title: 'VERSION' },
      { title: 'REPOSITORY' },
      { title: 'REASON' },
      { title: 'ARCHIVE', align: 'right' },
      { title: 'INSTALLED', align: 'right' },
      { title: 'STATE' },
    ],
    rows,
  );
  const total = [
    count(plan.packages.length, 'package'),
    `${formatSize(plan.installedBytes)} installed`,
    `${formatSize(plan.downloadBytes)} to download`,
  ].join(', ');
  const warnings = plan.warnings.map((warning) => `${labelled('warning', warning)}\n`).join('');
  const base = baseText(plan);
  const summary = `${plan.distro} ${plan.release} ${plan.architecture}: ${total}\n`;
  return `${listing}\n${summary}${base === undefined ? '' : printable(`base: ${base}\n`)}${warnings}`;
}

/**
 * Names the packages of the base, `13 packages (minimal): busybox, …`, and those that the repositories lack; undefined if there
 * is nothing to report.
 */
function baseText({ packages, base }: PlanReport): string | undefined {
  const added = packages.filter(({ reason }) => reason === 'base').length;
  const parts = [
    ...(added === 0 ? [] : [`${count(added, 'package')} (${base.mode}): ${base.targets.join(', ')}`]),
    ...(base.missing.length === 0 ? [] : [`not available: ${base.missing.join(', ')}`]),
  ];
  return parts.length === 0 ? undefined : parts.join('; ');
}

function layerKinds(layers: readonly LayerReport[]): string {
  const parts = (['package', 'bundle', 'install', 'files'] as const)
    .map((kind) => ({ kind, amount: layers.filter((layer) => layer.kind === kind).length }))
    .filter(({ amount }) => amount > 0)
    .map(({ kind, amount }) => `${amount} ${kind}`);
  return parts.length === 0 ? '0' : `${layers.length} (${parts.join(', ')})`;
}

function renderLayers(layers: readonly LayerReport[]): string {
  const rows = layers.map((layer) => [
    layer.digest.slice(0, 'sha256:'.length + 12),
    formatSize(layer.sizeBytes),
    layer.kind,
    layer.packages.length > 3 ? count(layer.packages.length, 'package') : layer.packages.join(' '),
    layer.derived,
  ]);
  return table(
    [
      { title: 'LAYER' },
      { title: 'SIZE', align: 'right' },
      { title: 'KIND' },
      { title: 'CONTENTS' },
      { title: 'DERIVED' },
    ],
    rows,
  );
}

/** Returns the commands that load the image, unless it is loaded, and run it, if it can be run as it is. */
function usage(report: ComposeReport, request: ComposeRequest): readonly string[] {
  const tag = shellQuote(report.tags[0] ?? '');
  const engine = report.loadedInto === undefined ? 'docker' : engineWord(report.loadedInto);
  const run = report.runs ? [`${engine} run --rm -it ${tag}`] : [];
  if (report.loadedInto !== undefined) return run.map((words) => `run it: ${words}`);
  if (report.output === undefined || report.output === '-') return [];
  const load =
    request.output.format === 'oci-dir'
      ? `skopeo copy ${shellQuote(`oci:${report.output}`)} ${shellQuote(`docker-daemon:${report.tags[0] ?? ''}`)}`
      : `docker load -i ${shellQuote(report.output)}`;
  return [`load it: ${load}`, ...run.map((words) => `run it:  ${words}`)];
}

/** `loadedInto` may carry a version: `docker 20.10.24`. */
function engineWord(engine: string): string {
  return engine.split(/\s/)[0] === 'podman' ? 'podman' : 'docker';
}

/** Renders the summary of an image that was composed. */
export function renderCompose(
  report: ComposeReport,
  request: ComposeRequest,
  options: { readonly verbose: boolean },
): string {
  const { plan } = report;
  if (request.dryRun) return `${renderPlan(plan)}dry run: nothing was written\n`;
  const base = baseText(plan);
  const lines: [name: string, text: string][] = [
    ['packages', `${plan.packages.length} (${plan.distro} ${plan.release} ${plan.architecture})`],
    ...(base === undefined ? [] : [['base', base] as [string, string]]),
    ['layers', layerKinds(report.layers)],
    ['size', formatSize(report.sizeBytes)],
  ];
  if (report.digest !== undefined) lines.push(['digest', report.digest]);
  if (report.imageId !== undefined) lines.push(['image id', report.imageId]);
  for (const tag of report.tags) lines.push(['tag', tag]);
  if (report.output !== undefined) lines.push(['written to', placeText(report.output)]);
  if (report.loadedInto !== undefined) lines.push(['loaded into', report.loadedInto]);
  for (const pushed of report.pushed) {
    lines.push(['pushed to', `${pushed.reference} (${pushSummary(pushed)})`]);
  }
  const facts = lines.map(([name, text]) => `${name.padEnd(11)}  ${printableLine(text)}\n`).join('');
  const layers = options.verbose ? `${renderLayers(report.layers)}\n` : '';
  const warnings = plan.warnings.map((warning) => `${labelled('warning', warning)}\n`).join('');
  const notes = report.notes.map((note) => `${labelled('note', note)}\n`).join('');
  const steps = usage(report, request)
    .map((step) => `${printable(step)}\n`)
    .join('');
  return `${layers}${facts}${warnings}${notes}${steps === '' ? '' : `\n${steps}`}`;
}
