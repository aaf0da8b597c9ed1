import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Run {
  /** Wall-clock of the whole process */
  readonly seconds: number;
  /** Peak resident memory in MiB; NaN for commands that are not Node */
  readonly peakMiB: number;
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

/** Runs a command to its end. @throws Error with its output when it fails */
export function run({ command, args, env, input, oneCore, mayFail }: Command): Output {
  const folder = mkdtempSync(join(tmpdir(), 'pkgcompose-bench-'));
  const peakFile = join(folder, 'peak');
  const hook = join(folder, 'hook.mjs');
  writeFileSync(
    hook,
    // Not getrusage(2): its maximum begins with what the parent held when it started the process.
    `import { readFileSync, writeFileSync } from 'node:fs';
const peak = () => /VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1] / 1024;
process.on('exit', () => writeFileSync(${JSON.stringify(peakFile)}, String(peak())));`,
  );
  const isNode = command === process.execPath;
  const words = [...(oneCore === true ? ['taskset', '-c', '0'] : []), command];
  if (isNode) words.push('--import', hook);
  const [first, ...rest] = [...words, ...args] as [string, ...string[]];
  const started = performance.now();
  const result = spawnSync(first, rest, {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    ...(input === undefined ? {} : { input }),
  });
  const seconds = (performance.now() - started) / 1000;
  const { status, stdout, stderr } = result;
  if (status === null || (status !== 0 && mayFail !== true)) {
    throw new Error(`${command} ${args.join(' ')}: exit ${status ?? result.signal}\n${stderr}`);
  }
  const peakMiB = isNode ? Number(readFileSync(peakFile, 'utf8')) : Number.NaN;
  rmSync(folder, { recursive: true });
  return { seconds, peakMiB, status, stdout, stderr };
}

/** Alternates the commands so that a noisy neighbour disturbs all alike; the median of each. */
export function compare<Name extends string>(
  rounds: number,
  commands: Readonly<Record<Name, () => Run>>,
): Record<Name, Run> {
  const names = Object.keys(commands) as Name[];
  const runs = new Map<Name, Run[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) runs.get(name)?.push(commands[name]());
  }
  return Object.fromEntries(names.map((name) => [name, medianRun(runs.get(name) ?? [])])) as Record<
    Name,
    Run
  >;
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function medianRun(runs: readonly Run[]): Run {
  return {
    seconds: median(runs.map((one) => one.seconds)),
    peakMiB: Math.max(...runs.map((one) => one.peakMiB)),
  };
}
