import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Descriptor } from '../../src/model/descriptor.ts';
import { type Digest, digestOf } from '../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../src/model/media-types.ts';
import { parseTagName, withDigest, withTag } from '../../src/model/reference.ts';
import { deleteManifest, putManifest } from '../../src/registry/manifests.ts';
import { pushBlobs } from '../../src/registry/push-blobs.ts';
import { listReferrers } from '../../src/registry/referrers.ts';
import { listTags } from '../../src/registry/tags.ts';
import { emptyConfig, fails, manifestOf, type Opened, quickSession, start } from './harness.ts';

const mediaType = MEDIA_TYPES.manifest;
const subject = { mediaType, digest: digestOf('the subject'), size: 11 };
const fallback = `team/app ${subject.digest.replace(':', '-')}`;

function withTags({ registry }: Opened, names: readonly string[]): void {
  for (const name of names) registry.manifests.set(`team/app ${name}`, { mediaType, bytes: manifestOf([]) });
}

for (const pageSize of [0, 1, 3, 1000]) {
  test(`tags in pages of ${pageSize}`, async (t) => {
    const opened = await start(t, { pageSize });
    withTags(opened, ['b', 'a', 'c', 'v1.0', 'V1', '_', '0']);
    assert.deepEqual(await listTags(opened.session, opened.app), ['0', 'V1', '_', 'a', 'b', 'c', 'v1.0']);
    assert.equal(opened.registry.asked()[0], 'GET team/app/tags/list?n=1000');
  });
}

test('a repository that is not there has no tags, one that is empty has none', async (t) => {
  const { registry, session, app } = await start(t);
  await fails(listTags(session, app), 'NOT_FOUND', /HTTP 404 NAME_UNKNOWN/);
  registry.switches.intercept = (_, response) => {
    response.end('{"name":"team/app","tags":null}');
    return true;
  };
  assert.deepEqual(await listTags(session, app), []);
});

for (const [what, body, link, code, message] of [
  [
    'pages that go round',
    '{"tags":["a"]}',
    '</v2/team/app/tags/list?x=1>; rel="next"',
    'NETWORK',
    /form a loop/,
  ],
  [
    'a page elsewhere',
    '{"tags":["a"]}',
    '<http://127.0.0.1:1/x>; rel="next"',
    'NETWORK',
    /on another server/,
  ],
  [
    'a page in a file',
    '{"tags":["a"]}',
    '<file:///etc/passwd>; rel="next"',
    'NETWORK',
    /not an http or https URL/,
  ],
  ['tags that are none', '{"tags":["a\\nb"]}', '', 'UNSUPPORTED', /a list of tags/],
  ['a number', '{"tags":[1]}', '', 'UNSUPPORTED', /a list of tags/],
  ['no JSON', '<html>', '', 'UNSUPPORTED', /a list of tags/],
  ['null', 'null', '', 'UNSUPPORTED', /a list of tags/],
  ['a page without end', ' '.repeat(17_000_000), '', 'LIMIT', /limit 16777216/],
] as const) {
  test(`a list of tags: ${what} is not taken`, async (t) => {
    const { registry, session, app } = await start(t);
    registry.switches.intercept = (_, response) => {
      response.writeHead(200, link === '' ? {} : { link }).end(body);
      return true;
    };
    await fails(listTags(session, app), code, message);
  });
}

async function attach({ session, app }: Opened, artifactType: string, note = ''): Promise<Digest> {
  const bytes = manifestOf([], { artifactType, subject, annotations: { note } });
  const { digest } = await putManifest(session, withDigest(app, digestOf(bytes)), { mediaType, bytes });
  return digest;
}

