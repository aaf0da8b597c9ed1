import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../src/model/media-types.ts';
import { parseReference, parseRepository, withDigest } from '../../src/model/reference.ts';
import { readBlob } from '../../src/registry/blobs.ts';
import { deleteManifest, getManifest, headManifest, putManifest } from '../../src/registry/manifests.ts';
import { ping } from '../../src/registry/ping.ts';
import { pushBlobs } from '../../src/registry/push-blobs.ts';
import { listReferrers } from '../../src/registry/referrers.ts';
import { listTags } from '../../src/registry/tags.ts';
import type { RegistrySession } from '../../src/registry/types.ts';
import { startFaultProxy } from '../fake/fault-proxy.ts';
import { type RegistryProgram, startRegistry } from '../fixtures/registries.ts';
import { startTokenServer } from '../fixtures/registry-token-server.ts';
import { alice, blobOf, collect, emptyConfig, fails, manifestOf, noise, quickSession } from './harness.ts';

const mediaType = MEDIA_TYPES.manifest;
const login = { credentials: { find: async () => alice } };
const users = { alice: alice.password };

/** An image pushed, looked at, mounted into a second repository, read back, referred to. */
async function roundTrip(session: RegistrySession, host: string): Promise<void> {
  const app = parseReference(`${host}/team/app:v1`);
  const layers = [0, 1, 2, 300_000, 3_000_000].map((size) => blobOf(noise(size, host)));
  await ping(session, app.domain);
  const first = await pushBlobs(session, app, { blobs: [emptyConfig, ...layers] });
  assert.equal(first.uploaded.length, 6);
  const bytes = manifestOf(layers);
  const { digest } = await putManifest(session, app, { mediaType, bytes });
  assert.equal((await headManifest(session, app))?.digest, digest);
  assert.deepEqual((await getManifest(session, withDigest(app, digest))).bytes, bytes);
  assert.deepEqual(await listTags(session, app), ['v1']);
  const other = parseRepository(`${host}/team/other`);
  const mounted = await pushBlobs(session, other, {
    blobs: layers.map((layer) => ({ ...layer, mountFrom: [app.path] })),
  });
  // go-containerregistry's shares all blobs and mounts none.
  assert.equal(mounted.mounted.length + mounted.present.length, 5);
  assert.equal((await pushBlobs(session, other, { blobs: layers })).present.length, 5);
  for (const layer of layers) assert.deepEqual(await collect(readBlob(session, other, layer)), layer.bytes);
  const subject = { mediaType, digest, size: bytes.length };
  const signature = manifestOf([], { artifactType: 'x/signature', subject });
  const about = withDigest(app, digestOf(signature));
  await putManifest(session, about, { mediaType, bytes: signature });
  const [found] = await listReferrers(session, app, { of: digest });
  assert.equal(found?.digest, digestOf(signature));
}

const PROGRAMS: readonly RegistryProgram[] = [
  'docker-registry',
  'distribution-v3',
  'ggcr-registry',
  'compose-serve',
];

for (const program of PROGRAMS) {
  test(`${program}: everything there and back`, async (t) => {
    const registry = await startRegistry(t, { program });
    if (registry === undefined) return t.skip(`no ${program}`);
    await roundTrip(quickSession(t), registry.host);
  });
}

test('docker-registry: htpasswd', async (t) => {
  const registry = await startRegistry(t, { users });
  if (registry === undefined) return t.skip('no docker-registry');
  await roundTrip(quickSession(t, login), registry.host);
  const app = parseReference(`${registry.host}/team/app:v1`);
  await fails(getManifest(quickSession(t), app), 'AUTH', /HTTP 401 UNAUTHORIZED/);
});

test('docker-registry: TLS with its own authority and a client certificate', async (t) => {
  const registry = await startRegistry(t, { tls: 'mutual' });
  if (registry === undefined) return t.skip('no docker-registry');
  const { ca, clientCertificate: cert, clientKey: key } = registry.certificates!;
  await roundTrip(quickSession(t, { ca, cert, key }), registry.host);
  const { domain } = parseReference(`${registry.host}/a`);
  await fails(ping(quickSession(t, { retries: 0 }), domain), 'NETWORK', /certificate/);
});

