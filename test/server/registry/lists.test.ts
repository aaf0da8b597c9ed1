import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Digest } from '../../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../../src/model/media-types.ts';
import { codesOf, digestOf, pushImage, startServer, type TestServer } from './harness.ts';

async function json<T>(
  server: TestServer,
  path: string,
): Promise<{ readonly value: T; readonly link: string | null }> {
  const response = await server.send('GET', path);
  assert.equal(response.status, 200, path);
  return { value: (await response.json()) as T, link: response.headers.get('link') };
}

/** Follows the links, and returns what each page has. */
async function pages<T>(server: TestServer, path: string, field: string): Promise<readonly (readonly T[])[]> {
  const found: (readonly T[])[] = [];
  for (let next: string | undefined = path; next !== undefined; ) {
    const { value, link }: { value: Record<string, readonly T[]>; link: string | null } = await json(
      server,
      next,
    );
    found.push(value[field] ?? []);
    next = link === null ? undefined : /^<([^>]+)>; rel="next"$/.exec(link)?.[1];
  }
  return found;
}

test('tags are listed in the order of their bytes, in pages', async (t) => {
  const server = await startServer(t);
  for (const by of ['b', 'a', 'B', '1.10', '1.9', '_x']) await pushImage(server, 'team/app', { by });
  const all = ['1.10', '1.9', 'B', '_x', 'a', 'b'];
  const { value, link } = await json(server, '/v2/team/app/tags/list');
  assert.deepEqual([value, link], [{ name: 'team/app', tags: all }, null]);
  assert.deepEqual(await pages(server, '/v2/team/app/tags/list?n=4', 'tags'), [
    all.slice(0, 4),
    all.slice(4),
  ]);
  assert.deepEqual(await pages(server, '/v2/team/app/tags/list?n=6', 'tags'), [all]);
  assert.deepEqual(await pages(server, '/v2/team/app/tags/list?n=0', 'tags'), [[]]);
  assert.deepEqual(await pages(server, '/v2/team/app/tags/list?last=_x', 'tags'), [['a', 'b']]);
  assert.deepEqual(await pages(server, '/v2/team/app/tags/list?n=1&last=_y', 'tags'), [['a'], ['b']]);
  const refused = await server.send('GET', '/v2/team/app/tags/list?n=x');
  assert.deepEqual([refused.status, await codesOf(refused)], [400, ['PAGINATION_NUMBER_INVALID']]);
  for (const tag of all) await server.send('DELETE', `/v2/team/app/manifests/${tag}`);
  assert.deepEqual((await json(server, '/v2/team/app/tags/list')).value, { name: 'team/app', tags: [] });
});

test('repositories are listed in pages, those that the client may pull from', async (t) => {
  const server = await startServer(t, { may: (_, repository) => !repository.startsWith('private') });
  for (const repository of ['c', 'a', 'private/b', 'a/b']) await pushImage(server, repository);
  assert.deepEqual(await pages(server, '/v2/_catalog', 'repositories'), [['a', 'a/b', 'c']]);
  assert.deepEqual(await pages(server, '/v2/_catalog?n=2', 'repositories'), [['a', 'a/b'], ['c']]);
  assert.deepEqual(await pages(server, '/v2/_catalog?n=0', 'repositories'), [[]]);
});

test('a client that may pull little out of many repositories gets a whole page of it', async (t) => {
  const server = await startServer(t, { may: (_, repository) => !repository.startsWith('hidden') });
  const { writer } = server.stored;
  const image = {
    mediaType: MEDIA_TYPES.manifest,
    digest: digestOf('{}') as Digest,
    bytes: Buffer.from('{}'),
  };
  const put = (repository: string) =>
    writer.run('recordComposed', {
      ...{ repository, identity: 'x', subject: '', referrer: '', tags: ['latest'], blobs: [], manifests: [] },
      ...image,
    });
  await Promise.all(['a', 'z', ...Array.from({ length: 2500 }, (_, at) => `hidden/${at}`)].map(put));
  assert.deepEqual(await pages(server, '/v2/_catalog?n=1', 'repositories'), [['a'], ['z']]);
});

