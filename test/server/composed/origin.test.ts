import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { small } from '../../app/harness.ts';
import { folderOf, PACKAGES, startComposing } from './harness.ts';

test('a name is an image for every architecture, which can be pulled whole', async (t) => {
  const server = await startComposing(t);
  const head = await server.get('/v2/alpine/tool/manifests/latest', { method: 'HEAD' });
  assert.equal(head.status, 200, head.body);
  const digest = head.headers.get('docker-content-digest') ?? '';
  const index = await server.manifest('alpine/tool', digest);
  assert.equal(index.json.mediaType, 'application/vnd.oci.image.index.v1+json');
  assert.deepEqual(
    index.json.manifests.map(({ platform }) => platform),
    [
      { architecture: 'amd64', os: 'linux' },
      { architecture: 'arm64', os: 'linux' },
    ],
  );
  for (const { digest: image } of index.json.manifests) {
    const manifest = await server.manifest('alpine/tool', image);
    assert.equal(manifest.json.layers.length, 3);
    for (const blob of [manifest.json.config, ...manifest.json.layers]) {
      const response = await fetch(`${server.url}/v2/alpine/tool/blobs/${blob.digest}`);
      const bytes = Buffer.from(await response.arrayBuffer());
      assert.equal(bytes.length, blob.size);
      assert.equal(`sha256:${createHash('sha256').update(bytes).digest('hex')}`, blob.digest);
    }
  }
});

test('the order of the packages, a repetition, and how they are written do not matter', async (t) => {
  const server = await startComposing(t);
  const names = [
    'tool/libc__2b2b',
    'libc__2b2b/tool',
    'libcxx/tool',
    'tool/tool/libcxx',
    'v3.19/tool/libcxx',
  ];
  const digests = new Set<string>();
  for (const name of names) digests.add((await server.manifest(`alpine/${name}`)).digest);
  assert.equal(digests.size, 1);
  assert.match([...digests][0] ?? '', /^sha256:/);
});

test('the same name has the same digest after a restart, without being composed again', async (t) => {
  const first = await startComposing(t);
  const { digest } = await first.manifest('alpine/tool');
  // What was composed is written down soon after it was answered.
  await first.stored.writer.run('useBlob', { repository: '', digest: digest as never });
  const again = await startComposing(t, { folder: folderOf(first), mirror: first.mirror });
  const ran: string[] = [];
  const { run } = again.pool;
  again.pool.run = (name, ...rest) => {
    ran.push(name);
    return run(name, ...rest);
  };
  assert.equal((await again.manifest('alpine/tool')).digest, digest);
  assert.deepEqual(ran, ['sourceState']);
});

test('an architecture that lacks a package is left out, and the index says why', async (t) => {
  const server = await startComposing(t);
  const { json } = await server.manifest('alpine/intel');
  assert.deepEqual(
    json.manifests.map(({ platform }) => platform.architecture),
    ['amd64'],
  );
  assert.deepEqual(json.annotations, { 'dev.pkgcompose.left-out': 'aarch64: no such package: intel' });
});

const REFUSED = [
  ['alpine/tol', 'latest', /^alpine: no such package: tol\. Did you mean tool\?$/],
  ['alpine/tool/rival', 'latest', /rival.*tool/],
  ['alpine/tool', '9.9-r9', /^tool has no version 9\.9-r9 in alpine v3\.19; tags are latest, 1\.0-r0, r-/],
  ['alpine/tool', `r-${'0'.repeat(32)}`, /has no tag r-0{32}; the packages are now r-[0-9a-f]{32}$/],
  ['alpine/v3.99/tool', 'latest', /^alpine v3\.99 is not served here; served: v3\.19, latest-stable, edge$/],
  ['alpine/v3.19/tool', 'edge', /^alpine\/v3\.19\/tool is of v3\.19; pull alpine\/edge\/tool for edge$/],
  ['alpine/tool__zz', 'latest', /hexadecimal/],
  ['bare/alpine', 'latest', /expected package names/],
  ['arch/tool', 'latest', /^arch is not served here; served are alpine$/],
  [
    'debian/tool',
    'latest',
    /^debian\/tool has no tag latest, and images are composed of alpine only: alpine\/PACKAGE$/,
  ],
] as const;