test('docker-registry: tokens, by password, by identity token, for strangers', async (t) => {
  const tokens = await startTokenServer(t, { users, identityTokens: { refresh: 'alice' }, anonymous: true });
  const registry = await startRegistry(t, { tokens });
  if (registry === undefined) return t.skip('no docker-registry');
  await roundTrip(quickSession(t, login), registry.host);
  const app = parseReference(`${registry.host}/team/app:v1`);
  const identity = { find: async () => ({ kind: 'identity', token: 'refresh' }) as const };
  await pushBlobs(quickSession(t, { credentials: identity }), app, { blobs: [blobOf(noise(77))] });
  assert.ok((await getManifest(quickSession(t), app)).bytes.length > 0);
  await fails(pushBlobs(quickSession(t), app, { blobs: [blobOf(noise(78))] }), 'AUTH', /HTTP 401/);
  assert.deepEqual(
    new Set(tokens.requests.map(({ credentials }) => credentials)),
    new Set(['basic', 'refresh_token', 'none']),
  );
});

test('docker-registry: deletion on and off', async (t) => {
  for (const deletes of [true, false]) {
    const registry = await startRegistry(t, { deletes });
    if (registry === undefined) return t.skip('no docker-registry');
    const session = quickSession(t);
    const app = parseReference(`${registry.host}/team/app:v1`);
    await pushBlobs(session, app, { blobs: [emptyConfig] });
    const { digest } = await putManifest(session, app, { mediaType, bytes: manifestOf([]) });
    await fails(deleteManifest(session, app), 'UNSUPPORTED', /does not allow deleting tags/);
    const deleted = deleteManifest(session, withDigest(app, digest));
    if (deletes) assert.equal(await deleted, true);
    else await assert.rejects(deleted, /405/);
  }
});

test('docker-registry: a manifest whose blobs are not there names them', async (t) => {
  const registry = await startRegistry(t);
  if (registry === undefined) return t.skip('no docker-registry');
  const session = quickSession(t);
  const app = parseReference(`${registry.host}/team/app:v1`);
  const missing = blobOf(noise(10));
  await pushBlobs(session, app, { blobs: [emptyConfig] });
  const work = putManifest(session, app, { mediaType, bytes: manifestOf([missing]) });
  await fails(work, 'NOT_FOUND', new RegExp(missing.digest));
});

for (const seed of [1, 2]) {
  test(`docker-registry behind a bad line (${seed}): every push that can succeed does, nothing wrong is taken`, async (t) => {
    const registry = await startRegistry(t, { users });
    if (registry === undefined) return t.skip('no docker-registry');
    const proxy = await startFaultProxy(registry.url, {
      seed,
      rules: [
        { method: 'GET', path: /blobs\/sha256/, probability: 0.3, fault: { cutReplyAfterBytes: 300_000 } },
        {
          method: 'GET',
          path: /blobs\/sha256/,
          probability: 0.1,
          fault: { truncateReplyTo: 1000, contentLength: 'none' },
        },
        {
          method: ['PUT', 'PATCH'],
          path: /uploads/,
          probability: 0.3,
          fault: { cutRequestAfterBytes: 300_000 },
        },
        { method: 'PUT', path: /uploads/, times: 1, fault: { corruptRequestByte: 500 } },
        { probability: 0.05, fault: { losesReply: true } },
        { probability: 0.05, fault: { cutReplyAfterBytes: 0 } },
        { probability: 0.05, fault: { status: 500, afterServer: true } },
        { probability: 0.05, fault: { status: 502 } },
        { probability: 0.05, fault: { status: 429, replyHeaders: { 'retry-after': '0' } } },
        { probability: 0.05, fault: { dropsAuthorization: true } },
      ],
    });
    t.after(() => proxy.close());
    const session = quickSession(t, login);
    const app = parseReference(`${proxy.host}/team/app:v1`);
    const layers = Array.from({ length: 12 }, (_, n) => blobOf(noise(1000 + n * 120_000, String(n))));
    await pushBlobs(session, app, { blobs: [emptyConfig, ...layers] });
    const bytes = manifestOf(layers);
    await putManifest(session, app, { mediaType, bytes });
    assert.deepEqual((await getManifest(session, app)).bytes, bytes);
    for (const layer of layers) assert.ok((await collect(readBlob(session, app, layer))).equals(layer.bytes));
  });
}
