import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { digestOf } from '../../../src/model/digest.ts';
import type { Origin } from '../../../src/server/content.ts';
import { parseFilePattern } from '../../../src/server/gateway/file-repositories.ts';
import { type Artifacts, startArtifacts } from '../../app/artifact/artifact-harness.ts';
import { noise } from '../../app/harness.ts';
import { startGateway, type TestServer } from './gateway-harness.ts';

const BIG = noise('big', 700_000);
const FILES: Readonly<Record<string, string | Buffer>> = {
  'repodata/repomd.xml': '<repomd/>',
  'repodata/1-primary.xml.gz': 'primary',
  'Packages/a-1.0-1.noarch.rpm': 'an rpm',
  'Packages/big+x.rpm': BIG,
};

/** A repository `dist/hello:1` of those files, and a server that may read `dist/*`. */
async function served(t: TestContext, more: { nowMs?: () => number; files?: readonly string[] } = {}) {
  const artifacts = await startArtifacts(t);
  const { host } = artifacts.registry;
  const server = await startGateway(t, [], { files: [`${host}/dist/*`], ...more });
  await pushed(artifacts, FILES, '1');
  artifacts.registry.requests.length = 0;
  return { ...artifacts, server, host, root: `/files/${host}/dist/hello:1` };
}

async function pushed(
  { push, folder, name }: Artifacts,
  files: Readonly<Record<string, string | Buffer>>,
  tag: string,
): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const before = process.cwd();
  process.chdir(folder);
  try {
    const { digest } = await push({ reference: `${name}:${tag}`, files: Object.keys(files) });
    return digest;
  } finally {
    process.chdir(before);
  }
}

const names = async (server: TestServer, path: string): Promise<readonly string[]> =>
  ((await server.json(path)) as { entries: { name: string }[] }).entries.map(({ name }) => name);

test('the files of an artifact are a tree: metadata first, packages when they are asked for, each fetched once', async (t) => {
  const { server, root, registry } = await served(t);
  assert.equal(await server.text(`${root}/repodata/repomd.xml`), '<repomd/>');
  const blobs = () => registry.asked().filter((line) => line.includes('/blobs/'));
  assert.equal(blobs().length, 1);
  const many = await Promise.all(
    Array.from({ length: 20 }, () => server.get(`${root}/Packages/big%2Bx.rpm`)),
  );
  assert.ok(many.every(({ body }) => body.equals(BIG)));
  assert.equal(blobs().length, 2);
  const manifests = registry.asked().filter((line) => line.startsWith('GET') && line.includes('/manifests/'));
  assert.equal(manifests.length, 1);
});

test('HEAD, ranges and conditions are those of the file', async (t) => {
  const { server, root, registry } = await served(t);
  const path = `${root}/Packages/big%2Bx.rpm`;
  const head = await server.get(path, {}, 'HEAD');
  const etag = `"${digestOf(BIG)}"`;
  assert.deepEqual(
    [head.status, head.headers['content-length'], head.headers.etag, head.headers['content-type']],
    [200, String(BIG.length), etag, 'application/x-rpm'],
  );
  assert.ok(!registry.asked().some((line) => line.includes('/blobs/')));
  const part = await server.get(path, { range: 'bytes=100-199' });
  assert.deepEqual([part.status, part.body], [206, BIG.subarray(100, 200)]);
  assert.equal((await server.get(path, { 'if-none-match': etag })).status, 304);
  assert.equal((await server.get(path, { range: 'bytes=900000-' })).status, 416);
  assert.equal((await server.get(path, {}, 'DELETE')).status, 405);
});

test('folders are listed as HTML and JSON, whatever their files are called', async (t) => {
  const { server, root, folder, push, name } = await served(t);
  assert.deepEqual(await names(server, `${root}/`), ['Packages', 'repodata']);
  assert.deepEqual(await names(server, `${root}/repodata/`), ['1-primary.xml.gz', 'repomd.xml']);
  const moved = await server.get(root);
  assert.deepEqual([moved.status, moved.headers.location], [301, './hello:1/']);
  assert.equal((await server.get(`${root}/Packages`)).status, 301);
  writeFileSync(join(folder, '<script>"&.txt'), 'x');
  process.chdir(folder);
  await push({ reference: `${name}:odd`, files: ['<script>"&.txt'] });
  process.chdir('/');
  const page = await server.text(`${root.replace(/1$/, 'odd')}/`);
  assert.ok(!page.includes('<script>') && page.includes('&#60;script&#62;'));
  assert.match(await server.text('/files/'), /dist\/\*/);
});

