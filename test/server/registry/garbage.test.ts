import assert from 'node:assert/strict';
import { readdirSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { cacheGc, cacheList, cacheVerify } from '../../../src/app/cache/cache.ts';
import type { Digest } from '../../../src/model/digest.ts';
import { FileBlobStore } from '../../../src/store/blob-store.ts';
import { use } from '../../app/harness.ts';
import { damageFile } from '../../fixtures/damaged-file.ts';
import { digestOf, pushBlob, pushImage, startServer, type TestServer } from './harness.ts';

const gc = (server: TestServer, maxSizeBytes?: number) =>
  use({ cache: server.directory }, (context) => cacheGc(context, { maxSizeBytes }));

/** Lets blobs look as if the last client had used them `days` ago. */
function age(server: TestServer, days: number): void {
  const database = new Database(join(server.directory, 'registry.sqlite'));
  database.prepare('UPDATE blob SET used_at = used_at - ?').run(days * 24 * 60 * 60 * 1000);
  database.close();
}

async function setUp(t: TestContext): Promise<TestServer> {
  const server = await startServer(t);
  await pushImage(server, 'team/app', { by: 'v1', layer: 'layer' });
  await server.stored.store.put(Buffer.from('nobody needs it'));
  return server;
}

test('gc keeps what repositories have, whatever the size, and removes the rest', async (t) => {
  const server = await setUp(t);
  age(server, 2);
  assert.equal((await gc(server, 0)).removed, 1);
  assert.equal((await server.send('GET', `/v2/team/app/blobs/${digestOf('layer')}`)).status, 200);
  assert.equal((await gc(server)).removed, 0);
});

test('a blob without a manifest stays for a day after its last use, then goes', async (t) => {
  const server = await setUp(t);
  const digest = await pushBlob(server, 'team/app', 'about to be used');
  const path = `/v2/team/app/blobs/${digest}`;
  await gc(server);
  age(server, 0.9);
  await gc(server);
  assert.equal((await server.send('HEAD', path)).status, 200, 'and this is a use');
  age(server, 0.9);
  await gc(server);
  assert.equal((await server.send('GET', path)).status, 200, 'which is none');
  age(server, 0.2);
  assert.equal((await gc(server)).removed, 1);
  assert.equal((await server.send('GET', path)).status, 404);
});

test('what is deleted goes with the next gc, unless another repository has it', async (t) => {
  const server = await setUp(t);
  const { digest } = await pushImage(server, 'other', { layer: 'own' });
  await gc(server);
  await server.send('DELETE', `/v2/other/manifests/${digest}`);
  age(server, 2);
  assert.equal((await gc(server)).removed, 1);
  assert.equal((await server.send('GET', `/v2/other/blobs/${digestOf('own')}`)).status, 404);
  assert.equal((await server.send('GET', `/v2/team/app/blobs/${digestOf('{}')}`)).status, 200);
});

test('an upload that nobody continues goes after a day', async (t) => {
  const server = await startServer(t);
  const location = (await server.send('POST', '/v2/app/blobs/uploads/')).headers.get('location') ?? '';
  await gc(server);
  assert.equal((await server.send('GET', location)).status, 204);
  const { partialDirectory } = new FileBlobStore(server.directory);
  const old = new Date(Date.now() - 25 * 60 * 60 * 1000);
  for (const name of readdirSync(partialDirectory)) utimesSync(join(partialDirectory, name), old, old);
  await gc(server);
  assert.equal((await server.send('GET', location)).status, 404);
});

test('cache ls says which repositories have a blob; verify names those that are missing', async (t) => {
  const server = await setUp(t);
  await pushImage(server, 'other', { layer: 'own' });
  const [shared, own] = [digestOf('{}') as Digest, digestOf('own') as Digest];
  const holds = async (wanted: Digest) =>
    (await use({ cache: server.directory }, cacheList)).find(({ digest }) => digest === wanted)?.holds;
  assert.equal(await holds(shared), 'repository other and 1 more');
  assert.equal(await holds(own), 'repository other');
  const verify = (repair: boolean) =>
    use({ cache: server.directory }, (context) => cacheVerify(context, { repair }));
  assert.deepEqual(await verify(false), { checked: 4, damaged: [], missing: [], repaired: 0 });
  damageFile(server.stored.store.pathOf(own));
  await verify(true);
  assert.deepEqual((await verify(false)).missing, [{ digest: own, repository: 'other' }]);
  assert.equal((await server.send('GET', `/v2/other/blobs/${own}`)).status, 404);
  await pushBlob(server, 'other', 'own');
  assert.deepEqual((await verify(false)).missing, []);
  rmSync(server.stored.store.pathOf(shared));
  assert.deepEqual((await verify(false)).missing, [{ digest: shared, repository: 'other' }]);
});
