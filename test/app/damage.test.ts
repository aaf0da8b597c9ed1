import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TarEntry, TarScanner } from '../../src/archive/tar-reader.ts';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';
import type { CacheEntryReport } from '../../src/model/request.ts';
import { startFakeRegistry } from '../fake/registry.ts';
import { cli, type Ended, folder, json, start } from './harness.ts';
import { A, endsBy, setUp } from './two-packages.ts';

/** Changes a byte in the middle of a file, which keeps its size. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] as number) ^ 0xff;
  chmodSync(path, 0o644);
  writeFileSync(path, bytes);
  chmodSync(path, 0o444);
}

async function blobsOf(cache: string, holds: RegExp): Promise<readonly string[]> {
  const entries = json<readonly CacheEntryReport[]>(await cli(['cache', 'ls', '--cache', cache, '--json']));
  const found = entries.filter((entry) => holds.test(entry.holds));
  assert.ok(found.length > 0);
  return found.map(({ digest }) => join(cache, 'blobs', digest.replace(':', '/')));
}

function assertDone(ended: Ended): void {
  assert.equal(ended.code, 0, ended.stderr);
}

async function isSound(cache: string): Promise<void> {
  const ended = await cli(['cache', 'verify', '--cache', cache]);
  assert.equal(ended.code, 0, ended.stdout);
}

for (const [what, more, holds] of [
  ['a package', [], /^a-1\.0-r0/],
  ['a layer of its own', ['--layers', 'single'], /install|merge|bundle|repacked/],
  ['a re-encoded package', ['--layer-encoding', 'none'], /plain tar of a-/],
  ['a package that is re-encoded', ['--layer-encoding', 'none', '--layers', 'single'], /^a-1\.0-r0/],
] as const) {
  test(`a damaged blob never leaves the cache: ${what} is had again, and the output is right`, async (t) => {
    const { dir, cache, words } = await setUp(t);
    const out = join(dir, 'out.tar');
    assertDone(await cli([...words, ...more, '-o', out]));
    const right = readFileSync(out);
    for (const path of await blobsOf(cache, holds)) damage(path);
    const again = await cli([...words, ...more, '-o', out]);
    assertDone(again);
    assert.ok(readFileSync(out).equals(right));
    if (/install/.test(holds.source)) return;
    assert.match(again.stderr, /damaged blob sha256:[0-9a-f]{64} .*; fetching it again/);
    await isSound(cache);
  });
}

test('what cannot be had again is INTEGRITY with the blob’s digest and the way out; nothing is left', async (t) => {
  const { dir, cache, words, mirror } = await setUp(t);
  const [out, layout] = [join(dir, 'out.tar'), join(dir, 'layout')];
  for (const form of [
    ['-o', out],
    ['-o', layout, '--format', 'oci-dir'],
  ]) {
    assertDone(await cli([...words, '-o', out]));
    rmSync(out);
    for (const path of await blobsOf(cache, /^a-1\.0-r0/)) damage(path);
    mirror.faults.set(A, { status: 404 });
    const ended = await cli([...words, ...form]);
    mirror.faults.clear();
    assert.equal(ended.code, EXIT_CODES.INTEGRITY, ended.stderr);
    assert.match(ended.stderr, /error: damaged blob sha256:[0-9a-f]{64}/);
    assert.match(ended.stderr, /hint: .*compose cache verify --repair/);
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.startsWith('out') || name.startsWith('.')),
      [],
    );
  }
});

test('a layout’s wrong blobs are replaced, and its right ones kept', async (t) => {
  const { dir, cache, words } = await setUp(t);
  const layout = join(dir, 'layout');
  const write = async () => assertDone(await cli([...words, '-o', layout, '--format', 'oci-dir']));
  await write();
  const names = readdirSync(join(layout, 'blobs/sha256'));
  const before = names.map((name) => readFileSync(join(layout, 'blobs/sha256', name)));
  const [first = '', second = ''] = names;
  for (const name of [first, second]) {
    const path = join(layout, 'blobs/sha256', name);
    const bytes = readFileSync(path);
    rmSync(path);
    writeFileSync(path, Buffer.alloc(bytes.length, 1));
  }
  const kept = lstatSync(join(layout, 'blobs/sha256', names[2] ?? '')).ino;
  await write();
  assert.deepEqual(readdirSync(join(layout, 'blobs/sha256')), names);
  for (const [at, name] of names.entries())
    assert.ok(readFileSync(join(layout, 'blobs/sha256', name)).equals(before[at] as Buffer), name);
  assert.equal(lstatSync(join(layout, 'blobs/sha256', names[2] ?? '')).ino, kept);
  // Linked to the cache: the same file is damaged in both.
  damage(join(layout, 'blobs/sha256', (await blobsOf(cache, /^a-1/))[0]?.split('/').at(-1) ?? ''));
  await write();
  for (const [at, name] of names.entries())
    assert.ok(readFileSync(join(layout, 'blobs/sha256', name)).equals(before[at] as Buffer), name);
  await isSound(cache);
});

test('links in a layout lead nowhere: nothing is written through them', async (t) => {
  const { dir, words } = await setUp(t);
  const outside = folder(dir, 'outside');
  folder(outside, 'sha256');
  for (const [name, target] of [
    ['blobs', '../outside'],
    ['blobs/sha256', '../../outside'],
    ['index.json', '../outside/index.json'],
    ['oci-layout', '../outside/oci-layout'],
    ['.compose.lock', '../outside/lock'],
  ] as const) {
    const layout = folder(dir, 'layout');
    mkdirSync(join(layout, name, '..'), { recursive: true });
    symlinkSync(target, join(layout, name));
    const ended = await cli([...words, '-o', layout, '--format', 'oci-dir']);
    assert.equal(ended.code, EXIT_CODES.STORAGE, `${name}: ${ended.stderr}`);
    assert.ok(ended.stderr.includes(join(layout, name)), ended.stderr);
    assert.deepEqual(readdirSync(outside), ['sha256']);
    assert.deepEqual(readdirSync(join(outside, 'sha256')), []);
    rmSync(layout, { recursive: true });
  }
});

test('the cache is no place for a layout', async (t) => {
  const { cache, words } = await setUp(t);
  mkdirSync(cache);
  for (const prepare of [
    () => {},
    () => writeFileSync(join(cache, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}'),
  ]) {
    prepare();
    const ended = await cli([...words, '-o', cache, '--format', 'oci-dir']);
    assert.equal(ended.code, EXIT_CODES.STORAGE, ended.stderr);
    assert.ok(ended.stderr.includes(`${cache} is not an OCI image layout`), ended.stderr);
    assert.equal(existsSync(join(cache, 'index.json')), false);
  }
});

test('ingest of the same archive repairs a damaged blob', async (t) => {
  const { dir, cache, words } = await setUp(t);
  assertDone(await cli([...words, '-o', join(dir, 'out.tar')]));
  for (const path of await blobsOf(cache, /^[ab]-1\.0-r0/)) damage(path);
  const keys = words[words.indexOf('--keyring') + 1] as string;
  assertDone(
    await cli([
      'ingest',
      join(dir, 'mirror/v3.19/main/x86_64'),
      '--keyring',
      keys,
      '--arch',
      'x86_64',
      '--cache',
      cache,
    ]),
  );
  await isSound(cache);
});

test('a push names the damaged blob it cannot have again; else what it pushes is right', async (t) => {
  const { cache, words, mirror } = await setUp(t);
  const registry = await startFakeRegistry(t);
  const push = (tag: string) => cli([...words, '--push', `${registry.host}/x:${tag}`]);
  for (const path of await (async () => {
    assertDone(await cli([...words, '-o', join(cache, '../out.tar')]));
    return blobsOf(cache, /^a-1\.0-r0/);
  })())
    damage(path);
  mirror.faults.set(A, { status: 404 });
  const ended = await push('1');
  assert.equal(ended.code, EXIT_CODES.INTEGRITY, ended.stderr);
  assert.match(ended.stderr, /error: damaged blob sha256:[0-9a-f]{64}/);
  mirror.faults.clear();
  assertDone(await push('2'));
  assertDone(await cli(['verify', `${registry.host}/x:2`, ...words.slice(words.indexOf('--keyring'))]));
});

for (const kind of ['tar', 'oci-dir'] as const) {
  for (const cut of [[], [60_000]]) {
    const how = cut.length === 0 ? '' : ', also after a cut';
    test(`push of a damaged ${kind} names it and the blob, cancels the upload and tags nothing${how}`, async (t) => {
      const { dir, words } = await setUp(t);
      const image = join(dir, kind === 'tar' ? 'image.tar' : 'image');
      assertDone(await cli([...words, '-o', image, '--format', kind, '--json']));
      const blob = damagePackage(image, kind);
      const registry = await startFakeRegistry(t, { cutUploads: cut });
      const ended = await cli(['push', image, `${registry.host}/x:1`]);
      assert.equal(ended.code, EXIT_CODES.INTEGRITY, ended.stderr);
      assert.ok(ended.stderr.includes(`error: ${image}: damaged blob sha256:${blob}`), ended.stderr);
      assert.ok(ended.stderr.includes(`hint: compose verify ${image} lists all`), ended.stderr);
      assert.equal(registry.manifests.size, 0);
      // Of the blobs that went beside it the registry ends the uploads some day.
      assert.ok(
        registry.requests.some(({ method, url }) => method === 'DELETE' && url.includes('/uploads/')),
      );
      assert.equal(registry.blobs.has(`x sha256:${blob}`), false);
      assert.equal((await cli(['verify', image, ...words.slice(-4)])).code, EXIT_CODES.INTEGRITY);
    });
  }
}

/** Of the largest blob, a package's archive. @returns its digest in hex */
function damagePackage(image: string, kind: 'tar' | 'oci-dir'): string {
  if (kind === 'oci-dir') {
    const blobs = join(image, 'blobs/sha256');
    const [name = ''] = readdirSync(blobs).sort(
      (a, b) => lstatSync(join(blobs, b)).size - lstatSync(join(blobs, a)).size,
    );
    const bytes = readFileSync(join(blobs, name));
    rmSync(join(blobs, name));
    writeFileSync(join(blobs, name), bytes);
    damage(join(blobs, name));
    return name;
  }
  const bytes = readFileSync(image);
  const entries: TarEntry[] = [];
  const scanner = new TarScanner({ entry: (entry) => entries.push(entry) });
  scanner.write(bytes);
  scanner.finish();
  const largest = entries.reduce((a, b) => (b.sizeBytes > a.sizeBytes ? b : a));
  assert.ok(largest.path.startsWith('blobs/sha256/'));
  const at = largest.offset + (largest.sizeBytes >> 1);
  bytes[at] = (bytes[at] as number) ^ 0xff;
  writeFileSync(image, bytes);
  return largest.path.slice('blobs/sha256/'.length);
}

