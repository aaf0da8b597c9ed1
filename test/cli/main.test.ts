import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { COMMANDS } from '../../src/cli/commands.ts';
import { nodeVersionProblem } from '../../src/model/node-version.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** Prints every module that was loaded, to standard error at the end. */
const TRACE = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  const loaded = [];
  registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
  process.on('exit', () => process.stderr.write('LOADED ' + loaded.join(' ') + '\\n'));
`)}`;

function start(args: readonly string[], nodeOptions: readonly string[] = []) {
  const env = {
    PATH: process.env.PATH,
    HOME: join(tmpdir(), 'pkgcompose-test-home'),
    NODE_DISABLE_COMPILE_CACHE: '1',
  };
  return spawnSync(process.execPath, [...nodeOptions, MAIN, ...args], { encoding: 'utf8', env });
}

const ALL_COMMANDS = Object.keys(COMMANDS).length;

/** yargs and what it depends on. */
const YARGS = [
  /\/node_modules\/(yargs|yargs-parser|cliui|y18n|escalade|get-caller-file|wrap-ansi|ansi-(regex|styles))\//,
  /\/node_modules\/(string-width|strip-ansi|get-east-asian-width|emoji-regex)\//,
];

test('the guard: an older Node.js gets a message and no other module', () => {
  const older = `data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '20.20.2' })`;
  const { status, stdout, stderr } = start(['--version'], ['--import', older, '--import', TRACE]);
  assert.equal(status, 69);
  assert.equal(stdout, '');
  assert.match(stderr, /^error: pkgcompose needs Node\.js 24 or newer, got 20\.20\.2\nhint: /);
  const loaded = /LOADED (.*)/
    .exec(stderr)![1]!
    .split(' ')
    .filter((url) => url.startsWith('file:'));
  assert.deepEqual(loaded.map((url) => url.replace(/.*\/src\//, '')).sort(), [
    'cli/exit-codes.ts',
    'main.ts',
    'model/node-version.ts',
  ]);
});

test('the guard knows versions by number', () => {
  for (const good of ['24.0.0', '25.1.0', '100.0.0']) assert.equal(nodeVersionProblem(good), '');
  for (const old of ['9.0.0', '20.1.0', '23.11.1'])
    assert.match(nodeVersionProblem(old), /needs Node\.js 24/);
});

for (const line of [
  '--version',
  '--help',
  'plan --help',
  'gcc --bogus',
  'completion zsh',
  '--get-yargs-completions compose --dis',
]) {
  test(`compose ${line} loads no library but yargs for a command's help, and no use case`, () => {
    const { stderr } = start(line.split(' '), ['--import', TRACE]);
    const loaded = /LOADED (.*)/
      .exec(stderr)![1]!
      .split(' ')
      .filter((url) => url.startsWith('file:'));
    const allowed = [
      /\/src\/(main|use-cases|(files|model)\/[a-z-]+|cli\/[a-z/-]+|app\/settings\/[a-z-]+|distros\/(families|[a-z]+\/family))\.ts$/,
      ...(line === 'plan --help' ? YARGS : []),
    ];
    assert.deepEqual(
      loaded.filter((url) => !allowed.some((pattern) => pattern.test(url))),
      [],
    );
    const commands = loaded.filter((url) => url.includes('/cli/commands/'));
    const expected = { '--version': 0, '--help': ALL_COMMANDS, 'gcc --bogus': ALL_COMMANDS }[line] ?? 1;
    assert.equal(commands.length, expected, 'one command, but for lists of commands');
  });
}

test('--version', () => {
  const { status, stdout, stderr } = start(['--version']);
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^\d+\.\d+\.\d+\S*\n$/);
});

test('help is English in every locale', () => {
  const env = {
    PATH: process.env.PATH,
    LC_ALL: 'de_DE.UTF-8',
    LANG: 'de_DE.UTF-8',
    HOME: join(tmpdir(), 'pkgcompose-test-home'),
  };
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, '--help'], { encoding: 'utf8', env });
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^Images:$/m);
  assert.match(stdout, /^Examples:$/m);
});

test('compiled code is kept in the cache folder, never in the shared temporary one', (t) => {
  const cache = mkdtempSync(join(tmpdir(), 'compose-cache-'));
  t.after(() => rmSync(cache, { recursive: true }));
  const env = { PATH: process.env.PATH, PKGCOMPOSE_CACHE: cache, TMPDIR: join(cache, 'tmp') };
  assert.equal(spawnSync(process.execPath, [MAIN, 'version'], { env }).status, 0);
  assert.deepEqual(readdirSync(cache), ['node-code']);
});

test('lost output is an error', { skip: !existsSync('/dev/full') && 'no /dev/full here' }, () => {
  for (const line of [['--help'], ['help', '--json'], ['completion', 'bash'], ['vercmp', '1', '2']]) {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [MAIN, ...line], {
      encoding: 'utf8',
      stdio: ['ignore', full, 'pipe'],
      env: { PATH: process.env.PATH, HOME: join(tmpdir(), 'pkgcompose-test-home') },
    });
    closeSync(full);
    assert.match(stderr, /^error: standard output cannot be written: ENOSPC/, line.join(' '));
    assert.equal(status, 16, line.join(' '));
  }
});

test('a reader that goes away is no error', async () => {
  const child = spawn(process.execPath, [MAIN, '--help'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH },
  });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const exitCode = await new Promise((resolve) => child.on('close', resolve));
  assert.deepEqual([exitCode, stderr], [0, '']);
});

test('a cache folder that cannot be made keeps nobody from the help', (t) => {
  if (!existsSync('/proc/self')) return t.skip('skipped: no /proc here');
  for (const place of [
    { PKGCOMPOSE_CACHE: '/proc/no-such' },
    { XDG_CACHE_HOME: '/proc/no-such' },
    { HOME: '/proc/no-such' },
  ]) {
    const env = { PATH: process.env.PATH, ...place };
    const { status, signal } = spawnSync(process.execPath, [MAIN, '--version'], { env, timeout: 20_000 });
    assert.deepEqual([status, signal], [0, null], JSON.stringify(place));
  }
});
