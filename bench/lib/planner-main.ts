/**
 * Answers questions in one process and says what each took. Standard input: a PlannerTask as JSON; standard output: a
 * TimedAnswer as JSON for each question.
 */
import { readFileSync } from 'node:fs';
import { openContext } from '../../src/app/context.ts';
import { plan } from '../../src/app/query/plan.ts';
import { openPlanner } from '../../src/app/query/planner.ts';
import { silentProgress } from '../../src/model/progress.ts';
import type { PlannerTask, TimedAnswer } from './in-process.ts';

const { cacheDirectory, source, sets, report } = JSON.parse(readFileSync(0, 'utf8')) as PlannerTask;
const options = {
  env: process.env,
  progress: silentProgress,
  signal: new AbortController().signal,
  cacheDirectory,
};

const answers: TimedAnswer[] = [];
if (report) {
  const context = openContext(options);
  for (const packages of sets) {
    const started = performance.now();
    await plan(context, { source, packages, base: 'none' });
    answers.push({ add: packages, seconds: (performance.now() - started) / 1000 });
  }
  context.catalog.close();
} else {
  const planner = await openPlanner(options, source);
  for (const packages of sets) {
    const started = performance.now();
    const answer = planner.plan(packages);
    answers.push({ ...answer, seconds: (performance.now() - started) / 1000 });
  }
  planner.close();
}
process.stdout.write(JSON.stringify(answers));