test('a resumed push of a damaged blob of the cache has it again and goes on', async (t) => {
  const { dir, cache, words } = await setUp(t);
  assertDone(await cli([...words, '-o', join(dir, 'out.tar')]));
  const registry = await startFakeRegistry(t, { cutUploads: [60_000] });
  const [path = ''] = await blobsOf(cache, /^a-1\.0-r0/);
  damage(path);
  const damaged = readFileSync(path);
  const ended = await cli([...words, '--push', `${registry.host}/x:1`]);
  assertDone(ended);
  assert.match(ended.stderr, /damaged blob sha256:[0-9a-f]{64} .*; fetching it again/);
  // Uploads of other blobs that ended with it may be left to the registry.
  for (const sent of registry.uploads.values()) {
    assert.ok(
      sent.length === 0 || !damaged.subarray(0, sent.length).equals(sent),
      'its upload was cancelled',
    );
  }
  assertDone(await cli(['verify', `${registry.host}/x:1`, ...words.slice(words.indexOf('--keyring'))]));
});

test('verify and diff of an image in a registry read a blob that is damaged in the cache again', async (t) => {
  const { cache, words } = await setUp(t);
  const registry = await startFakeRegistry(t);
  const name = `${registry.host}/x:1`;
  assertDone(await cli([...words, '--push', name]));
  for (const command of [
    ['verify', name, ...words.slice(words.indexOf('--keyring'))],
    ['diff', name, name, '--cache', cache],
  ]) {
    for (const path of await blobsOf(cache, /^a-1\.0-r0/)) damage(path);
    const ended = await cli(command);
    assert.equal(ended.code, 0, ended.stderr + ended.stdout);
    if (command[0] === 'verify') {
      assert.match(ended.stderr, /damaged blob sha256:[0-9a-f]{64} .*; fetching it again/);
      await isSound(cache);
    }
  }
});

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
