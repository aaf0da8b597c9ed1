import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cacheVerify } from '../../../src/app/cache/cache.ts';
import { compose } from '../../../src/app/compose/compose.ts';
import type { TarEntry } from '../../../src/archive/tar-entry.ts';
import { TarScanner } from '../../../src/archive/tar-reader.ts';
import { EXIT_CODES } from '../../../src/cli/exit-codes.ts';
import { startFakeRegistry } from '../../fake/registry.ts';
import { damageFile } from '../../fixtures/damaged-file.ts';
import { cli, composed, contents, request, use } from '../harness.ts';
import { A, assertDone, blobOf, blobsOf, isSound, setUp } from '../two-packages.ts';

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
    for (const path of await blobsOf(cache, holds)) damageFile(path);
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
    for (const path of await blobsOf(cache, /^a-1\.0-r0/)) damageFile(path);
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

test('ingest of the same archive repairs a damaged blob', async (t) => {
  const { dir, cache, words } = await setUp(t);
  assertDone(await cli([...words, '-o', join(dir, 'out.tar')]));
  for (const path of await blobsOf(cache, /^[ab]-1\.0-r0/)) damageFile(path);
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
    damageFile(path);
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
    damageFile(join(blobs, name));
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
  damageFile(path);
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
    for (const path of await blobsOf(cache, /^a-1\.0-r0/)) damageFile(path);
    const ended = await cli(command);
    assert.equal(ended.code, 0, ended.stderr + ended.stdout);
    if (command[0] === 'verify') {
      assert.match(ended.stderr, /damaged blob sha256:[0-9a-f]{64} .*; fetching it again/);
      await isSound(cache);
    }
  }
});

test('regression: a blob cut short in the cache is fetched again, not written into an image', async (t) => {
  const { cache, from, dir } = await setUp(t);
  await composed(cache, ['b'], from);
  const path = await blobOf(cache, 'a');
  chmodSync(path, 0o644);
  truncateSync(path, 100);
  const out = join(dir, 'out.tar');
  const run = use({ cache }, (context) =>
    compose(context, request(['b'], from, { output: { path: out, format: 'tar', load: undefined } })),
  );
  assert.equal((await run).layers.length, 3, 'fetched again');
  assert.deepEqual((await use({ cache }, (context) => cacheVerify(context, { repair: false }))).damaged, []);
});

test('a gc in the middle of composing: what it removed is fetched and made again', async (t) => {
  const { dir, cache, from } = await setUp(t);
  const { digest } = await composed(cache, ['b'], from);
  const output = { path: join(dir, 'out.tar'), format: 'tar', load: undefined } as const;
  let collected = 0;
  const again = await use({ cache }, (context) => {
    const collecting = {
      ...context.progress,
      task: (label: string) => {
        if (label.startsWith('write') && collected === 0) {
          for (const name of contents(cache).blobs) rmSync(join(cache, 'blobs/sha256', name));
          collected += 1;
        }
        return { advance() {}, done() {} };
      },
    };
    return compose({ ...context, progress: collecting }, request(['b'], from, { output }));
  });
  assert.deepEqual([collected, again.digest], [1, digest]);
  assert.ok(statSync(output.path).size > 0);
});
