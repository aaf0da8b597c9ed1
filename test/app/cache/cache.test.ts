import assert from 'node:assert/strict';
import { readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cacheGc, cacheVerify } from '../../../src/app/cache/cache.ts';
import { compose } from '../../../src/app/compose/compose.ts';
import type { CacheEntryReport, CacheGcReport, CacheVerifyReport } from '../../../src/model/request.ts';
import { damageFile } from '../../fixtures/damaged-file.ts';
import { cli, composed, contents, json, request, use } from '../harness.ts';
import { blobOf, setUp } from '../two-packages.ts';

test('cache ls names what each blob is; --json has digest, size and time', async (t) => {
  const { cache, from } = await setUp(t);
  await composed(cache, ['b'], from);
  const entries = json<readonly CacheEntryReport[]>(await cli(['cache', 'ls', '--cache', cache, '--json']));
  assert.deepEqual(
    entries.map(({ holds }) => holds),
    ['a-1.0-r0 (alpine)', 'b-1.0-r0 (alpine)', 'install layer or unknown'],
  );
  for (const { digest, sizeBytes, usedAt } of entries) {
    assert.equal(statSync(join(cache, 'blobs/sha256', digest.slice(7))).size, sizeBytes);
    assert.ok(Date.now() - Date.parse(usedAt) < 60_000);
  }
});

test('cache verify finds a damaged blob (exit 1); --repair removes it, and the next compose fetches it again', async (t) => {
  const { cache, from, mirror } = await setUp(t);
  const before = await composed(cache, ['b'], from);
  const path = await blobOf(cache, 'a');
  damageFile(path);
  const found = await cli(['cache', 'verify', '--cache', cache, '--json']);
  assert.equal(found.code, 1);
  const report = json<CacheVerifyReport>(found);
  assert.equal(report.checked, 3);
  assert.deepEqual(
    report.damaged.map(({ digest }) => digest.slice(7)),
    [path.split('/').at(-1)],
  );
  assert.equal(report.repaired, 0);
  const repaired = await cli(['cache', 'verify', '--repair', '--cache', cache, '--json']);
  assert.equal(json<CacheVerifyReport>(repaired).repaired, 1);
  assert.equal(contents(cache).blobs.length, 2);
  mirror.requests.length = 0;
  assert.equal((await composed(cache, ['b'], from)).digest, before.digest);
  assert.deepEqual(
    mirror.requests.filter(({ url }) => url.endsWith('.apk')).map(({ url }) => url.split('/').at(-1)),
    ['a-1.0-r0.apk'],
  );
  assert.deepEqual((await use({ cache }, (context) => cacheVerify(context, { repair: false }))).damaged, []);
});

test('cache gc --max-size keeps under the limit, the least recently used first, and breaks no later compose', async (t) => {
  const { cache, from } = await setUp(t);
  const first = await composed(cache, ['b'], from);
  const a = await blobOf(cache, 'a');
  const b = await blobOf(cache, 'b');
  const old = new Date(Date.now() - 3_600_000);
  utimesSync(b, old, old);
  const limit = statSync(a).size + 5000;
  const report = json<CacheGcReport>(
    await cli(['cache', 'gc', '--max-size', String(limit), '--cache', cache, '--json']),
  );
  const left = contents(cache).blobs;
  assert.ok(left.includes(a.split('/').at(-1) as string), 'the one used last stays');
  assert.ok(!left.includes(b.split('/').at(-1) as string), 'the one used long ago goes');
  const sizes = left.map((name) => statSync(join(cache, 'blobs/sha256', name)).size);
  assert.equal(
    report.keptBytes,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  assert.ok(report.keptBytes <= limit);
  assert.deepEqual([report.removed, report.removed + left.length], [1, 3]);
  assert.equal((await composed(cache, ['b'], from)).digest, first.digest);
  await use({ cache }, (context) => cacheGc(context, { maxSizeBytes: 0 }));
  assert.deepEqual(contents(cache).blobs, []);
  assert.equal((await composed(cache, ['b'], from)).digest, first.digest);
});

test('composing marks as used: what an image needed lately outlives what it did not', async (t) => {
  const { cache, from } = await setUp(t);
  await composed(cache, ['b'], from);
  const old = new Date(Date.now() - 3_600_000);
  for (const name of contents(cache).blobs) utimesSync(join(cache, 'blobs/sha256', name), old, old);
  await composed(cache, ['a'], from);
  assert.ok(statSync(await blobOf(cache, 'a')).mtimeMs > Date.now() - 60_000);
  assert.ok(statSync(await blobOf(cache, 'b')).mtimeMs < Date.now() - 3_000_000);
});

test('cache gc without a size removes what the catalog does not know, and derived layers are made anew', async (t) => {
  const { cache, from } = await setUp(t);
  const single = (layers: 'single' | 'bundle') =>
    use({ cache }, (context) => compose(context, request(['b'], from, { layers, layerEncoding: 'gzip' })));
  const bundle = await single('bundle');
  await single('single');
  const stale = join(cache, 'ingest', '999999999-dead');
  writeFileSync(stale, Buffer.alloc(10_000_000));
  const old = new Date(Date.now() - 3 * 86_400_000);
  utimesSync(stale, old, old);
  const report = await use({ cache }, (context) => cacheGc(context, { maxSizeBytes: undefined }));
  assert.ok(report.keptBytes > 0, 'regression: temp files are no part of what is kept');
  assert.ok(report.freedBytes > 10_000_000);
  assert.deepEqual(readdirSync(join(cache, 'ingest')), []);
  for (const name of contents(cache).blobs) rmSync(join(cache, 'blobs/sha256', name));
  assert.equal((await single('bundle')).digest, bundle.digest);
});