test('tags of all origins are joined', async (t) => {
  const server = await startServer(t);
  await pushImage(server, 'app', { by: 'b' });
  const other = {
    manifest: () => undefined,
    blob: () => undefined,
    tags: async (repository: string) => (repository === 'app' ? ['a', 'b', 'c'] : undefined),
  };
  const both = await startServer(t, { origins: [server.stored, other] });
  assert.deepEqual((await json(both, '/v2/app/tags/list')).value, { name: 'app', tags: ['a', 'b', 'c'] });
});

test('referrers are listed with type and annotations, before and after their subject, by type if asked for', async (t) => {
  const server = await startServer(t);
  const subject = { mediaType: MEDIA_TYPES.manifest, digest: digestOf('not pushed yet'), size: 14 };
  const path = `/v2/app/referrers/${subject.digest}`;
  assert.deepEqual((await json<{ manifests: unknown[] }>(server, path)).value.manifests, []);
  const annotations = { 'org.example': 'yes' };
  const sbom = await pushImage(server, 'app', { subject, artifactType: 'application/x.sbom', annotations });
  assert.equal(sbom.response.headers.get('oci-subject'), subject.digest);
  const plain = await pushImage(server, 'app', { subject });
  await pushImage(server, 'other', { subject });
  const response = await server.send('GET', path);
  assert.equal(response.headers.get('content-type'), MEDIA_TYPES.index);
  const { mediaType, manifests } = (await response.json()) as {
    mediaType: string;
    manifests: { digest: string }[];
  };
  assert.equal(mediaType, MEDIA_TYPES.index);
  const expected = [
    {
      mediaType: MEDIA_TYPES.manifest,
      digest: sbom.digest,
      size: sbom.text.length,
      artifactType: 'application/x.sbom',
      annotations,
    },
    {
      mediaType: MEDIA_TYPES.manifest,
      digest: plain.digest,
      size: plain.text.length,
      artifactType: MEDIA_TYPES.config,
    },
  ].sort((a, b) => (a.digest < b.digest ? -1 : 1));
  assert.deepEqual(manifests, expected);
  const filtered = await server.send('GET', `${path}?artifactType=application/x.sbom`);
  assert.equal(filtered.headers.get('oci-filters-applied'), 'artifactType');
  const found = (await filtered.json()) as { manifests: { digest: string }[] };
  assert.deepEqual(
    found.manifests.map(({ digest }) => digest),
    [sbom.digest],
  );
  await server.send('DELETE', `/v2/app/manifests/${sbom.digest}`);
  assert.deepEqual((await json<{ manifests: { digest: string }[] }>(server, path)).value.manifests, [
    expected.find(({ digest }) => digest === plain.digest),
  ]);
});

test('a list of referrers that no client would take in one piece comes in pages', async (t) => {
  const server = await startServer(t);
  const subject = { mediaType: MEDIA_TYPES.manifest, digest: digestOf('subject'), size: 7 };
  const digests: string[] = [];
  for (let index = 0; index < 3; index++) {
    const annotations = { large: String(index).repeat(2 * 1024 ** 2) };
    digests.push((await pushImage(server, 'app', { subject, annotations })).digest);
  }
  const found = await pages<{ digest: string }>(server, `/v2/app/referrers/${subject.digest}`, 'manifests');
  assert.equal(found.length, 3);
  assert.deepEqual(
    found.flat().map(({ digest }) => digest),
    digests.sort(),
  );
});

test('the images that have a layer are found, each once', async (t) => {
  const server = await startServer(t);
  for (const repository of ['a/one', 'b/two'])
    for (const by of ['v1', 'v2'])
      await pushImage(server, repository, { by, layer: 'shared', annotations: { by } });
  const digest = digestOf('shared') as Digest;
  const { content } = server.stored;
  assert.deepEqual(content.imagesWith(digest, 10).toSorted(), ['a/one', 'b/two']);
  assert.equal(content.imagesWith(digest, 1).length, 1);
});