test('what cannot be composed is not found, with the reason', async (t) => {
  const server = await startComposing(t);
  for (const [name, tag, message] of REFUSED) {
    const { status, json } = await server.manifest(name, tag);
    assert.equal(status, 404, name);
    assert.match(json.errors?.[0]?.message ?? '', message);
  }
});

test('tags: the newest, releases, the version, the set', async (t) => {
  const server = await startComposing(t);
  const { digest } = await server.manifest('alpine/other/tool');
  const { body } = await server.get('/v2/alpine/other/tool/tags/list');
  const { tags } = JSON.parse(body) as { tags: readonly string[] };
  const [set = '', ...others] = tags.toSorted(
    (a, b) => Number(b.startsWith('r-')) - Number(a.startsWith('r-')),
  );
  assert.match(set, /^r-[0-9a-f]{32}$/);
  assert.deepEqual(others, ['2.0-r1', 'edge', 'latest', 'latest-stable', 'v3.19']);
  for (const tag of ['2.0-r1', 'latest', 'v3.19', '3.19', set])
    assert.equal((await server.manifest('alpine/other/tool', tag)).digest, digest, tag);
  assert.equal((await server.get('/v2/alpine/oter/tags/list')).status, 404);
});

test('what was served stays, also when the index has moved on', async (t) => {
  const server = await startComposing(t);
  const before = await server.manifest('alpine/other');
  const tags = JSON.parse((await server.get('/v2/alpine/other/tags/list')).body).tags as readonly string[];
  const set = tags.find((tag) => tag.startsWith('r-')) ?? '';
  for (const [arch, packages] of Object.entries(PACKAGES))
    server.write(
      arch,
      packages.map((spec) => (spec.name === 'other' ? small('other', { version: '2.1-r0' }) : spec)),
    );
  await server.composed.refresh();
  const after = await server.manifest('alpine/other');
  assert.notEqual(after.digest, before.digest);
  assert.equal((await server.manifest('alpine/other', '2.1-r0')).digest, after.digest);
  for (const reference of [before.digest, set, '2.0-r1'])
    assert.equal((await server.manifest('alpine/other', reference)).digest, before.digest);
});

test('the bare set is another image than the one with a base', async (t) => {
  const server = await startComposing(t);
  const named = await server.manifest('alpine/tool');
  // The server's own base is none.
  assert.equal((await server.manifest('bare/alpine/tool')).digest, named.digest);
});

test('many clients that ask for one new name have it composed once', async (t) => {
  const server = await startComposing(t);
  await server.manifest('alpine/lib');
  const { writer } = server.stored;
  const written: unknown[] = [];
  const { run } = writer;
  writer.run = (name, request) => {
    written.push(request);
    return run.call(writer, name, request) as never;
  };
  const answers = await Promise.all(Array.from({ length: 50 }, () => server.manifest('alpine/tool/other')));
  assert.equal(new Set(answers.map(({ digest }) => digest)).size, 1);
  assert.equal(written.length, 3);
});

test('who may not have images composed gets those that are there', async (t) => {
  const server = await startComposing(t);
  const { digest } = await server.manifest('alpine/tool');
  const asker = {
    address: '127.0.0.1',
    identity: { name: '', may: (action: string) => action !== 'compose' },
    signal: new AbortController().signal,
  };
  const { origin } = server.composed;
  assert.equal((await origin.manifest('alpine/tool', { tag: 'latest' }, asker))?.digest, digest);
  await assert.rejects(async () => origin.manifest('alpine/other', { tag: 'latest' }, asker), {
    status: 403,
  });
});

test('composed images are among the repositories, for those who may pull them', async (t) => {
  const isHidden = { value: false };
  const server = await startComposing(t, {
    may: (_, repository) => !isHidden.value || repository !== 'alpine/other',
  });
  for (const name of ['alpine/tool', 'alpine/other', 'alpine/none'])
    await server.get(`/v2/${name}/manifests/latest`);
  // What was composed is written down soon after it was answered.
  await server.composed.close();
  const listed = async () => JSON.parse((await server.get('/v2/_catalog')).body).repositories;
  assert.deepEqual(await listed(), ['alpine/other', 'alpine/tool'], 'not what could not be composed');
  isHidden.value = true;
  assert.deepEqual(await listed(), ['alpine/tool']);
});
