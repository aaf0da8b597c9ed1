import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRepository } from '../../../src/model/reference.ts';
import { BlobPlaces, type Redirect } from '../../../src/server/behind/blob-places.ts';
import { type FakeRegistry, type RegistrySwitches, startFakeRegistry } from '../../fake/registry.ts';
import { alice, blobOf, quickSession } from '../../registry/harness.ts';

interface TestHooks {
  after(fn: () => Promise<void>): void;
}

const BLOB = blobOf(Buffer.alloc(300_000, 'package'));
const LOGIN = { auth: { kind: 'basic', users: { alice: alice.password } } } as const;

async function setup(t: TestHooks, redirect: Redirect, switches: Partial<RegistrySwitches> = {}) {
  const registry = await startFakeRegistry(t, switches);
  registry.blobs.set(`packages ${BLOB.digest}`, BLOB.bytes);
  const session = quickSession(t, { credentials: { find: async () => (switches.auth ? alice : undefined) } });
  const places = new BlobPlaces(session, redirect);
  const find = () => places.find(parseRepository(`${registry.host}/packages`), BLOB.digest);
  return { registry, find };
}

async function bytesOf(found: Awaited<ReturnType<BlobPlaces['find']>>, start = 0): Promise<Buffer> {
  assert.equal(found?.kind, 'stream');
  const chunks: Uint8Array[] = [];
  for await (const chunk of found.open(start, new AbortController().signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const gets = ({ requests }: FakeRegistry) =>
  requests.filter(({ method, url }) => method === 'GET' && url.includes('/blobs/')).length;

test('clients are sent to a registry that everybody reads, and it is asked for a blob once', async (t) => {
  const { registry, find } = await setup(t, true);
  const url = `${registry.url}/v2/packages/blobs/${BLOB.digest}`;
  assert.deepEqual(await find(), { kind: 'redirect', url, sizeBytes: BLOB.size });
  registry.requests.length = 0;
  assert.deepEqual(await find(), { kind: 'redirect', url, sizeBytes: BLOB.size });
  assert.deepEqual(registry.asked(), []);
});

test('the address can be the one by which clients reach the registry', async (t) => {
  const { find } = await setup(t, new URL('https://packages.example/behind/'));
  const found = await find();
  assert.equal(
    found?.kind === 'redirect' && found.url,
    `https://packages.example/behind/v2/packages/blobs/${BLOB.digest}`,
  );
});

test('without redirects the bytes pass through, whole or from an offset on', async (t) => {
  const { registry, find } = await setup(t, false);
  assert.ok((await bytesOf(await find())).equals(BLOB.bytes));
  registry.switches.cutDownloads.push(100_000);
  assert.ok((await bytesOf(await find(), 5)).equals(BLOB.bytes.subarray(5)));
});

test('a registry with logins: an address for one download if it gives one, else the bytes by our login', async (t) => {
  const { registry, find } = await setup(t, true, LOGIN);
  assert.ok((await bytesOf(await find())).equals(BLOB.bytes));
  const before = gets(registry);
  await find();
  assert.equal(gets(registry), before, 'it is known to send blobs itself');

  const storage = await setup(t, true, { ...LOGIN, blobsAt: registry.url });
  // Its HEAD is answered by the other registry.
  registry.switches.auth = undefined;
  const first = await storage.find();
  assert.equal(
    first?.kind === 'redirect' && first.url,
    `${registry.url}/v2/packages/blobs/${BLOB.digest}?signature=secret`,
  );
  const asked = gets(storage.registry);
  await storage.find();
  assert.equal(gets(storage.registry), asked + 1, 'such an address expires, and is asked for anew');
});

test('a blob with wrong bytes never arrives whole', async (t) => {
  const { registry, find } = await setup(t, false);
  const wrong = Buffer.from(BLOB.bytes);
  wrong[7] = 0;
  registry.blobs.set(`packages ${BLOB.digest}`, wrong);
  const found = await find();
  assert.equal(found?.kind, 'stream');
  let received = 0;
  await assert.rejects(
    async () => {
      for await (const chunk of found.open(0, new AbortController().signal)) received += chunk.length;
    },
    { code: 'INTEGRITY' },
  );
  assert.ok(received < BLOB.size, `${received}`);
});

test('what the repository lacks is not there', async (t) => {
  const { registry, find } = await setup(t, true);
  registry.blobs.clear();
  assert.equal(await find(), undefined);
});
