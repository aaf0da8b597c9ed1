import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT_CODES } from '../../../src/cli/exit-codes.ts';
import { isAppError } from '../../../src/model/app-error.ts';
import { openSandbox } from '../../../src/sandbox/sandbox.ts';
import { startFakeRegistry } from '../../fake/registry.ts';
import type { ApkSpec } from '../../fixtures/apk.ts';
import { writeAlpineMirror } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { hostFiles } from '../../sandbox/host-root.ts';
import { cli, environment, noise, small, start } from '../harness.ts';
import { assertDone, endsBy, setUp } from '../two-packages.ts';

const MAIN = join(import.meta.dirname, '../../../src/main.ts');

/** In the command line of what a script starts. */
const MARK = '27182.81';

/** Standard output as it came. */
async function output(
  words: readonly string[],
  cwd: string,
): Promise<{ code: number | null; stdout: Buffer; stderr: string }> {
  const { child, ended } = start(words, { cwd });
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  const { code, stderr } = await ended;
  return { code, stdout: Buffer.concat(parts), stderr };
}

test('pull -o -, cp FROM - and artifact fetch -o - write to standard output, and nothing beside it', async (t) => {
  const { dir, words } = await setUp(t);
  const registry = await startFakeRegistry(t);
  const name = `${registry.host}/x:1`;
  assert.equal((await cli([...words, '--push', name])).code, 0);
  const tar = join(dir, 'pulled.tar');
  const cache = words.slice(-2);
  assert.equal((await cli(['pull', name, '-o', tar, ...cache])).code, 0);
  for (const command of [
    ['pull', name, '-o', '-', ...cache],
    ['cp', name, '-'],
  ]) {
    const got = await output(command, dir);
    assert.equal(got.code, 0, got.stderr);
    assert.ok(got.stdout.equals(readFileSync(tar)), command.join(' '));
  }
  const file = noise('artifact', 200_000);
  writeFileSync(join(dir, 'file.bin'), file);
  const artifact = `${registry.host}/files:1`;
  const pushed = await cli(['artifact', 'push', artifact, 'file.bin'], { cwd: dir });
  assert.equal(pushed.code, 0, pushed.stderr);
  const fetched = await output(['artifact', 'fetch', `oras://${artifact}/file.bin`, '-o', '-'], dir);
  assert.equal(fetched.code, 0, fetched.stderr);
  assert.ok(fetched.stdout.equals(file));
  const refused = await cli(['artifact', 'pull', artifact, '-o', '-'], { cwd: dir });
  assert.equal(refused.code, EXIT_CODES.USAGE, refused.stderr);
  assert.equal(existsSync(join(dir, '-')), false);
});

test('outputs below /proc are STORAGE at once: pull, cp, artifact pull and fetch', async (t) => {
  if (!existsSync('/proc/self')) return t.skip('skipped: no /proc here');
  const { dir, words } = await setUp(t);
  const registry = await startFakeRegistry(t);
  const name = `${registry.host}/x:1`;
  const artifact = `${registry.host}/files:1`;
  assert.equal((await cli([...words, '--push', name])).code, 0);
  writeFileSync(join(dir, 'file.bin'), 'content');
  assert.equal((await cli(['artifact', 'push', artifact, 'file.bin'], { cwd: dir })).code, 0);
  for (const command of [
    ['artifact', 'pull', artifact, '-o', '/proc/x'],
    ['artifact', 'pull', artifact, '-o', '/proc/x/y'],
    ['artifact', 'fetch', `oras://${artifact}/file.bin`, '-o', '/proc/x'],
    ['pull', name, '-o', '/proc/x', ...words.slice(-2)],
    ['pull', name, '-o', '/proc/x', '--format', 'oci-dir', ...words.slice(-2)],
    ['cp', name, '/proc/x.tar'],
  ]) {
    const { child, ended } = start(command, { cwd: dir });
    t.after(() => child.kill('SIGKILL'));
    assert.ok(await endsBy(child, 20_000), command.join(' '));
    const { code, stderr } = await ended;
    assert.equal(code, EXIT_CODES.STORAGE, `${command.join(' ')}: ${stderr}`);
    assert.match(stderr, /\/proc\/\.?x/);
  }
});

