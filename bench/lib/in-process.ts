import { join } from 'node:path';
import type { SourceOptions } from '../../src/model/request.ts';
import { calmRounds, spread } from './load.ts';
import { median, NOTHING, type Run, run } from './measure.ts';
import { ROUNDS, work } from './workbench.ts';

export interface TimedAnswer {
  readonly add: readonly string[];
  readonly install?: readonly string[];
  readonly error?: readonly string[];
  /** In the process, of this question alone */
  readonly seconds: number;
}

export interface PlannerTask {
  readonly cacheDirectory: string;
  readonly source: SourceOptions;
  readonly sets: readonly (readonly string[])[];
  /** The whole use case of `compose plan`, index check and report included, in place of the solver's answer alone */
  readonly report: boolean;
}

type Questions = Pick<PlannerTask, 'source' | 'sets' | 'report'>;

/** In several processes: the median of the first answers, and that of all others */
export function compareInProcess(cache: string, task: Questions): Readonly<Record<'first' | 'later', Run>> {
  const { results, busy } = calmRounds(ROUNDS, () => askInProcess(cache, task).map(({ seconds }) => seconds));
  const firsts = results.map(([seconds = Number.NaN]) => seconds);
  const later = results.flatMap((seconds) => seconds.slice(1));
  return {
    first: { ...NOTHING, seconds: median(firsts), busy: busy ?? spread(firsts) },
    later: { ...NOTHING, seconds: median(later), busy },
  };
}

/** Asks all in a process of their own, which starts afresh. */
export function askInProcess(cache: string, task: Questions): readonly TimedAnswer[] {
  const { stdout } = run({
    command: process.execPath,
    args: [join(import.meta.dirname, 'planner-main.ts')],
    input: JSON.stringify({ cacheDirectory: join(work, cache), ...task } satisfies PlannerTask),
    // As the command itself has it: what a first answer costs should not be the compiler's.
    env: { NODE_COMPILE_CACHE: join(work, 'node-code') },
  });
  return JSON.parse(stdout) as TimedAnswer[];
}
