import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { PlanAnswer, SourceOptions } from '../../src/model/request.ts';
import { compareInProcess } from '../lib/in-process.ts';
import { calmRun, compare, NOTHING } from '../lib/measure.ts';
import { preparePacman } from '../lib/real-pacman.ts';
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

const CACHE = 'arch-plans';
const DATABASES = ['core', 'extra', 'multilib'];

/** What pacman 7.1 answered. */
interface Closure {
  readonly targets: readonly string[];
  /** Of pacman; the command has none of them */
  readonly options?: readonly string[];
  /** `repository/name-version` */
  readonly install?: readonly string[];
}

/** Plans on the databases of September 2022, beside the real pacman on the same. */
export function archPlans(shared: string): void {
  beginPart('Plans on the Arch databases of 2022-09');
  const vectors = join(shared, 'vectors');
  if (!existsSync(vectors)) {
    console.log('skipped: no ../shared/vectors here');
    return;
  }
  const folder = join(work, 'arch-databases');
  mkdirSync(folder);
  const databases = DATABASES.map((name) => {
    const path = join(folder, `${name}.db`);
    cpSync(join(vectors, `data/arch-2022-09-${name}.db`), path);
    return path;
  });
  const options = [
    ...['--distro', 'arch', '--arch', 'x86_64', '--allow-untrusted'],
    ...databases.flatMap((path) => ['--repo', path]),
  ];
  const source: SourceOptions = {
    ...{ distro: 'arch', release: '', architecture: 'x86_64', mirrors: [], repositories: databases },
    ...{ keyring: '', allowUntrusted: true, sigLevel: '' },
  };
  const closures = gunzipSync(readFileSync(join(vectors, 'arch-2022-09-closures.jsonl.gz')))
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Closure);
  compose(CACHE, 'plan', 'glibc', ...options);
  const answers = batch(options, closures);
  const sizeOf = (answer: PlanAnswer): number => ('install' in answer ? answer.install.length : 0);
  const single = answers.filter(({ add }) => add.length === 1).sort((a, b) => sizeOf(b) - sizeOf(a));
  const [large] = single as [PlanAnswer];
  inProcess(source, { targets: large.add, size: sizeOf(large) });
  processes({ options, databases, large });
}

function batch(options: readonly string[], closures: readonly Closure[]): readonly PlanAnswer[] {
  const input = closures.map(({ targets }) => `${JSON.stringify({ add: targets })}\n`).join('');
  const result = calmRun(() =>
    composeWith({ cache: CACHE, input, oneCore: true }, 'plan', '--batch', ...options),
  );
  const answers = result.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as PlanAnswer);
  const comparable = closures.flatMap((closure, at) =>
    closure.options === undefined ? [{ closure, answer: answers[at] as PlanAnswer }] : [],
  );
  const alike = comparable.filter(({ closure: { install }, answer }) => {
    const ours = 'install' in answer ? answer.install.join(' ') : undefined;
    return ours === install?.map((entry) => entry.slice(entry.indexOf('/') + 1)).join(' ');
  });
  record({
    what: `compose plan --batch of ${closures.length} requests on one core`,
    ...result,
    target: `as pacman 7.1: ${alike.length} of ${comparable.length} without options; ≤ 200 MiB`,
    holds: alike.length === comparable.length && result.peakMiB <= 200,
  });
  return answers;
}

function inProcess(
  source: SourceOptions,
  { targets, size }: { targets: readonly string[]; size: number },
): void {
  const sets = Array.from({ length: 50 }, () => targets);
  const { first, later } = compareInProcess(CACHE, { source, sets, report: false });
  const what = `${targets.join(' ')}, ${size} packages, solve`;
  record({ what: `${what}: first of a process`, ...first, ...INFORMATION });
  record({ what: `${what}: later ones`, ...later, ...INFORMATION });
}

interface Processes {
  readonly options: readonly string[];
  readonly databases: readonly string[];
  readonly large: PlanAnswer;
}

function processes({ options, databases, large }: Processes): void {
  const named = Object.fromEntries(DATABASES.map((name, at) => [name, databases[at] as string]));
  const pacman = preparePacman(named, join(work, 'pacman'));
  const { ours, real } = compare(2 * ROUNDS + 1, {
    ours: () => compose(CACHE, 'plan', ...large.add, ...options),
    real: () => pacman?.print(large.add) ?? NOTHING,
  });
  if (pacman !== undefined) recordBaseline(`pacman -Sp ${large.add.join(' ')}`, real);
  const ratio = ours.seconds / real.seconds;
  const same = pacman?.print(large.add).stdout.trim().split('\n').join(' ');
  const agrees = 'install' in large && large.install.join(' ') === same;
  record({
    what: `compose plan ${large.add.join(' ')}`,
    ...ours,
    target:
      pacman === undefined
        ? INFORMATION.target
        : `as pacman lists it: ${agrees ? 'yes' : 'no'}; ≤ its time, here ${ratio.toFixed(2)} ×`,
    holds: pacman === undefined || (agrees && ratio <= 1),
  });
}
