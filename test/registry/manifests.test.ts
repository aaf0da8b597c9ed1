import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../src/model/media-types.ts';
import { parseTagName, type Reference, withDigest, withTag } from '../../src/model/reference.ts';
import { deleteManifest, getManifest, headManifest, putManifest } from '../../src/registry/manifests.ts';
import { pushBlobs } from '../../src/registry/push-blobs.ts';
import { blobOf, emptyConfig, fails, manifestOf, noise, type Opened, put, start } from './harness.ts';

const mediaType = MEDIA_TYPES.manifest;
const v1 = parseTagName('v1');

async function withImage(opened: Opened): Promise<{ bytes: Buffer; reference: Reference }> {
  const { session, app } = opened;
  const layer = blobOf(noise(100));
  await pushBlobs(session, app, { blobs: [emptyConfig, layer] });
  const bytes = manifestOf([layer]);
  const reference = withTag(app, v1);
  await putManifest(session, reference, { mediaType, bytes });
  opened.registry.requests.length = 0;
  return { bytes, reference };
}

test('put, looked at and got, by tag and by digest', async (t) => {
  const opened = await start(t);
  const { session, registry, app } = opened;
  const { bytes, reference } = await withImage(opened);
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  for (const asked of [
    reference,
    withDigest(app, descriptor.digest),
    { ...reference, digest: descriptor.digest },
  ]) {
    assert.deepEqual(await headManifest(session, asked), descriptor);
    assert.deepEqual(await getManifest(session, asked), { descriptor, bytes });
  }
  assert.deepEqual(
    registry.asked().map((line) => line.split(/[ /]/)[0]),
    ['HEAD', 'GET', 'HEAD', 'GET', 'HEAD', 'GET'],
  );
  assert.match(
    registry.requests[0]?.headers.accept ?? '',
    /image\.manifest\.v1\+json, .*image\.index.*docker.*manifest\.v2/,
  );
});

test('what is not there is undefined, or an error with the registry’s words', async (t) => {
  const { session, app } = await start(t);
  const reference = withTag(app, v1);
  assert.equal(await headManifest(session, reference), undefined);
  await fails(
    getManifest(session, reference),
    'NOT_FOUND',
    /team\/app: no such tag: v1 \(GET manifests\/v1: HTTP 404 MANIFEST_UNKNOWN: manifest unknown\)$/,
  );
  assert.equal(await deleteManifest(session, reference), false);
});

test('by digest the tag is set too where there is one; another digest is refused before it is sent', async (t) => {
  const opened = await start(t);
  const { bytes, reference } = await withImage(opened);
  const { session, registry } = opened;
  await putManifest(session, { ...reference, digest: digestOf(bytes) }, { mediaType, bytes });
  const other = putManifest(session, { ...reference, digest: digestOf('x') }, { mediaType, bytes });
  await fails(other, 'INTEGRITY', /expected the manifest sha256:/);
  assert.deepEqual(registry.asked(), ['PUT team/app/manifests/v1']);
});

test('a manifest whose blobs are not there is explained', async (t) => {
  const { session, app } = await start(t);
  const missing = blobOf(noise(5));
  await pushBlobs(session, app, { blobs: [emptyConfig] });
  const work = putManifest(session, withTag(app, v1), { mediaType, bytes: manifestOf([missing]) });
  await fails(
    work,
    'NOT_FOUND',
    new RegExp(`blobs that it lists are not in this repository: ${missing.digest}`),
  );
});

test('Docker’s manifests are read', async (t) => {
  const { session, app, registry } = await start(t);
  const type = 'application/vnd.docker.distribution.manifest.v2+json';
  const bytes = manifestOf([], { mediaType: type });
  registry.manifests.set('team/app v1', { mediaType: `${type}; charset=utf-8`, bytes });
  assert.equal((await getManifest(session, withTag(app, v1))).descriptor.mediaType, type);
});