test('only what the configuration names is read', async (t) => {
  const { server, host, registry } = await served(t);
  registry.requests.length = 0;
  for (const [path, status] of [
    [`/files/${host}/other/hello:1/x`, 403],
    [`/files/${host}/dist/deep/hello:1/x`, 403],
    ['/files/127.0.0.1:1/dist/hello:1/x', 403],
    ['/files/169.254.169.254/dist/hello:1/x', 403],
    [`/files/${host}/dist/hello/x`, 404],
    [`/files/${host}/dist/Hello:1/x`, 404],
    [`/files/${host}/dist/hello:..%2f..%2fx/x`, 400],
    [`/files/${host}/dist/..%2fother%2fhello:1/x`, 400],
    [`/files/${host}/dist/hello@sha256:12/x`, 404],
    ['/files/-/dist/hello:1/x', 404],
  ] as const)
    assert.equal((await server.get(path)).status, status, path);
  assert.deepEqual(registry.asked(), []);
  assert.match(await server.text(`/files/${host}/other/hello:1/x`), /not among the repositories.*dist\/\*/);
});

test('a moved tag is followed, and clients of the generation before find its files', async (t) => {
  let nowMs = 1_000_000;
  const { server, root, host, ...artifacts } = await served(t, { nowMs: () => nowMs });
  const before = await server.get(`${root}/repodata/repomd.xml`);
  await pushed(artifacts, { 'repodata/repomd.xml': '<new/>', 'repodata/2-primary.xml.gz': 'second' }, '1');
  assert.equal(await server.text(`${root}/repodata/repomd.xml`), '<repomd/>', 'not asked again at once');
  nowMs += 10_000;
  assert.equal(await server.text(`${root}/repodata/repomd.xml`), '<new/>');
  assert.equal(await server.text(`${root}/repodata/1-primary.xml.gz`), 'primary');
  assert.equal(await server.text(`${root}/repodata/2-primary.xml.gz`), 'second');
  const pinned = String(before.headers['content-location']);
  assert.match(pinned, /\/dist\/hello@sha256:[0-9a-f]{64}\/repodata\/repomd\.xml$/);
  const again = await server.get(pinned);
  assert.equal(again.body.toString(), '<repomd/>');
  assert.match(String(again.headers['cache-control']), /immutable/);
  assert.equal((await server.get(pinned.replace('repomd.xml', '2-primary.xml.gz'))).status, 404);
  nowMs += 3_700_000;
  await server.text(`${root}/repodata/repomd.xml`);
  assert.equal((await server.get(`${root}/repodata/1-primary.xml.gz`)).status, 404);
});

test('a registry that is gone leaves what has been read', async (t) => {
  let nowMs = 1_000_000;
  const { server, root, registry } = await served(t, { nowMs: () => nowMs });
  await server.text(`${root}/repodata/repomd.xml`);
  await registry.close();
  nowMs += 60_000;
  assert.equal(await server.text(`${root}/repodata/repomd.xml`), '<repomd/>');
  const { status, body } = await server.get(`${root.replace(/1$/, 'other')}/x`);
  assert.equal(status, 502, body.toString());
});

test('files with a tag each are found by their tag, their title or their name', async (t) => {
  const { server, host, ...artifacts } = await served(t);
  await pushed(artifacts, { 'foo-1.tar.gz': 'foo' }, 'foo-1.tar.gz');
  await pushed(artifacts, { 'pool/c++_1%3a2.deb': 'deb' }, 'c__-1');
  await pushed(artifacts, { 'Packages/late.rpm': 'late' }, 'late.rpm');
  const root = `/files/${host}/dist/hello:1`;
  assert.equal(
    await server.text(`${root}/Packages/late.rpm`),
    'late',
    'beside the artifact with the metadata',
  );
  const bare = await startGateway(t, [], { files: [`${host}/dist/hello`] });
  assert.equal(await bare.text(`/files/${host}/dist/hello/distfiles/foo-1.tar.gz`), 'foo');
  assert.equal(await bare.text(`/files/${host}/dist/hello/pool/c%2B%2B_1%253a2.deb`), 'deb');
  assert.deepEqual(await names(bare, `/files/${host}/dist/hello/`), ['Packages', 'foo-1.tar.gz', 'pool']);
  const { status, body } = await bare.get(`/files/${host}/dist/hello/nothing`);
  assert.deepEqual([status, /foo-1\.tar\.gz/.test(body.toString())], [404, true]);
});

test('a repository of more tags than are looked through is not looked through', async (t) => {
  const { server, host, registry, ...artifacts } = await served(t);
  await pushed({ registry, ...artifacts }, { 'foo.rpm': 'foo' }, 'foo.rpm');
  const [some] = [...registry.manifests].find(([key]) => key.endsWith(' foo.rpm')) ?? [];
  const manifest = registry.manifests.get(some as string);
  for (let index = 0; index < 2_500; index++)
    registry.manifests.set(`dist/hello t${index}`, manifest as NonNullable<typeof manifest>);
  registry.requests.length = 0;
  const root = `/files/${host}/dist/hello:1`;
  assert.equal((await server.get(`${root}/bar.rpm`)).status, 404);
  assert.ok(registry.requests.length < 10, String(registry.requests.length));
  assert.equal(await server.text(`${root}/foo.rpm`), 'foo');
});