test('a signal ends plan --batch that waits for a question, and a command whose output nobody reads', async (t) => {
  const { dir, words } = await setUp(t);
  assert.equal((await cli(['index', ...words.slice(1)])).code, 0);
  const out = join(dir, 'out.tar');
  assert.equal((await cli([...words, '-o', out])).code, 0);
  for (const [what, command] of [
    ['waits for input', ['plan', '--batch', ...words.slice(1)]],
    ['writes to a pipe that nobody reads', [...words, '-o', '-']],
  ] as const) {
    // Its pipes are open, and this side does nothing with them.
    const child = spawn(process.execPath, [MAIN, ...command], {
      env: environment(),
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    t.after(() => child.kill('SIGKILL'));
    await sleep(3_000);
    assert.equal(child.exitCode, null, what);
    child.kill('SIGTERM');
    if (!(await endsBy(child, 2_000))) child.kill('SIGTERM');
    assert.ok(await endsBy(child, 10_000), `${what}: ends by two signals`);
    assert.ok(child.exitCode === 143 || child.signalCode === 'SIGTERM', `${what}: ${child.exitCode}`);
    child.stdout.destroy();
  }
});

test('two signals end --install run while a script runs: no process and no folder of it is left', async (t) => {
  const dir = tempDir(t);
  try {
    const signal = new AbortController().signal;
    await (await openSandbox({ directory: join(dir, 'trial'), env: process.env, signal })).close();
  } catch (error) {
    if (!isAppError(error, 'UNSUPPORTED')) throw error;
    return t.skip(`skipped: ${error.message}`);
  }
  const programs = hostFiles();
  if (programs === undefined) return t.skip('skipped: this machine lacks a program of the test root');
  const folders = new Set(
    [...programs.keys()].flatMap((path) =>
      path
        .split('/')
        .slice(0, -1)
        .map((_, at, parts) => `${parts.slice(0, at + 1).join('/')}/`),
    ),
  );
  const files = [
    ...[...folders].sort().map((path) => ({ path })),
    ...[...programs].map(([path, content]) => ({ path, content, mode: 0o755 })),
  ];
  const packages: readonly ApkSpec[] = [
    { name: 'shell', version: '1.0-r0', files },
    small('napping', {
      depends: ['shell'],
      scripts: { 'post-install': `#!/bin/sh\ntrap '' TERM INT\nsleep ${MARK}\n` },
    }),
  ];
  const repository = writeAlpineMirror(join(dir, 'mirror'), { packages });
  const cache = join(dir, 'cache');
  const words = [
    'napping',
    '--base',
    'none',
    '--arch',
    'x86_64',
    '--repo',
    repository,
    '--allow-untrusted',
    '--cache',
    cache,
  ];
  for (const signals of [1, 2]) {
    const { child, ended } = start([...words, '--install', 'run', '-o', join(dir, 'out.tar')]);
    t.after(() => child.kill('SIGKILL'));
    for (let waited = 0; running().length === 0 && waited < 20_000 && child.exitCode === null; waited += 50)
      await sleep(50);
    assert.equal(child.exitCode, null, child.exitCode === null ? '' : (await ended).stderr);
    assert.notDeepEqual(running(), []);
    child.kill('SIGTERM');
    if (signals === 2) child.kill('SIGINT');
    assert.ok(await endsBy(child, 10_000), `ends by ${signals} signals`);
    for (let waited = 0; running().length > 0 && waited < 5_000; waited += 50) await sleep(50);
    assert.deepEqual(running(), [], 'no process is left');
    await ended;
    if (signals === 1) assert.deepEqual(readdirSync(join(cache, 'sandbox')), []);
    assert.equal(existsSync(join(dir, 'out.tar')), false);
  }
});

/** Command lines of processes that hold the mark. */
function running(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')];
      } catch {
        return [];
      }
    })
    .filter((line) => line.includes(`sleep ${MARK}`));
}

