import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MEDIA_TYPES } from '../../../src/model/media-types.ts';
import {
  codesOf,
  descriptorOf,
  digestOf,
  pushBlob,
  pushImage,
  pushManifest,
  startServer,
} from './harness.ts';

test('a manifest without its content is refused, and every missing part is named', async (t) => {
  const server = await startServer(t);
  await pushBlob(server, 'app', '{}');
  const [missing, elsewhere] = [
    descriptorOf('missing', MEDIA_TYPES.layerTar),
    descriptorOf('far', MEDIA_TYPES.layerTar),
  ];
  await pushBlob(server, 'other', 'far');
  const manifest = { config: descriptorOf('{}', MEDIA_TYPES.config), layers: [missing, elsewhere] };
  const { response, digest } = await pushManifest(server, 'app', { by: 'v1', manifest });
  assert.equal(response.status, 400);
  const { errors } = (await response.json()) as { errors: { code: string; detail: { digest: string }[] }[] };
  assert.equal(errors[0]?.code, 'MANIFEST_BLOB_UNKNOWN');
  assert.deepEqual(errors[0]?.detail, [{ digest: missing.digest }, { digest: elsewhere.digest }]);
  assert.equal((await server.send('GET', `/v2/app/manifests/${digest}`)).status, 404);
  const index = { mediaType: MEDIA_TYPES.index, manifests: [descriptorOf('child', MEDIA_TYPES.manifest)] };
  const refused = await pushManifest(server, 'app', { by: 'v1', manifest: index });
  assert.deepEqual(await codesOf(refused.response), ['MANIFEST_BLOB_UNKNOWN']);
});

test('layers that are distributed elsewhere may be missing', async (t) => {
  const server = await startServer(t);
  const foreign = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
  await pushImage(server, 'app', { by: 'v1', layers: [descriptorOf('far', foreign)] });
});

test('an index is stored when its manifests are; types of Docker too, and a type that only the document names', async (t) => {
  const server = await startServer(t);
  const child = await pushImage(server, 'app');
  const manifests = [{ mediaType: MEDIA_TYPES.manifest, digest: child.digest, size: child.text.length }];
  for (const mediaType of [MEDIA_TYPES.index, 'application/vnd.docker.distribution.manifest.list.v2+json']) {
    const { response } = await pushManifest(server, 'app', { by: 'v1', manifest: { mediaType, manifests } });
    assert.equal(response.status, 201);
    assert.equal((await server.send('HEAD', '/v2/app/manifests/v1')).headers.get('content-type'), mediaType);
  }
  const docker = 'application/vnd.docker.distribution.manifest.v2+json';
  await pushImage(server, 'app', { by: 'v2', mediaType: docker });
  const plain = await server.send('PUT', '/v2/app/manifests/v3', {
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ schemaVersion: 2, manifests }),
  });
  assert.equal(plain.status, 201);
  const pulled = await server.send('HEAD', '/v2/app/manifests/v3');
  assert.equal(pulled.headers.get('content-type'), MEDIA_TYPES.index);
});

test('what is not a manifest is refused with the reason', async (t) => {
  const server = await startServer(t);
  const config = descriptorOf('{}', MEDIA_TYPES.config);
  await pushBlob(server, 'app', '{}');
  const documents: readonly (readonly [string, RegExp])[] = [
    ['', /expected an object/],
    ['[]', /expected an object/],
    ['{"schemaVersion":1,"name":"x"}', /schemaVersion/],
    [JSON.stringify({ schemaVersion: 2, config, layers: [], manifests: [] }), /manifests/],
    [JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, config, layers: [] }), /Content-Type/],
    [JSON.stringify({ schemaVersion: 2, config: { ...config, digest: 'md5:x' }, layers: [] }), /digest/],
    [`{"schemaVersion":2,"config":${'['.repeat(200)}${']'.repeat(200)}}`, /nested/],
  ];
  for (const [body, message] of documents) {
    const response = await server.send('PUT', '/v2/app/manifests/v1', {
      headers: { 'content-type': MEDIA_TYPES.manifest },
      body,
    });
    assert.equal(response.status, 400, body);
    const { errors } = (await response.json()) as { errors: { code: string; message: string }[] };
    assert.equal(errors[0]?.code, 'MANIFEST_INVALID');
    assert.match(errors[0]?.message ?? '', message);
  }
});