test('titles that lead elsewhere are left out', async (t) => {
  const { server, manifest, host } = await served(t);
  const layer = (title: string, text = title) => ({ title, bytes: Buffer.from(text) });
  manifest([
    layer('../../etc/passwd'),
    layer('/etc/passwd'),
    layer('a/../../b'),
    layer('ok/file', 'fine'),
    layer('ok', 'a file where a folder is'),
    layer('nul\u0000'),
  ]);
  const root = `/files/${host}/dist/hello:1`;
  const { entries, notes } = (await server.json(`${root}/`)) as { entries: unknown[]; notes: string[] };
  assert.deepEqual([entries.length, notes.length], [1, 1]);
  assert.match(notes[0] ?? '', /files have names that cannot be served/);
  assert.equal(await server.text(`${root}/ok/file`), 'fine');
  assert.notEqual((await server.get(`${root}/..%2f..%2fetc/passwd`)).status, 200);
});

test('a registry that lies about a blob is found out before its last byte', async (t) => {
  const { server, manifest, host, registry } = await served(t);
  const wrong = Buffer.from(BIG).reverse();
  const digest = manifest([{ title: 'big', digest: digestOf(BIG), size: BIG.length }]);
  assert.ok(digest);
  registry.blobs.set(`dist/hello ${digestOf(BIG)}`, wrong);
  const root = `/files/${host}/dist/hello:1`;
  const { cut, body } = await server.get(`${root}/big`);
  assert.ok(cut && body.length < BIG.length);
  registry.blobs.set(`dist/hello ${digestOf(BIG)}`, BIG);
  assert.ok((await server.get(`${root}/big`)).body.equals(BIG));
  manifest([{ title: 'small', digest: digestOf('small'), size: 5 }]);
  registry.blobs.set(`dist/hello ${digestOf('small')}`, Buffer.from('other'));
  const other = await startGateway(t, [], { files: [`${host}/dist/*`] });
  const small = await other.get(`${root}/small`);
  assert.equal(small.status, 502, small.body.toString());
});

test('a cut transfer from the registry is resumed', async (t) => {
  const { server, root, registry } = await served(t);
  registry.switches.cutDownloads.push(300_000);
  assert.ok((await server.get(`${root}/Packages/big%2Bx.rpm`)).body.equals(BIG));
});

test('an archive of a folder is one file, and says so below it', async (t) => {
  const { server, host, push, folder, name } = await served(t);
  mkdirSync(join(folder, 'dir'));
  writeFileSync(join(folder, 'dir/f'), 'x');
  process.chdir(folder);
  await push({ reference: `${name}:dir`, files: ['dir'] });
  process.chdir('/');
  const root = `/files/${host}/dist/hello:dir`;
  assert.match(await server.text(`${root}/dir/f`), /dir was pushed as one archive/);
  assert.equal((await server.get(`${root}/dir`)).status, 200);
});

test("this server's own artifacts are below /files/-/, for those who may pull them", async (t) => {
  const { server: _, registry, host, ...artifacts } = await served(t);
  const of = (repository: string, key: string) => registry.manifests.get(`${repository} ${key}`);
  const own: Origin = {
    manifest(repository, reference) {
      const found = of(repository, 'tag' in reference ? reference.tag : reference.digest);
      return found && { mediaType: found.mediaType, bytes: found.bytes, digest: digestOf(found.bytes) };
    },
    blob(repository, digest) {
      const bytes = registry.blobs.get(`${repository} ${digest}`);
      if (bytes === undefined) return undefined;
      async function* open(start: number) {
        yield (bytes as Buffer).subarray(start);
      }
      return { kind: 'stream', sizeBytes: bytes.length, open };
    },
    tags: () => ['1'],
  };
  assert.ok(artifacts.name);
  const server = await startGateway(t, [], { own });
  assert.equal(await server.text('/files/-/dist/hello:1/repodata/repomd.xml'), '<repomd/>');
  assert.deepEqual(await names(server, '/files/-/dist/hello:1/'), ['Packages', 'repodata']);
  assert.match(await server.text('/files/-/dist/hello:2/x'), /no tag 2/);
});

test('patterns name a registry, and nothing that is no repository', () => {
  for (const text of ['ghcr.io/team/app', 'localhost:5000/a/*', 'r.example/a:v*', 'r.example/*/x'])
    assert.equal(parseFilePattern(text).text, text);
  for (const text of [
    'team/app',
    '*/team',
    'r.example',
    'r.example/',
    'r.example/A',
    '-/x',
    'r.example/a@sha256:1',
    'http://r.example/a',
  ])
    assert.throws(() => parseFilePattern(text), { code: 'USAGE' }, text);
});
