import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { PlanAnswer, SourceOptions } from '../../src/model/request.ts';
import { askInProcess, compareInProcess, type TimedAnswer } from '../lib/in-process.ts';
import { calmRounds } from '../lib/load.ts';
import { calmRun, compare, NOTHING, run } from '../lib/measure.ts';
import { prepareApk, type RealApk, simulatedInstall } from '../lib/real-apk.ts';
import { sample } from '../lib/sample.ts';
import {
  beginPart,
  compose,
  composeWith,
  INFORMATION,
  ROUNDS,
  record,
  recordBaseline,
  work,
} from '../lib/workbench.ts';

const CACHE = 'alpine-plans';
const WARM_ROUNDS = 200;
/** Names that real apk is asked too, 0.4 s each */
const COMPARED = 100;
const SETS = 200;
const COMPARED_SETS = 10;

interface Alpine {
  readonly source: SourceOptions;
  /** The same for the command */
  readonly options: readonly string[];
  readonly indexes: readonly string[];
  /** Of every package of both repositories */
  readonly names: readonly string[];
  readonly mainNames: readonly string[];
  readonly apk: RealApk | undefined;
}

/** Plans on both full 3.19 indexes, beside the real apk 2.14 on the same. `data`: the folder of the Alpine data */
export function alpinePlans(data: string): void {
  beginPart('Plans on the full Alpine 3.19 indexes');
  const keys = join(data, 'keys');
  const repositories = ['main', 'community'].map((name) => join(data, 'v3.19', name, 'x86_64'));
  const indexes = repositories.map((folder) => join(folder, 'APKINDEX.tar.gz'));
  const [mainNames = [], communityNames = []] = indexes.map(namesIn);
  const apk = prepareApk(
    { tools: [join(data, 'v3.19-iso/x86_64')], repositories, keys },
    join(work, 'apk-plans'),
  );
  if (apk === undefined) console.log('skipped: the real apk needs root');
  const alpine: Alpine = {
    source: {
      ...{ distro: 'alpine', release: 'v3.19', architecture: 'x86_64', mirrors: [data], repositories: [] },
      ...{ keyring: keys, allowUntrusted: false, sigLevel: '' },
    },
    options: [
      ...['--distro', 'alpine', '--release', 'v3.19', '--arch', 'x86_64'],
      ...['--mirror', data, '--keyring', keys],
    ],
    indexes,
    names: [...mainNames, ...communityNames],
    mainNames,
    apk,
  };
  compose(CACHE, 'plan', 'gcc', ...alpine.options);
  gccInProcess(alpine);
  gccProcesses(alpine);
  const answers = batch(alpine);
  worstSets(alpine, answers);
  if (apk !== undefined) besideApk(apk, alpine.names, answers);
}

function namesIn(index: string): readonly string[] {
  const text = gunzipSync(readFileSync(index)).toString();
  return Array.from(text.matchAll(/^P:(.+)$/gm), ([, name]) => name as string);
}

/** The catalog is indexed and holds the solver's graph; in each process the first question opens it. */
function gccInProcess({ source }: Alpine): void {
  for (const report of [false, true]) {
    const what = report ? 'all of a plan, sizes and index check included' : 'solve';
    const sets = Array.from({ length: WARM_ROUNDS }, () => ['gcc']);
    const { first, later } = compareInProcess(CACHE, { source, sets, report });
    for (const [which, answer, limitMs] of [
      ['first of a process', first, 15],
      ['later ones', later, 8],
    ] as const) {
      const holds = answer.seconds <= limitMs / 1000;
      record({ what: `gcc, ${what}: ${which}`, ...answer, target: `≤ ${limitMs} ms`, holds });
    }
  }
}

function gccProcesses({ options, indexes, apk }: Alpine): void {
  const naive = join(import.meta.dirname, '../lib/naive.js');
  const { ours, real, reading } = compare(2 * ROUNDS + 1, {
    ours: () => compose(CACHE, 'plan', 'gcc', ...options),
    real: () => apk?.simulate(['gcc']) ?? NOTHING,
    reading: () => run({ command: process.execPath, args: [naive, 'gcc', ...indexes] }),
  });
  recordBaseline('apk add --simulate gcc', real);
  recordBaseline('a script that reads the indexes each time', reading);
  const ratio = ours.seconds / real.seconds;
  record({
    what: 'compose plan gcc',
    ...ours,
    target: `≤ 0.3 of apk, here ${ratio.toFixed(2)}`,
    holds: !(ratio > 0.3),
  });
}

