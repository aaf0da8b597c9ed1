import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { cacheGc } from '../../../src/app/cache/cache.ts';
import type { Digest } from '../../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../../src/model/media-types.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import { listen } from '../../../src/server/http/listen.ts';
import { collectRegularly } from '../../../src/server/operations/janitor.ts';
import { withQuotas } from '../../../src/server/operations/quotas.ts';
import { registryService } from '../../../src/server/registry/registry-service.ts';
import { ownAsker } from '../../../src/server/workers/own-asker.ts';
import { openPool } from '../../../src/server/workers/pool.ts';
import { use } from '../../app/harness.ts';
import { digestOf, pushBlob, pushImage, startServer, type TestServer } from '../registry/harness.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Records an image as composing does: a manifest with a layer, and an index with a tag. */
async function composed(
  server: TestServer,
  repository: string,
  layer: string,
  days: number,
): Promise<string> {
  await server.stored.store.put(Buffer.from(layer));
  const record = async (text: string, more: object) => {
    const digest = digestOf(text);
    const plain = { repository, digest, identity: 'x', subject: '', referrer: '', bytes: Buffer.from(text) };
    await server.stored.writer.run('recordComposed', { ...plain, ...more } as never);
    return digest;
  };
  const manifest = await record(`manifest of ${layer}`, {
    ...{ mediaType: MEDIA_TYPES.manifest, tags: [], manifests: [] },
    blobs: [{ digest: digestOf(layer), sizeBytes: Buffer.byteLength(layer) }],
  });
  const more = { mediaType: MEDIA_TYPES.index, tags: ['latest'], blobs: [], manifests: [manifest] };
  const index = await record(`index of ${layer}`, more);
  const database = new Database(join(server.directory, 'registry.sqlite'));
  const age = database.prepare('UPDATE manifest SET used_at = used_at - ? WHERE digest IN (?, ?)');
  age.run(days * DAY_MS, manifest, index);
  database.close();
  return index;
}

const gc = (server: TestServer, options: Parameters<typeof cacheGc>[1]) =>
  use({ cache: server.directory }, (context) => cacheGc(context, options));

async function there(server: TestServer, ...repositories: string[]): Promise<readonly boolean[]> {
  const found = repositories.map(async (name) => {
    const { status } = await server.send('GET', `/v2/${name}/manifests/latest`);
    const layer = await server.send('GET', `/v2/${name}/blobs/${digestOf(`layer of ${name}`)}`);
    assert.equal(layer.status, status, name);
    return status === 200;
  });
  return Promise.all(found);
}

async function setUp(t: TestContext): Promise<TestServer> {
  const server = await startServer(t);
  for (const [name, days] of [
    ['a', 40],
    ['b', 35],
    ['c', 20],
    ['d', 1],
  ] as const) {
    await composed(server, name, `layer of ${name}`, days);
  }
  return server;
}

test('composed images stay that were used lately, and the newest of the others', async (t) => {
  const [some, fewer] = [await setUp(t), await setUp(t)];
  await gc(some, { maxSizeBytes: undefined, retention: { days: 30, newest: 3 } });
  const again = await gc(some, { maxSizeBytes: undefined, retention: { days: 30, newest: 3 } });
  assert.equal(again.removed, 0);
  assert.deepEqual(await there(some, 'a', 'b', 'c', 'd'), [false, true, true, true]);
  const { removed } = await gc(fewer, { maxSizeBytes: undefined, retention: { days: 30, newest: 0 } });
  assert.equal(removed, 2);
  assert.deepEqual(await there(fewer, 'a', 'b', 'c', 'd'), [false, false, true, true]);
});

test('a pull is a use', async (t) => {
  const server = await setUp(t);
  await server.send('GET', '/v2/a/manifests/latest');
  await server.stored.writer.run('useBlob', { repository: 'none', digest: digestOf('') as Digest });
  await gc(server, { maxSizeBytes: undefined, retention: { days: 30, newest: 0 } });
  assert.deepEqual(await there(server, 'a', 'b'), [true, false]);
});

test('what is pushed, and what that refers to, stays whatever the size', async (t) => {
  const server = await setUp(t);
  await pushImage(server, 'pushed', { by: 'latest', layer: 'layer of pushed' });
  // A signature of a composed image.
  const subject = { mediaType: MEDIA_TYPES.index, digest: digestOf('index of layer of a'), size: 19 };
  const { response } = await pushImage(server, 'a', { layer: 'a signature', subject, by: 'signature' });
  assert.equal(response.status, 201);
  await gc(server, { maxSizeBytes: 0, retention: { days: 0, newest: 0 } });
  assert.deepEqual(await there(server, 'a', 'b', 'c', 'd', 'pushed'), [true, false, false, false, true]);
  assert.equal((await server.send('GET', `/v2/a/manifests/signature`)).status, 200);
});

