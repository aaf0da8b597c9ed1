import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calmRounds, endedSeconds, spread } from './load.ts';

export interface Run {
  /** Wall-clock of the whole process */
  readonly seconds: number;
  /** Processor time of the process and those it started, user and system; steps of 10 ms */
  readonly cpuSeconds?: number | undefined;
  /** Peak resident memory of the largest process in MiB */
  readonly peakMiB: number;
  /** Why it does not count */
  readonly busy?: string | undefined;
}

export interface Output extends Run {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** For its standard input */
  readonly input?: string;
  /** Keeps it to the first core of the machine */
  readonly oneCore?: boolean;
  /** An exit code other than 0 is an answer too */
  readonly mayFail?: boolean;
}

/** What is not there to be measured */
export const NOTHING: Run = { seconds: Number.NaN, peakMiB: Number.NaN };

/** GNU time: it starts a command from a small process, so that the maximum is not that of the bench. */
const TIME = '/usr/bin/time';

/** What this machine lacks to measure anything; undefined: nothing */
export function whyNoMeasure(): string | undefined {
  if (!existsSync('/proc/stat')) return 'there is no Linux /proc';
  return existsSync(TIME) ? undefined : 'GNU time is not installed (Debian: time)';
}

/** Runs a command to its end. @throws Error with its output when it fails */
export function run({ command, args, env, input, oneCore, mayFail }: Command): Output {
  const folder = mkdtempSync(join(tmpdir(), 'pkgcompose-bench-'));
  const peakFile = join(folder, 'peak');
  const words = ['-f', '%M', '-o', peakFile, ...(oneCore === true ? ['taskset', '-c', '0'] : []), command];
  const cpuBefore = endedSeconds();
  const started = performance.now();
  const result = spawnSync(TIME, [...words, ...args], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    ...(input === undefined ? {} : { input }),
  });
  const seconds = (performance.now() - started) / 1000;
  const cpuSeconds = endedSeconds() - cpuBefore;
  const { status, stdout, stderr } = result;
  if (status === null || (status !== 0 && mayFail !== true)) {
    throw new Error(`${command} ${args.join(' ')}: exit ${status ?? result.signal}\n${stderr}`);
  }
  // A line about an exit code may come before.
  const peakMiB = Number(readFileSync(peakFile, 'utf8').trim().split('\n').at(-1)) / 1024;
  rmSync(folder, { recursive: true });
  return { seconds, cpuSeconds, peakMiB, status, stdout, stderr };
}

/**
 * Alternates the commands so that a noisy neighbour disturbs all alike, and leaves out rounds in which the machine was
 * busy. The median of each.
 */
export function compare<Name extends string>(
  rounds: number,
  commands: Readonly<Record<Name, () => Run>>,
): Record<Name, Run> {
  const names = Object.keys(commands) as Name[];
  const { results, busy } = calmRounds(rounds, () => names.map((name) => commands[name]()));
  const medians = names.map((name, at) => [
    name,
    medianRun(
      results.map((runs) => runs[at] as Run),
      busy,
    ),
  ]);
  return Object.fromEntries(medians) as Record<Name, Run>;
}

/** One run of something that takes long, and once more where the machine was busy. */
export function calmRun<T extends Run>(work: () => T): T {
  const { results, busy } = calmRounds(1, work);
  return { ...(results.at(-1) as T), busy };
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function medianRun(runs: readonly Run[], busy: string | undefined): Run {
  const seconds = runs.map((one) => one.seconds);
  const cpuSeconds = runs.map((one) => one.cpuSeconds ?? Number.NaN);
  return {
    seconds: median(seconds),
    // Of steps as coarse as these, the mean says more than the median.
    cpuSeconds: cpuSeconds.reduce((sum, one) => sum + one, 0) / runs.length,
    peakMiB: Math.max(...runs.map((one) => one.peakMiB)),
    busy: busy ?? spread(seconds),
  };
}
