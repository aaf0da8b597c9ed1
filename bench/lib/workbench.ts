import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Command, type Output, run } from './measure.ts';

/** Of whole processes; medians are compared. */
export const ROUNDS = 5;
export const ROOT = resolve(import.meta.dirname, '../..');

export interface Row {
  readonly what: string;
  /** NaN: not what is measured */
  readonly seconds: number;
  readonly peakMiB: number;
  /** What the issue asks for, in words, and whether it holds in this run */
  readonly target: string;
  readonly holds: boolean;
}

export const parts: { readonly title: string; readonly rows: Row[] }[] = [];

export function beginPart(title: string): void {
  console.log(title);
  parts.push({ title, rows: [] });
}

export function record(row: Row): void {
  parts.at(-1)?.rows.push(row);
  const figures = [duration(row.seconds), memory(row.peakMiB)].filter((text) => text !== '').join(', ');
  console.log(`${row.holds ? 'ok  ' : 'MISS'} ${row.what}: ${figures} (${row.target})`);
}

/** What another tool needs for the same, or what something cannot cost less than. */
export function recordBaseline(what: string, { seconds }: { readonly seconds: number }): void {
  record({ what, seconds, peakMiB: Number.NaN, target: 'baseline', holds: true });
}

export function duration(seconds: number): string {
  if (Number.isNaN(seconds)) return '';
  return seconds < 0.01 ? `${(seconds * 1000).toFixed(2)} ms` : `${seconds.toFixed(3)} s`;
}

export function memory(peakMiB: number): string {
  return Number.isNaN(peakMiB) ? '' : `${peakMiB.toFixed(0)} MiB`;
}

export const work = mkdtempSync(join(tmpdir(), 'pkgcompose-bench-'));

/** What a cache of the workbench is called, and how the command is run. */
export type ComposeOptions = Pick<Command, 'input' | 'oneCore'> & { readonly cache: string };

export function composeWith({ cache, ...options }: ComposeOptions, ...args: readonly string[]): Output {
  const words = [join(ROOT, 'dist/main.js'), ...args, '--cache', join(work, cache), '--quiet'];
  return run({ command: process.execPath, args: words, ...options });
}

export function compose(cache: string, ...args: readonly string[]): Output {
  return composeWith({ cache }, ...args);
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