test('above the size, the images that were used least recently go', async (t) => {
  const server = await setUp(t);
  const sizeOfTwo = Buffer.byteLength('layer of a') * 2;
  // In one batch: all of these small images are "some of the oldest".
  const { keptBytes } = await gc(server, { maxSizeBytes: sizeOfTwo, retention: { days: 100, newest: 0 } });
  assert.ok(keptBytes <= sizeOfTwo);
  const roomy = await setUp(t);
  const { removed } = await gc(roomy, { maxSizeBytes: 1_000_000, retention: { days: 100, newest: 0 } });
  assert.equal(removed, 0);
});

test('what is pushed while garbage is collected on a thread is all there afterwards', async (t) => {
  const server = await startServer(t);
  const controller = new AbortController();
  const { signal } = controller;
  const context = { env: {}, progress: silentProgress, signal, cacheDirectory: server.directory };
  const pool = openPool(context);
  t.after(() => pool.close());
  let [isDone, collections, removed] = [false, 0, 0];
  const collecting = (async () => {
    while (!isDone) {
      await server.stored.store.put(Buffer.from(`garbage ${collections}`));
      const retention = { days: 0, newest: 0 };
      const report = await pool.run('cacheGc', { maxSizeBytes: 0, retention }, ownAsker(signal));
      removed += report.removed;
      collections += 1;
    }
  })();
  const layers = Array.from({ length: 60 }, (_, n) => `layer ${n}`);
  for (const [n, layer] of layers.entries())
    await pushImage(server, `team/app${n % 7}`, { by: `v${n}`, layer });
  isDone = true;
  await collecting;
  for (const [n, layer] of layers.entries()) {
    const name = `team/app${n % 7}`;
    assert.equal((await server.send('GET', `/v2/${name}/manifests/v${n}`)).status, 200);
    assert.equal(await (await server.send('GET', `/v2/${name}/blobs/${digestOf(layer)}`)).text(), layer);
  }
  assert.ok(collections > 0 && removed > 0, `${collections} collections removed ${removed} blobs`);
});

test('garbage is collected from time to time, also after a failure, until the server ends', async () => {
  const requests: unknown[] = [];
  const reports: string[] = [];
  const enough = Promise.withResolvers<void>();
  const run = async (_: string, request: unknown) => {
    requests.push(request);
    if (requests.length === 3) enough.resolve();
    if (requests.length === 1) throw new Error('the disk is full');
    return { removed: 2, freedBytes: 10, keptBytes: 0 };
  };
  const keepAlive = setTimeout(() => {}, 5000);
  const options = { everyMs: 10, maxSizeBytes: 5, retention: { days: 1, newest: 2 } };
  const stop = collectRegularly(options, { run } as never, (text) => reports.push(text));
  await enough.promise;
  stop();
  clearTimeout(keepAlive);
  const count = requests.length;
  assert.deepEqual(requests[0], { maxSizeBytes: 5, retention: { days: 1, newest: 2 } });
  assert.deepEqual(reports.slice(0, 2), [
    'garbage collection: the disk is full',
    'garbage collection removed 2 blobs of 10 bytes',
  ]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(requests.length, count);
});

test('a repository that is full takes no more, and others do', async (t) => {
  const server = await startServer(t);
  const { stored } = server;
  const service = withQuotas(registryService({ origins: [stored], stored }), stored.content, {
    repository: 100,
  });
  const { url, close } = await listen(service, { host: '127.0.0.1', port: 0 });
  t.after(() => close(0));
  const limited: TestServer = {
    ...server,
    send: (method, path, init) => fetch(new URL(path, url), { method, ...init }),
  };
  await pushBlob(limited, 'team/app', 'x'.repeat(90));
  await assert.rejects(
    pushBlob(limited, 'team/app', 'y'.repeat(11)),
    /403 .*team\/app is full: it has 90 bytes of the 100/,
  );
  await pushBlob(limited, 'team/app', 'z'.repeat(10));
  await assert.rejects(pushBlob(limited, 'team/app', '1'), /403/);
  await pushBlob(limited, 'team/other', 'y'.repeat(100));
});
