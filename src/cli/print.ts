import { printable } from '../model/printable.ts';
import type { Result, StreamResult } from './command.ts';
import { EXIT_CODES, EXIT_DAMAGED, EXIT_OK } from './exit-codes.ts';
import { printableLine } from './render/format.ts';

export interface PrintOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** One JSON document and a line feed; exact sizes, every field of the report, `null` for absent values. */
export function jsonText(data: unknown): string {
  return `${printable(JSON.stringify(data, (_key, value: unknown) => value ?? null, 2))}\n`;
}

/** A result that is written at once. */
export type WholeResult = Exclude<Result, StreamResult>;

/** Renders a result. With --quiet only the essential: names, digests, scripts, or nothing where the exit code says it all. */
async function text(result: WholeResult, { quiet, verbose }: PrintOptions): Promise<string> {
  if (result.kind === 'text') return result.text;
  if (result.kind === 'answer') {
    return quiet && result.quietText !== undefined ? result.quietText : result.text();
  }
  if (result.kind === 'compose' || result.kind === 'plan') {
    const { renderCompose, renderPlan } = await import('./render/compose.ts');
    if (quiet && (result.kind === 'plan' || result.request.dryRun)) {
      const { packages } = result.kind === 'plan' ? result.data : result.data.plan;
      return nameLines(packages.map(({ name, version }) => `${name}-${version}`));
    }
    if (result.kind === 'plan') return renderPlan(result.data);
    if (quiet) return result.data.digest === undefined ? '' : `${result.data.digest}\n`;
    return renderCompose(result.data, result.request, { verbose });
  }
  const reports = await import('./render/reports.ts');
  switch (result.kind) {
    case 'index':
      return quiet ? '' : reports.renderIndex(result.data);
    case 'ingest':
      return quiet ? '' : reports.renderIngest(result.data);
    case 'cache-ls':
      return quiet
        ? nameLines(result.data.map((entry) => entry.digest))
        : reports.renderCacheList(result.data);
    case 'cache-verify':
      return quiet ? '' : reports.renderCacheVerify(result.data, result.repair);
    case 'cache-gc':
      return quiet ? '' : reports.renderCacheGc(result.data);
  }
}

/** Puts each name on a line. */
export function nameLines(names: readonly string[]): string {
  return names.map((name) => `${printableLine(name)}\n`).join('');
}

/** Returns everything that a successful command writes to standard output. */
export async function resultText(result: WholeResult, options: PrintOptions): Promise<string> {
  return options.json ? jsonText(result.data) : text(result, options);
}

export function exitCodeOf(result: WholeResult): number {
  if (result.kind === 'answer') return result.exitCode ?? EXIT_OK;
  if (result.kind === 'index' && result.data.some(({ status }) => status === 'cached')) {
    return EXIT_CODES.NETWORK;
  }
  const damaged = result.kind === 'cache-verify' && !result.repair && result.data.damaged.length > 0;
  return damaged ? EXIT_DAMAGED : EXIT_OK;
}
