import { join } from 'node:path';
import type { SourceOptions } from '../../src/model/request.ts';
import { run } from './measure.ts';
import { work } from './workbench.ts';

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

/** Asks all in a process of their own, which starts afresh. */
export function askInProcess(
  cache: string,
  task: Pick<PlannerTask, 'source' | 'sets' | 'report'>,
): readonly TimedAnswer[] {
  const { stdout } = run({
    command: process.execPath,
    args: [join(import.meta.dirname, 'planner-main.ts')],
    input: JSON.stringify({ cacheDirectory: join(work, cache), ...task } satisfies PlannerTask),
    // As the command itself has it: what a first answer costs should not be the compiler's.
    env: { NODE_COMPILE_CACHE: join(work, 'node-code') },
  });
  return JSON.parse(stdout) as TimedAnswer[];
}
