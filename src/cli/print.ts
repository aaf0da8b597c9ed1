import { printable } from '../model/printable.ts';
import type { Result, StreamResult } from './command.ts';
import { EXIT_OK } from './exit-codes.ts';
import { printableLine } from './render/format.ts';

/** Form of the output: text or JSON, complete or only the essential. */
export interface PrintOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** Renders a JSON document and a line feed: exact sizes, every field of the report, `null` for absent values. */
export function jsonText(data: unknown): string {
  return `${printable(JSON.stringify(data, (_key, value: unknown) => value ?? null, 2))}\n`;
}

/** A result that is written at once. */
export type WholeResult = Exclude<Result, StreamResult>;

/**
 * Renders the text of a result. With --quiet, only the essential: names, digests, scripts, or nothing if the exit code says it
 * all.
 */
async function text(result: WholeResult, quiet: boolean): Promise<string> {
  if (result.kind === 'text') return result.text;
  return quiet && result.quietText !== undefined ? result.quietText : result.text();
}

/** Puts each name on a line. */
export function nameLines(names: readonly string[]): string {
  return names.map((name) => `${printableLine(name)}\n`).join('');
}

/** Returns everything that a successful command writes to standard output. */
export async function resultText(result: WholeResult, options: PrintOptions): Promise<string> {
  return options.json ? jsonText(result.data) : text(result, options.quiet);
}

/** Returns the exit code of a command that succeeded. */
export function exitCodeOf(result: WholeResult): number {
  return (result.kind === 'answer' ? result.exitCode : undefined) ?? EXIT_OK;
}
