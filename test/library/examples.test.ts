import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import * as library from '../../src/index.ts';
import { USE_CASES } from '../../src/use-cases.ts';
import { environment, KEY, small } from '../app/harness.ts';
import { type Mirror, startMirror } from '../fake/mirror.ts';
import { type FakeRegistry, startFakeRegistry } from '../fake/registry.ts';
import { makeApk } from '../fixtures/apk.ts';
import { writeAlpineMirror, writeApkKeyring } from '../fixtures/mirror-dir.ts';
import { tempDir } from '../fixtures/temp.ts';
import { codeBlocks, documentedFunctions } from './documented.ts';

/**
 * Runs every example of the documentation, in an order in which each finds what it needs: against a mirror and a registry on
 * loopback, in a folder and with a cache of its own.
 */

type Run = (request?: object, options?: object) => Promise<unknown>;
const { AppError, cacheList, ...functions } = library;
const FUNCTIONS = functions as unknown as Readonly<Record<string, Run>>;

/** Which settings of this test a function takes beside its example's. */
const BARE = ['logout', 'cacheVerify', 'cacheGc', 'compareVersions'];
const FROM_REGISTRY = [
  'diff',
  'push',
  'pull',
  'tags',
  'inspect',
  'inspectRaw',
  'remove',
  'login',
  'artifactPush',
  'artifactPull',
  'artifactFetch',
  'catalogPush',
  'catalogPull',
  'mirrorList',
];

const ORDER = [
  ...['compose', 'build', 'plan', 'planner', 'verify', 'diff'],
  ...[
    'search',
    'show',
    'files',
    'owns',
    'depends',
    'dependents',
    'why',
    'providers',
    'graph',
    'compareVersions',
  ],
  ...['index', 'ingest', 'mirrorAdd', 'mirrorList', 'catalogPush', 'catalogPull'],
  ...['push', 'pull', 'tags', 'inspect', 'inspectRaw', 'remove', 'login', 'logout'],
  ...['artifactPush', 'artifactPull', 'artifactFetch', 'cacheList', 'cacheVerify', 'cacheGc'],
];

let mirror: Mirror;
let registry: FakeRegistry;
let names: Readonly<Record<string, unknown>>;
const started: (() => Promise<void> | void)[] = [];

before(async () => {
  const t = { after: (close: () => Promise<void> | void) => void started.push(close) };
  const dir = tempDir(t);
  const cwd = join(dir, 'work');
  mkdirSync(join(cwd, 'packages'), { recursive: true });
  process.chdir(cwd);
  const git = small('git', {
    depends: ['zlib'],
    provides: ['cmd:git=1.0-r0'],
    files: [{ path: 'usr/' }, { path: 'usr/bin/' }, { path: 'usr/bin/git', content: 'git\n', mode: 0o755 }],
  });
  const packages = [git, small('zlib'), small('jq')];
  writeAlpineMirror(join(dir, 'mirror'), { packages, key: KEY, release: 'v3.19' });
  writeFileSync('packages/extra-1.0-r0.apk', makeApk(small('extra', { key: KEY, arch: 'x86_64' })));
  writeFileSync('recipe.yaml', 'distro: alpine\npackages: [git]\n');
  writeFileSync('notes.txt', 'notes\n');
  mirror = await startMirror(join(dir, 'mirror'));
  registry = await startFakeRegistry(t);
  started.push(() => mirror.close());
  const from = {
    arch: 'x86_64',
    release: 'v3.19',
    mirrors: mirror.url,
    repositories: 'main',
    keyring: writeApkKeyring(join(dir, 'keys'), [KEY]),
    insecure: true,
  };
  const { keyring, insecure } = from;
  const own = (name: string) => {
    if (BARE.includes(name)) return {};
    if (FROM_REGISTRY.includes(name)) return { insecure };
    return name === 'verify' ? { keyring, insecure } : from;
  };
  const options = { cacheDirectory: join(dir, 'cache'), env: environment({ HOME: join(dir, 'home') }) };
  const bound = Object.entries(FUNCTIONS).map(([name, run]): [string, Run] => [
    name,
    (request, more) => run({ ...own(name), ...request }, { ...options, ...more }),
  ]);
  names = { ...Object.fromEntries(bound), AppError, cacheList: () => cacheList(options) };
});

after(async () => {
  process.chdir('/');
  for (const close of started.reverse()) await close();
});

/** @param shown name of what the example is to give back */
async function runExample(code: string, shown = 'undefined'): Promise<unknown> {
  const body = `return (async () => { ${code.replaceAll('registry.example', registry.host)}\n; return ${shown}; })();`;
  return new Function(...Object.keys(names), body)(...Object.values(names)) as Promise<unknown>;
}

test('every use case is a function of the library', () => {
  // A recipe is read by build; names are for the completion of a shell.
  const missing = Object.keys(USE_CASES).filter((name) => !(name in library));
  assert.deepEqual(missing, ['readRecipe', 'packageNames']);
});

test('every function of the library has an example', () => {
  const documented = documentedFunctions().map(({ name }) => name);
  assert.deepEqual([...documented].sort(), [...ORDER].sort());
  assert.deepEqual([...documented].sort(), [...Object.keys(FUNCTIONS), 'cacheList'].sort());
});

/** Type annotations and imports are for the compiler, which package.slow.test.ts asks. */
const asScript = (code: string): string => code.replace(/^import .*\n/gm, '').replaceAll(': string)', ')');

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/library.md'), 'utf8');
for (const [index, code] of codeBlocks(PAGE).entries()) {
  test(`example ${index + 1} of docs/library.md works`, async () => {
    await runExample(asScript(code));
  });
}

/** What some examples find. */
const FINDINGS: Readonly<Record<string, readonly [shown: string, expected: unknown]>> = {
  plan: ['packages.map(({ name }) => name)', ['zlib', 'git']],
  planner: ['answers.at(1).install', ['zlib-1.0-r0', 'git-1.0-r0', 'jq-1.0-r0']],
  verify: ['problems', []],
  diff: ['equal', true],
  search: ['packages.map(({ name }) => name)', ['git']],
  files: ['paths.at(-1)', 'usr/bin/git'],
  owns: ['owners.map(({ name }) => name)', ['git']],
  dependents: ['users.map(({ name }) => name)', ['git']],
  compareVersions: ['order', '<'],
  tags: ['names', ['2']],
  logout: ['removed', true],
  cacheVerify: ['damaged', []],
};

for (const name of ORDER) {
  test(`the example of ${name} works`, async () => {
    const { example } = documentedFunctions().find((documented) => documented.name === name)!;
    const [shown, expected] = FINDINGS[name] ?? [];
    assert.deepEqual(await runExample(example, shown), expected);
  });
}