for (const [what, type, bytes, code, message] of [
  ['another media type', 'application/json', manifestOf([]), 'UNSUPPORTED', /got "application\/json"/],
  ['no media type', '', manifestOf([]), 'UNSUPPORTED', /got no Content-Type/],
  [
    'a page for people',
    'text/html',
    Buffer.from('<html>'),
    'UNSUPPORTED',
    /other than a JSON object|text\/html/,
  ],
  ['no JSON', mediaType, Buffer.from('{'), 'UNSUPPORTED', /other than a JSON object/],
  [
    'two types at once',
    mediaType,
    manifestOf([], { mediaType: MEDIA_TYPES.index }),
    'INTEGRITY',
    /it declares/,
  ],
  [
    'a manifest that is an index too',
    mediaType,
    manifestOf([], { manifests: [] }),
    'INTEGRITY',
    /it has manifests/,
  ],
  [
    'an index that is a manifest too',
    MEDIA_TYPES.index,
    Buffer.from('{"manifests":[],"layers":[]}'),
    'INTEGRITY',
    /it has layers/,
  ],
  ['a huge one', mediaType, Buffer.alloc(5_000_000, ' '), 'LIMIT', /limit 4194304/],
] as const) {
  test(`${what} is not taken`, async (t) => {
    const { session, app, registry } = await start(t);
    registry.manifests.set('team/app v1', { mediaType: type, bytes });
    await fails(getManifest(session, withTag(app, v1)), code, message);
  });
}

test('other bytes than the digest’s are not taken, whoever names it', async (t) => {
  const opened = await start(t);
  const { bytes, reference } = await withImage(opened);
  const { session, app, registry } = opened;
  registry.manifests.set(`team/app ${digestOf(bytes)}`, { mediaType, bytes: manifestOf([]) });
  await fails(
    getManifest(session, withDigest(app, digestOf(bytes))),
    'INTEGRITY',
    /expected the manifest sha256:/,
  );
  registry.switches.intercept = (_, response) => {
    response.writeHead(200, {
      'content-type': mediaType,
      'docker-content-digest': digestOf('x'),
      'content-length': 2,
    });
    response.end('{}');
    return true;
  };
  await fails(getManifest(session, reference), 'INTEGRITY', /expected the manifest sha256:/);
  await fails(headManifest(session, withDigest(app, digestOf(bytes))), 'INTEGRITY', /expected the manifest/);
});

test('a registry that names no digest is read for it', async (t) => {
  const opened = await start(t);
  const { bytes, reference } = await withImage(opened);
  opened.registry.switches.intercept = (request, response) => {
    response.writeHead(200, { 'content-type': mediaType, 'content-length': bytes.length });
    response.end(request.method === 'HEAD' ? '' : bytes);
    return true;
  };
  assert.equal((await headManifest(opened.session, reference))?.digest, digestOf(bytes));
});

test('a manifest that is cut is asked for again', async (t) => {
  const opened = await start(t);
  const { bytes, reference } = await withImage(opened);
  let left = 2;
  opened.registry.switches.intercept = (_, response) => {
    if (left-- <= 0) return false;
    response.writeHead(200, { 'content-type': mediaType, 'content-length': bytes.length });
    response.write(bytes.subarray(0, 10), () => response.destroy());
    return true;
  };
  assert.deepEqual((await getManifest(opened.session, reference)).bytes, bytes);
});

test('deleted by digest; tags only where the registry does that', async (t) => {
  const opened = await start(t);
  const { bytes, reference } = await withImage(opened);
  const { session, app, registry } = opened;
  assert.equal(await deleteManifest(session, withDigest(app, digestOf(bytes))), true);
  assert.equal(await deleteManifest(session, withDigest(app, digestOf(bytes))), false);
  registry.switches.deletes = false;
  put(registry, app, bytes);
  await fails(
    deleteManifest(session, reference),
    'UNSUPPORTED',
    /this registry does not allow deleting tags \(HTTP 405\)/,
  );
});

test('larger manifests than registries take are not sent', async (t) => {
  const { session, app, registry } = await start(t);
  const bytes = manifestOf([], { annotations: { x: 'y'.repeat(5_000_000) } });
  await fails(putManifest(session, withTag(app, v1), { mediaType, bytes }), 'LIMIT', /at most 4194304 bytes/);
  assert.equal(registry.requests.length, 0);
});