test('-o - writes the image to standard output, and its summary to standard error', async (t) => {
  const { dir, words } = await setUp(t);
  const out = join(dir, 'out.tar');
  assertDone(await cli([...words, '-o', out]));
  for (const form of [['-o', '-'], ['--output=-'], ['-qo', '-'], ['-o', '-', '--json']]) {
    const { child, ended } = start([...words, ...form], { cwd: dir });
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    const { code, stderr } = await ended;
    assert.equal(code, 0, stderr);
    assert.ok(Buffer.concat(parts).equals(readFileSync(out)), form.join(' '));
    assert.match(stderr, /sha256:[0-9a-f]{64}/);
  }
  assert.equal(existsSync(join(dir, '-')), false);
  const refused = await cli([...words, '-o', '-', '--format', 'oci-dir'], { cwd: dir });
  assert.equal(refused.code, EXIT_CODES.USAGE);
  assert.equal(existsSync(join(dir, '-')), false);
});

test('-o through links: the file that they lead to is written, the link stays', async (t) => {
  const { dir, words } = await setUp(t);
  symlinkSync('two', join(dir, 'one'));
  symlinkSync('real.tar', join(dir, 'two'));
  for (const round of ['not there yet', 'there']) {
    assertDone(await cli([...words, '-o', join(dir, 'one')]));
    assert.ok(
      lstatSync(join(dir, 'one')).isSymbolicLink() && lstatSync(join(dir, 'two')).isSymbolicLink(),
      round,
    );
    assert.ok(lstatSync(join(dir, 'real.tar')).isFile());
  }
  symlinkSync('circle', join(dir, 'circle'));
  assert.equal((await cli([...words, '-o', join(dir, 'circle')])).code, EXIT_CODES.STORAGE);
});

test('signals end a command that writes to a pipe: without a reader, and with one that does not read', async (t) => {
  const { dir, words } = await setUp(t);
  assertDone(await cli([...words, '-o', join(dir, 'out.tar')]));
  const pipe = join(dir, 'pipe');
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  for (const reader of [undefined, 'sleeps'] as const) {
    const other = reader === undefined ? undefined : spawn('sh', ['-c', 'exec sleep 60 < "$0"', pipe]);
    const { child, ended } = start([...words, '-o', pipe]);
    t.after(() => child.kill('SIGKILL'));
    await sleep(2_000);
    assert.equal(child.exitCode, null, reader);
    child.kill('SIGTERM');
    assert.ok(await endsBy(child, 10_000), `${reader}: ends by one signal`);
    assert.equal((await ended).code, 143);
    other?.kill();
  }
  const { child } = start([...words, '-o', pipe]);
  assert.ok((await readFile(pipe)).equals(readFileSync(join(dir, 'out.tar'))));
  assert.ok(await endsBy(child, 10_000));
  assert.ok(lstatSync(pipe).isFIFO());
});

test('two signals end any command: whatever it waits for', async (t) => {
  const { dir, words, mirror } = await setUp(t);
  mirror.faults.set('*', { stallAfterBytes: 10 });
  const input = join(dir, 'input');
  assert.equal(spawnSync('mkfifo', [input]).status, 0);
  for (const command of [words, ['index', ...words.slice(1)], ['build', input]]) {
    const { child, ended } = start(command);
    t.after(() => child.kill('SIGKILL'));
    await sleep(1_500);
    assert.equal(child.exitCode, null, command[0]);
    child.kill('SIGTERM');
    await sleep(300);
    child.kill('SIGTERM');
    assert.ok(await endsBy(child, 10_000), `${command[0]}: ends by two signals`);
    await ended;
  }
});

test('folders that cannot be made, as below /proc, are STORAGE at once', async (t) => {
  const { words } = await setUp(t);
  if (!existsSync('/proc/self')) return t.skip('skipped: no /proc here');
  const below = words.map((word, at) => (words[at - 1] === '--cache' ? '/proc/no-such/cache' : word));
  for (const command of [below, [...words, '-o', '/proc/no-such', '--format', 'oci-dir']]) {
    const { child, ended } = start(command);
    t.after(() => child.kill('SIGKILL'));
    assert.ok(await endsBy(child, 20_000), command.join(' '));
    const { code, stderr } = await ended;
    assert.equal(code, EXIT_CODES.STORAGE, stderr);
    assert.match(stderr, /\/proc\/no-such/);
  }
});
