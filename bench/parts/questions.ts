import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { familyIds } from '../../src/distros/families.ts';
import { compare, type Run } from '../lib/measure.ts';
import { prepareApk } from '../lib/real-apk.ts';
import {
  beginPart,
  catalogMiB,
  compose,
  composeWith,
  fresh,
  INFORMATION,
  ROUNDS,
  record,
  recordBaseline,
  work,
} from '../lib/workbench.ts';

const CACHE = 'questions';
const VERSION_ROWS = 500_000;

/** Questions about packages as whole processes. `shared`: the folder of real data and vectors */
export function questions(shared: string): void {
  beginPart('Questions');
  const data = join(shared, 'data/alpine');
  const keys = join(data, 'keys');
  const alpine = [
    ...['--distro', 'alpine', '--release', 'v3.19', '--arch', 'x86_64'],
    ...['--mirror', data, '--keyring', keys],
  ];
  compose(CACHE, 'plan', 'gcc', ...alpine);
  const asked: Readonly<Record<string, readonly string[]>> = {
    'search http server': ['search', 'http', 'server', ...alpine],
    "search 'py3-*' --limit 0": ['search', 'py3-*', '--limit', '0', ...alpine],
    "search --regex '^lib.*-dev$'": ['search', '--regex', '^lib.*-dev$', ...alpine],
    'show gcc': ['show', 'gcc', ...alpine],
    'providers so:libz.so.1': ['providers', 'so:libz.so.1', ...alpine],
    'rdepends musl': ['rdepends', 'musl', ...alpine],
    'rdepends musl --recursive': ['rdepends', 'musl', '--recursive', ...alpine],
    'depends --tree plasma-desktop-meta': ['depends', '--tree', 'plasma-desktop-meta', ...alpine],
    'why musl --in gcc': ['why', 'musl', '--in', 'gcc', ...alpine],
  };
  for (const [what, args] of Object.entries(asked)) ask(what, args);
  besideApkSearch({ data, keys, alpine });
  owns(join(shared, 'data/arch/db-2025.09'));
  versions(join(shared, 'vectors/apk-version-real.tsv'));
}

function ask(what: string, args: readonly string[]): void {
  const { asked } = compare(ROUNDS, { asked: (): Run => compose(CACHE, ...args) });
  record({ what: `compose ${what}`, ...asked, ...INFORMATION });
}

interface SearchPlaces {
  readonly data: string;
  readonly keys: string;
  readonly alpine: readonly string[];
}

function besideApkSearch({ data, keys, alpine }: SearchPlaces): void {
  const repositories = ['main', 'community'].map((name) => join(data, 'v3.19', name, 'x86_64'));
  const tools = [join(data, 'v3.19-iso/x86_64')];
  const apk = prepareApk({ tools, repositories, keys }, join(work, 'apk-search'));
  if (apk === undefined) return;
  const { ours, real } = compare(ROUNDS, {
    ours: () => compose(CACHE, 'search', 'http', '--limit', '0', ...alpine),
    real: () => apk.search('http'),
  });
  recordBaseline('apk search --description http', real);
  record({
    what: 'compose search http --limit 0',
    ...ours,
    target: 'faster',
    holds: ours.seconds < real.seconds,
  });
}

/** Arch's own lists of files: 268 packages. */
function owns(folder: string): void {
  const databases = ['core', 'extra'].flatMap((name) => ['--repo', join(folder, `${name}.db`)]);
  const arch = ['--distro', 'arch', '--arch', 'x86_64', '--allow-untrusted', ...databases];
  const { listed } = compare(ROUNDS, {
    listed: () => {
      fresh('owns');
      return compose('owns', 'index', '--files', ...arch);
    },
  });
  record({
    what: `index --files of two Arch databases, then ${catalogMiB('owns').toFixed(1)} MiB`,
    ...listed,
    ...INFORMATION,
  });
  const { path, name } = compare(ROUNDS, {
    path: () => compose('owns', 'owns', '/usr/bin/bash', ...arch),
    name: () => compose('owns', 'owns', 'libssl*', ...arch),
  });
  record({ what: 'compose owns /usr/bin/bash in them', ...path, ...INFORMATION });
  record({ what: "compose owns 'libssl*' in them", ...name, ...INFORMATION });
}

function versions(table: string): void {
  const rows = readFileSync(table, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t').slice(0, 2).join('\t'));
  const repeats = Math.ceil(VERSION_ROWS / rows.length);
  const input = `${Array.from({ length: repeats }, () => rows.join('\n')).join('\n')}\n`;
  for (const distro of familyIds()) {
    const { batch } = compare(3, {
      batch: () =>
        composeWith({ cache: CACHE, input, oneCore: true }, 'vercmp', '--batch', '--distro', distro),
    });
    const perSecond = (repeats * rows.length) / batch.seconds;
    record({
      what: `compose vercmp --batch --distro ${distro}, ${repeats * rows.length} rows on one core`,
      ...batch,
      target: `none, for information: ${Math.round(perSecond / 1000)} thousand rows per second`,
      holds: true,
    });
  }
}
