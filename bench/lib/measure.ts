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

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a command to its end. @throws Error with its output when it fails */
export function run({ command, args, env }: Command): Run {
  const folder = mkdtempSync(join(tmpdir(), 'pkgcompose-bench-'));
  const peakFile = join(folder, 'peak');
  const hook = join(folder, 'hook.mjs');
  writeFileSync(
    hook,
    `import { writeFileSync } from 'node:fs';
process.on('exit', () => writeFileSync(${JSON.stringify(peakFile)}, String(process.resourceUsage().maxRSS / 1024)));`,
  );
  const isNode = command === process.execPath;
  const started = performance.now();
  const result = spawnSync(command, isNode ? ['--import', hook, ...args] : args, {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const seconds = (performance.now() - started) / 1000;
  if (result.status !== 0) {
    throw new Error(`${command} ${args.join(' ')}: exit ${result.status ?? result.signal}\n${result.stderr}`);
  }
  const peakMiB = isNode ? Number(readFileSync(peakFile, 'utf8')) : Number.NaN;
  rmSync(folder, { recursive: true });
  return { seconds, peakMiB };
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
  return Object.fromEntries(names.map((name) => [name, median(runs.get(name) ?? [])])) as Record<Name, Run>;
}

function median(runs: readonly Run[]): Run {
  const middle = (values: readonly number[]) =>
    [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
  return {
    seconds: middle(runs.map((one) => one.seconds)),
    peakMiB: Math.max(...runs.map((one) => one.peakMiB)),
  };
}
