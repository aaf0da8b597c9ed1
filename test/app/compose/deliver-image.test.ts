import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXIT_CODES } from '../../../src/cli/exit-codes.ts';
import { startFakeRegistry } from '../../fake/registry.ts';
import { damageFile } from '../../fixtures/damaged-file.ts';
import { cli, contents, folder } from '../harness.ts';
import { assertDone, blobsOf, isSound, setUp } from '../two-packages.ts';

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
  damageFile(join(layout, 'blobs/sha256', (await blobsOf(cache, /^a-1/))[0]?.split('/').at(-1) ?? ''));
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

test('a registry that is not there is reported before any package is fetched', async (t) => {
  const { words, cache } = await setUp(t);
  const registry = await startFakeRegistry(t);
  await registry.close();
  const ended = await cli([...words, '--push', `${registry.host}/app:1`]);
  assert.equal(ended.code, EXIT_CODES.NETWORK, ended.stderr);
  assert.match(ended.stderr, /connection refused/);
  assert.deepEqual(contents(cache), { blobs: [], ingest: [], partial: [] });
});
