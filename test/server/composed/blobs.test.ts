import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { noise, small } from '../../app/harness.ts';
import { type ComposingServer, PACKAGES, startComposing } from './harness.ts';

const LARGE = noise('large', 3_000_000);

/** A server of one architecture that has composed `large`, and whose cache has lost all blobs. */
async function emptied(t: TestContext): Promise<{ server: ComposingServer; blob: string; size: number }> {
  const server = await startComposing(t, { sources: [{ architecture: 'x86_64' }] });
  const large = small('large', { files: [{ path: 'usr/' }, { path: 'usr/large', content: LARGE }] });
  server.write('x86_64', [...(PACKAGES.x86_64 ?? []), large]);
  const { layers } = await imageOf(server, 'alpine/large');
  const found = layers.find(({ size }) => size > 1_000_000);
  assert.ok(found !== undefined);
  empty(server);
  server.mirror.requests.length = 0;
  return { server, blob: found.digest, size: found.size };
}

async function imageOf(server: ComposingServer, name: string) {
  const { json } = await server.manifest(name);
  return (await server.manifest(name, json.manifests[0]?.digest)).json;
}

function empty({ directory }: ComposingServer): void {
  const folder = join(directory, 'blobs', 'sha256');
  for (const file of readdirSync(folder)) rmSync(join(folder, file));
}

const blobPath = (digest: string) => `/v2/alpine/large/blobs/${digest}`;
const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

test('a hundred clients that ask for a package that is not here cause one download', async (t) => {
  const { server, blob, size } = await emptied(t);
  const leaving = new AbortController();
  const left = fetch(`${server.url}${blobPath(blob)}`, { signal: leaving.signal }).then((r) =>
    r.body?.cancel(),
  );
  const bodies = Array.from({ length: 100 }, async () => {
    const response = await fetch(`${server.url}${blobPath(blob)}`);
    assert.equal(response.headers.get('content-length'), String(size));
    return digestOf(new Uint8Array(await response.arrayBuffer()));
  });
  await left;
  leaving.abort();
  assert.deepEqual(new Set(await Promise.all(bodies)), new Set([blob]));
  assert.equal(server.mirror.requests.filter(({ url }) => url.endsWith('.apk')).length, 1);
});

test('a part of a package that is not here', async (t) => {
  const { server, blob, size } = await emptied(t);
  const response = await fetch(`${server.url}${blobPath(blob)}`, {
    headers: { range: `bytes=${size - 10}-` },
  });
  assert.equal(response.status, 206);
  assert.equal((await response.arrayBuffer()).byteLength, 10);
});

test('wrong bytes from the mirror never arrive as a whole blob', async (t) => {
  const { server, blob } = await emptied(t);
  server.mirror.faults.set('*', { wrongBytes: true });
  await assert.rejects(async () => {
    const response = await fetch(`${server.url}${blobPath(blob)}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    assert.notEqual(response.status, 200, digestOf(bytes));
    throw new Error('refused');
  });
  server.mirror.faults.clear();
  const response = await fetch(`${server.url}${blobPath(blob)}`);
  assert.equal(digestOf(new Uint8Array(await response.arrayBuffer())), blob);
});

test('config and generated layers are made again', async (t) => {
  const { server } = await emptied(t);
  const { config, layers } = await imageOf(server, 'alpine/large');
  for (const { digest } of [config, ...layers]) {
    const response = await fetch(`${server.url}${blobPath(digest)}`);
    assert.equal(digestOf(new Uint8Array(await response.arrayBuffer())), digest);
  }
});

test('an image of packages whose facts are known needs none of their bytes', async (t) => {
  const { server } = await emptied(t);
  const { layers } = await imageOf(server, 'bare/alpine/large/lib');
  assert.ok(layers.length > 1);
  assert.equal(server.mirror.requests.filter(({ url }) => url.endsWith('/lib-1.0-r0.apk')).length, 1);
  assert.equal(server.mirror.requests.filter(({ url }) => url.includes('/large-')).length, 0);
});

test('a blob of another repository is not found', async (t) => {
  const { server, blob } = await emptied(t);
  await server.manifest('alpine/tool');
  assert.equal((await server.get(`/v2/alpine/tool/blobs/${blob}`)).status, 404);
});
