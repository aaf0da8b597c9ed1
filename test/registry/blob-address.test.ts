import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publicAddress, signedAddress } from '../../src/registry/blob-address.ts';
import { readBlobFrom } from '../../src/registry/blobs.ts';
import { alice, blobOf, type Opened, start } from './harness.ts';

const BLOB = blobOf(Buffer.alloc(200_000, 7));
const LOGIN = { auth: { kind: 'bearer', users: { alice: alice.password } } } as const;
const AS_ALICE = { credentials: { find: async () => alice } };

function put({ registry }: Opened): void {
  registry.blobs.set(`team/app ${BLOB.digest}`, BLOB.bytes);
}

test('a registry that anybody reads has its own address for a blob, also where it redirects', async (t) => {
  const opened = await start(t);
  put(opened);
  const own = `${opened.registry.url}/v2/team/app/blobs/${BLOB.digest}`;
  const address = () => publicAddress(opened.session, opened.app, BLOB.digest);
  assert.equal((await address())?.href, own);
  opened.registry.switches.blobsAt = 'http://127.0.0.1:1';
  assert.equal((await address())?.href, own);
  assert.equal(await publicAddress(opened.session, opened.app, blobOf(Buffer.from('x')).digest), undefined);
});

test('a registry with logins has an address for others only where it redirects', async (t) => {
  const opened = await start(t, LOGIN, AS_ALICE);
  put(opened);
  assert.equal(await publicAddress(opened.session, opened.app, BLOB.digest), undefined);
  assert.equal(await signedAddress(opened.session, opened.app, BLOB.digest), undefined);
  opened.registry.switches.blobsAt = 'http://127.0.0.1:1';
  assert.equal(await publicAddress(opened.session, opened.app, BLOB.digest), undefined);
  assert.equal(
    (await signedAddress(opened.session, opened.app, BLOB.digest))?.href,
    `http://127.0.0.1:1/v2/team/app/blobs/${BLOB.digest}?signature=secret`,
  );
  const asked = opened.registry.requests.filter(({ url }) => url.includes('/blobs/'));
  assert.deepEqual(
    asked.filter(({ headers }) => headers.authorization === undefined).map(({ status }) => status),
    [401, 401],
    'nobody is sent to an address by a login that others lack',
  );
});

test('a redirect within the registry is no address for others', async (t) => {
  const opened = await start(t, LOGIN, AS_ALICE);
  put(opened);
  opened.registry.switches.blobsAt = opened.registry.url;
  assert.equal(await signedAddress(opened.session, opened.app, BLOB.digest), undefined);
});

test('a blob is read from an offset on, across cuts', async (t) => {
  const opened = await start(t);
  put(opened);
  opened.registry.switches.cutDownloads.push(70_000, 0, 70_000);
  const { digest, size } = BLOB;
  const chunks = [];
  for await (const chunk of readBlobFrom(opened.session, opened.app, { digest, size, start: 1_000 }))
    chunks.push(chunk);
  assert.ok(Buffer.concat(chunks).equals(BLOB.bytes.subarray(1_000)));
});