function batch({ options, names }: Alpine): readonly PlanAnswer[] {
  const input = names.map((name) => `${JSON.stringify({ add: [name] })}\n`).join('');
  const result = calmRun(() =>
    composeWith({ cache: CACHE, input, oneCore: true }, 'plan', '--batch', ...options),
  );
  const answers = result.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as PlanAnswer);
  record({
    what: `compose plan --batch of ${names.length} names on one core, ${answers.filter((answer) => 'error' in answer).length} without a solution`,
    ...result,
    target: '≤ 30 s, ≤ 200 MiB',
    holds: result.seconds <= 30 && result.peakMiB <= 200 && answers.length === names.length,
  });
  return answers;
}

/** Nothing blows up: the largest answers, the failures, and sets that are large or senseless. */
function worstSets({ source, names, mainNames, apk }: Alpine, answers: readonly PlanAnswer[]): void {
  const sizeOf = (answer: PlanAnswer): number =>
    'error' in answer ? Number.POSITIVE_INFINITY : answer.install.length;
  const hardest = [...answers].sort((a, b) => sizeOf(b) - sizeOf(a)).slice(0, SETS);
  const docs = names.filter((name) => name.endsWith('-doc'));
  const kinds: Readonly<Record<string, readonly (readonly string[])[]>> = {
    [`failures and largest answers of the ${names.length}, one name each`]: hardest.map(({ add }) => add),
    'random 50 names': Array.from({ length: SETS }, (_, seed) => sample(names, 50, seed)),
    'random 200 names': Array.from({ length: SETS }, (_, seed) => sample(names, 200, seed)),
    'all names of main': [mainNames],
    'docs and every -doc package': [['docs', ...docs]],
    'every -dev package of main': [mainNames.filter((name) => name.endsWith('-dev'))],
  };
  for (const [kind, sets] of Object.entries(kinds)) {
    const { results, busy } = calmRounds(1, () => askInProcess(CACHE, { source, sets, report: false }));
    const timed = results.at(-1) ?? [];
    const slowest = Math.max(...timed.map(({ seconds }) => seconds));
    const refused = timed.filter(({ error }) => error !== undefined).length;
    const compared = apk === undefined ? '' : `; ${agreement(apk, timed.slice(0, COMPARED_SETS))}`;
    record({
      what: `slowest of ${sets.length}: ${kind}, ${refused} without a solution${compared}`,
      ...NOTHING,
      seconds: slowest,
      busy,
      target: '≤ 1 s',
      holds: slowest <= 1,
    });
  }
}

function besideApk(apk: RealApk, names: readonly string[], answers: readonly PlanAnswer[]): void {
  const asked = new Set(sample(names, COMPARED, 1));
  const compared = answers.filter(({ add }) => asked.delete(add[0] as string));
  record({
    what: `${compared.length} names of the batch: ${agreement(apk, compared)}`,
    ...NOTHING,
    ...INFORMATION,
    target: 'none, for information: apk 3 is the model',
  });
}

/** How the answers of the real apk 2.14 compare; what differs is printed, `+` what apk alone has, `-` what we alone. */
function agreement(apk: RealApk, answers: readonly (PlanAnswer | TimedAnswer)[]): string {
  const counts = new Map<string, number>();
  for (const answer of answers) {
    const ours = 'install' in answer ? answer.install : undefined;
    const theirs = simulatedInstall(apk.simulate(answer.add));
    const verdict = verdictOn(ours, theirs);
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    if (!verdict.startsWith('different')) continue;
    const changes = [
      ...lacking(theirs, ours).map((one) => `+${one}`),
      ...lacking(ours, theirs).map((one) => `-${one}`),
    ];
    console.log(
      `     apk 2.14, ${verdict}: ${answer.add.slice(0, 3).join(' ')}…: ${changes.slice(0, 5).join(' ')}`,
    );
  }
  return `apk 2.14: ${Array.from(counts, ([verdict, count]) => `${count} ${verdict}`).join(', ')}`;
}

type Install = readonly string[] | undefined;

function verdictOn(ours: Install, theirs: Install): string {
  if (ours === undefined && theirs === undefined) return 'refused alike';
  if (ours === undefined) return 'different: only apk installs';
  if (theirs === undefined) return 'different: only apk refuses';
  if (ours.join(' ') === theirs.join(' ')) return 'same set, same order';
  const differ = lacking(ours, theirs).length + lacking(theirs, ours).length;
  return differ === 0 ? 'different order' : 'different set';
}

function lacking(list: Install = [], other: Install = []): readonly string[] {
  const has = new Set(other);
  return list.filter((one) => !has.has(one));
}