test('a manifest of 4 MiB is stored; a larger one is refused (413)', async (t) => {
  const server = await startServer(t);
  const padding = (bytes: number) => ({ annotations: { padding: 'x'.repeat(bytes) } });
  const overhead = (await pushImage(server, 'app', padding(0))).text.length;
  await pushImage(server, 'app', { by: 'v1', ...padding(4 * 1024 ** 2 - overhead) });
  const text = `{"padding":"${'x'.repeat(4 * 1024 ** 2)}"}`;
  const refused = await server.send('PUT', '/v2/app/manifests/v2', { body: text });
  assert.equal(refused.status, 413);
});

test('tags come with the manifest, move, and go alone or with it', async (t) => {
  const server = await startServer(t);
  const first = await pushImage(server, 'app', { by: 'v1' });
  const second = await pushManifest(server, 'app', {
    manifest: { config: descriptorOf('{}', MEDIA_TYPES.config), layers: [] },
    query: '?tag=v1&tag=v1.2&tag=latest',
  });
  assert.equal(second.response.status, 201);
  assert.equal(second.response.headers.get('oci-tag'), 'v1, v1.2, latest');
  for (const tag of ['v1', 'v1.2', 'latest'])
    assert.equal(await (await server.send('GET', `/v2/app/manifests/${tag}`)).text(), second.text);
  assert.equal(
    (await server.send('GET', `/v2/app/manifests/${first.digest}`)).status,
    200,
    'stays without a tag',
  );
  assert.equal((await server.send('DELETE', '/v2/app/manifests/v1.2')).status, 202);
  assert.equal((await server.send('GET', '/v2/app/manifests/v1.2')).status, 404);
  assert.equal((await server.send('GET', `/v2/app/manifests/${second.digest}`)).status, 200);
  assert.equal((await server.send('DELETE', `/v2/app/manifests/${second.digest}`)).status, 202);
  for (const reference of ['v1', 'latest', second.digest])
    assert.equal((await server.send('GET', `/v2/app/manifests/${reference}`)).status, 404);
  const wrong = await pushManifest(server, 'app', { manifest: {}, query: '?tag=-' });
  assert.deepEqual(await codesOf(wrong.response), ['TAG_INVALID']);
});

test('a manifest under a digest of another one is refused; under sha512 it has that name', async (t) => {
  const server = await startServer(t);
  const { text } = await pushImage(server, 'app');
  const put = (digest: string) =>
    server.send('PUT', `/v2/app/manifests/${digest}?tag=long`, {
      headers: { 'content-type': MEDIA_TYPES.manifest },
      body: text,
    });
  assert.deepEqual(await codesOf(await put(digestOf('x'))), ['DIGEST_INVALID']);
  const digest = digestOf(text, 'sha512');
  assert.equal((await put(digest)).headers.get('docker-content-digest'), digest);
  const pulled = await server.send('GET', '/v2/app/manifests/long');
  assert.deepEqual([pulled.headers.get('docker-content-digest'), await pulled.text()], [digest, text]);
});

test('a blob that a manifest needs cannot be deleted; afterwards it can', async (t) => {
  const server = await startServer(t);
  const { digest } = await pushImage(server, 'app', { layer: 'needed' });
  const path = `/v2/app/blobs/${digestOf('needed')}`;
  const refused = await server.send('DELETE', path);
  assert.deepEqual([refused.status, refused.headers.get('allow')], [405, 'GET, HEAD']);
  await server.send('DELETE', `/v2/app/manifests/${digest}`);
  assert.equal((await server.send('DELETE', path)).status, 202);
  assert.equal((await server.send('GET', path)).status, 404);
});