for (const [referrers, pageSize] of [
  [true, 0],
  [true, 1],
  [false, 0],
] as const) {
  test(`referrers ${referrers ? `of the registry, pages of ${pageSize}` : 'by the fallback tag'}`, async (t) => {
    const opened = await start(t, { referrers, pageSize });
    const { session, app, registry } = opened;
    await pushBlobs(session, app, { blobs: [emptyConfig] });
    assert.deepEqual(await listReferrers(session, app, { of: subject.digest }), []);
    const signature = await attach(opened, 'x/signature');
    const sbom = await attach(opened, 'x/sbom');
    await attach(opened, 'x/sbom');
    const digests = (list: readonly Descriptor[]): readonly string[] =>
      list.map(({ digest }) => digest).sort();
    assert.deepEqual(
      digests(await listReferrers(session, app, { of: subject.digest })),
      [signature, sbom].sort(),
    );
    const [only] = await listReferrers(session, app, { of: subject.digest, artifactType: 'x/sbom' });
    assert.equal(only?.digest, sbom);
    assert.equal(only?.artifactType, 'x/sbom');
    assert.equal(registry.manifests.has(fallback), !referrers);
    assert.equal(await deleteManifest(session, withDigest(app, sbom)), true);
    assert.deepEqual(digests(await listReferrers(session, app, { of: subject.digest })), [signature]);
  });
}

test('all that an index says of a referrer is told', async (t) => {
  const { session, app, registry } = await start(t);
  const plain = { mediaType: MEDIA_TYPES.manifest, digest: digestOf('plain'), size: 3 };
  const full = {
    ...plain,
    digest: digestOf('full'),
    annotations: { 'a.b': 'c' },
    platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
    artifactType: 'x/sbom',
  };
  registry.switches.intercept = (request, response) => {
    if (!request.url?.includes('/referrers/')) return false;
    response.writeHead(200, { 'content-type': MEDIA_TYPES.index });
    response.end(JSON.stringify({ schemaVersion: 2, manifests: [plain, full] }));
    return true;
  };
  assert.deepEqual(await listReferrers(session, app, { of: subject.digest }), [plain, full]);
});

test('many that attach at once are all in the list, from one process and from several', async (t) => {
  const opened = await start(t, { referrers: false });
  const { session, app, registry } = opened;
  await pushBlobs(session, app, { blobs: [emptyConfig] });
  const digests = await Promise.all(
    Array.from({ length: 12 }, (_, n) => attach(opened, 'x/sbom', String(n))),
  );
  const found = await listReferrers(session, app, { of: subject.digest });
  assert.deepEqual(found.map(({ digest }) => digest).sort(), digests.sort());

  // Another client that read before us and writes after us: ours is lost, and written again.
  let left = 1;
  const before = registry.manifests.get(fallback)!;
  registry.switches.intercept = (request) => {
    if (
      request.method === 'GET' &&
      request.url?.includes('manifests/sha256-') &&
      registry.manifests.get(fallback) !== before &&
      left-- > 0
    ) {
      registry.manifests.set(fallback, before);
    }
    return false;
  };
  const late = await attach(opened, 'x/late');
  assert.ok(
    (await listReferrers(session, app, { of: subject.digest })).some(({ digest }) => digest === late),
  );
  assert.ok(left <= 0);
});

test('a fallback tag that is something else is not overwritten', async (t) => {
  const opened = await start(t, { referrers: false });
  const { session, app, registry } = opened;
  await pushBlobs(session, app, { blobs: [emptyConfig] });
  registry.manifests.set(fallback, { mediaType, bytes: manifestOf([]) });
  await fails(attach(opened, 'x/sbom'), 'INTEGRITY', /expected a document of type .*index/);
});

test('a page for people instead of the referrers API means that there is none', async (t) => {
  const opened = await start(t, { referrers: false });
  opened.registry.switches.intercept = (request, response) => {
    if (!request.url?.includes('/referrers/')) return false;
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    return true;
  };
  assert.deepEqual(await listReferrers(opened.session, opened.app, { of: subject.digest }), []);
});

test('descriptors that are none are not taken', async (t) => {
  for (const item of [
    '{}',
    '5',
    '{"mediaType":"x/y\\r\\n","digest":"sha256:0","size":1}',
    '{"mediaType":"x/y","size":-1}',
  ]) {
    const { registry, session, app } = await start(t);
    registry.switches.intercept = (_, response) => {
      response.writeHead(200, { 'content-type': MEDIA_TYPES.index }).end(`{"manifests":[${item}]}`);
      return true;
    };
    await fails(listReferrers(session, app, { of: subject.digest }), 'UNSUPPORTED', /expected /);
  }
});

test('tags are read with a session of its own', async (t) => {
  const opened = await start(t);
  withTags(opened, ['a']);
  const session = quickSession(t);
  assert.deepEqual(await listTags(session, withTag(opened.app, parseTagName('a'))), ['a']);
});
