import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Command, type Output, type Run, run } from './measure.ts';

/** Of whole processes; medians are compared. */
export const ROUNDS = 5;
export const ROOT = resolve(import.meta.dirname, '../..');

export interface Row extends Run {
  readonly what: string;
  /** What the issue asks for, in words, and whether it holds in this run */
  readonly target: string;
  readonly holds: boolean;
}

export interface Part {
  readonly title: string;
  readonly rows: Row[];
  /** Tables of another form, as Markdown */
  readonly texts: string[];
}

export const parts: Part[] = [];

export function beginPart(title: string): void {
  console.log(title);
  parts.push({ title, rows: [], texts: [] });
}

export function record(row: Row): void {
  parts.at(-1)?.rows.push(row);
  const verdict = row.busy !== undefined ? 'busy' : row.holds ? 'ok  ' : 'MISS';
  const cpu = processorTime(row);
  const figures = [duration(row.seconds), cpu === '' ? '' : `${cpu} CPU`, memory(row.peakMiB)].filter(
    (text) => text !== '',
  );
  const why = row.busy === undefined ? '' : `; does not count: ${row.busy}`;
  console.log(`${verdict} ${row.what}: ${figures.join(', ')} (${row.target}${why})`);
}

/** Adds a table of another form, or a sentence, as Markdown. */
export function addText(text: string): void {
  parts.at(-1)?.texts.push(text);
  console.log(text);
}

/** What another tool needs for the same, or what something cannot cost less than. */
export function recordBaseline(what: string, { seconds, cpuSeconds, peakMiB, busy }: Run): void {
  record({ what, seconds, cpuSeconds, peakMiB, busy, target: 'baseline', holds: true });
}

/** What is measured on no limit */
export const INFORMATION = { target: 'none, for information', holds: true } as const;

export function duration(seconds: number): string {
  if (Number.isNaN(seconds)) return '';
  return seconds < 0.01 ? `${(seconds * 1000).toFixed(2)} ms` : `${seconds.toFixed(3)} s`;
}

/** The kernel tells it in steps of 10 ms. */
export function processorTime({ cpuSeconds = Number.NaN }: Run): string {
  return Number.isNaN(cpuSeconds) ? '' : `${cpuSeconds.toFixed(2)} s`;
}

export function memory(peakMiB: number): string {
  return Number.isNaN(peakMiB) ? '' : `${peakMiB.toFixed(0)} MiB`;
}

/** Folder of this process, gone at its end */
export const work = mkdtempSync(join(tmpdir(), 'pkgcompose-bench-'));
process.once('exit', () => rmSync(work, { recursive: true, force: true }));

/** What a cache of the workbench is called, and how the command is run. */
export type ComposeOptions = Pick<Command, 'input' | 'oneCore' | 'mayFail'> & { readonly cache: string };

export function composeWith({ cache, ...options }: ComposeOptions, ...args: readonly string[]): Output {
  const words = [join(ROOT, 'dist/main.js'), ...args, '--cache', join(work, cache), '--quiet'];
  return run({ command: process.execPath, args: words, ...options });
}

export function compose(cache: string, ...args: readonly string[]): Output {
  return composeWith({ cache }, ...args);
}

/** `compose --version` as it is typed: with other options, it would be parsed like any command. */
export function composeVersion(): Output {
  return run({ command: process.execPath, args: [join(ROOT, 'dist/main.js'), '--version'] });
}

export function fresh(cache: string): void {
  rmSync(join(work, cache), { recursive: true, force: true });
}

export function catalogMiB(cache: string): number {
  return statSync(join(work, cache, 'catalog.sqlite')).size / 2 ** 20;
}

export function shell(script: string): Output {
  return run({ command: '/bin/sh', args: ['-c', script] });
}
