import assert from 'node:assert/strict';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cacheGc, cacheList } from '../../../src/app/cache/cache.ts';
import type { SourceOptions } from '../../../src/model/request.ts';
import { index, KEY, noise, small, use } from '../../app/harness.ts';
import { added } from '../../app/mirror/mirrors.ts';
import { type Mirror, startMirror } from '../../fake/mirror.ts';
import { startFakeRegistry } from '../../fake/registry.ts';
import type { ApkSpec } from '../../fixtures/apk.ts';
import { writeAlpineMirror, writeApkKeyring, writeArchMirror } from '../../fixtures/mirror-dir.ts';
import { signDetached, writeTestKeyring } from '../../fixtures/pgp.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { startGateway } from './gateway-harness.ts';

const MAIN = '/mirror/alpine/v3.19/main/x86_64';

/** Larger than what is sent as a whole. */
const large = (name: string, more: Partial<ApkSpec> = {}): ApkSpec =>
  small(name, {
    files: [{ path: 'usr/' }, { path: `usr/${name}`, content: noise(name, 700_000) }],
    ...more,
  });

async function upstream(t: TestContext, packages: readonly ApkSpec[] = [small('a'), large('big')]) {
  const folder = tempDir(t);
  const write = (some: readonly ApkSpec[]) =>
    writeAlpineMirror(folder, { repo: 'main', packages: some, key: KEY });
  write(packages);
  writeAlpineMirror(folder, { repo: 'community', packages: [small('c')], key: KEY });
  const mirror = await startMirror(folder);
  t.after(() => mirror.close().catch(() => {}));
  const from = {
    release: 'v3.19',
    mirrors: [mirror.url],
    keyring: writeApkKeyring(tempDir(t), [KEY]),
  };
  const bytes = (path: string) => readFileSync(join(folder, 'v3.19/main/x86_64', path));
  return { folder, mirror, from, bytes, write };
}

const asked = ({ requests }: Mirror, path: string): number =>
  requests.filter(({ url }) => url.endsWith(path)).length;

test('an index is served byte for byte, with what its mirror says of it', async (t) => {
  const { from, bytes } = await upstream(t);
  const server = await startGateway(t, [from]);
  const { status, headers, body } = await server.get(`${MAIN}/APKINDEX.tar.gz`);
  assert.equal(status, 200);
  assert.ok(body.equals(bytes('APKINDEX.tar.gz')));
  assert.match(String(headers.etag), /^"sha256:[0-9a-f]{64}"$/);
  const date = String(headers['last-modified']);
  assert.ok(Date.parse(date) > 0);
  for (const condition of [{ 'if-none-match': String(headers.etag) }, { 'if-modified-since': date }])
    assert.equal((await server.get(`${MAIN}/APKINDEX.tar.gz`, condition)).status, 304);
  const old = await server.get(`${MAIN}/APKINDEX.tar.gz`, { 'if-modified-since': new Date(0).toUTCString() });
  assert.equal(old.status, 200);
  const range = await server.get(`${MAIN}/APKINDEX.tar.gz`, { range: 'bytes=5-9' });
  assert.deepEqual([range.status, range.body], [206, body.subarray(5, 10)]);
  const head = await server.get(`${MAIN}/APKINDEX.tar.gz`, {}, 'HEAD');
  assert.deepEqual([head.headers['content-length'], head.body.length], [String(body.length), 0]);
});

test('packages come from the mirror once, and from the cache when it is gone', async (t) => {
  const { from, mirror, bytes } = await upstream(t);
  const server = await startGateway(t, [from]);
  for (const name of ['a-1.0-r0.apk', 'big-1.0-r0.apk']) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => server.get(`${MAIN}/${name}`)));
    assert.ok(answers.every(({ status, body }) => status === 200 && body.equals(bytes(name))));
    assert.equal(asked(mirror, name), 1);
  }
  await mirror.close();
  const { body, headers } = await server.get(`${MAIN}/big-1.0-r0.apk`);
  assert.ok(body.equals(bytes('big-1.0-r0.apk')));
  assert.match(String(headers.etag), /^"sha256:/);
  assert.ok(Date.parse(String(headers['last-modified'])) > 0);
  const index = await server.get(`${MAIN}/APKINDEX.tar.gz`);
  assert.equal(index.status, 200);
});

test('another server with the same cache serves what the first one had, without its mirror', async (t) => {
  const { from, mirror, bytes } = await upstream(t);
  const first = await startGateway(t, [from]);
  await first.get(`${MAIN}/APKINDEX.tar.gz`);
  await first.get(`${MAIN}/a-1.0-r0.apk`);
  await first.close();
  await mirror.close();
  const second = await startGateway(t, [from], { cache: first.cache });
  for (const name of ['APKINDEX.tar.gz', 'a-1.0-r0.apk'])
    assert.ok((await second.get(`${MAIN}/${name}`)).body.equals(bytes(name)), name);
  const { status, body } = await second.get(`${MAIN}/big-1.0-r0.apk`);
  assert.equal(status, 502, body.toString());
});

test('HEAD of a package that is not here fetches nothing', async (t) => {
  const { from, mirror, bytes } = await upstream(t);
  const server = await startGateway(t, [from]);
  const { headers } = await server.get(`${MAIN}/big-1.0-r0.apk`, {}, 'HEAD');
  assert.equal(headers['content-length'], String(bytes('big-1.0-r0.apk').length));
  assert.equal(asked(mirror, 'big-1.0-r0.apk'), 0);
});

test('ranges of a package that is arriving are those of the package', async (t) => {
  const { from, bytes } = await upstream(t);
  const server = await startGateway(t, [from]);
  const wanted = bytes('big-1.0-r0.apk');
  const [open, closed] = await Promise.all([
    server.get(`${MAIN}/big-1.0-r0.apk`, { range: 'bytes=300000-' }),
    server.get(`${MAIN}/big-1.0-r0.apk`, { range: 'bytes=10-19' }),
  ]);
  assert.deepEqual([open?.status, closed?.status], [206, 206]);
  assert.ok(open?.body.equals(wanted.subarray(300_000)));
  assert.ok(closed?.body.equals(wanted.subarray(10, 20)));
});

test('a mirror that lies is found out before the last byte, and passed over the next time', async (t) => {
  const { from, mirror, bytes, folder } = await upstream(t);
  const liar = await startMirror(folder, {
    '/v3.19/main/x86_64/a-1.0-r0.apk': { wrongBytes: true },
    '/v3.19/main/x86_64/big-1.0-r0.apk': { wrongBytes: true },
  });
  t.after(() => liar.close());
  const server = await startGateway(t, [{ ...from, mirrors: [liar.url, mirror.url] }]);
  assert.ok(
    (await server.get(`${MAIN}/a-1.0-r0.apk`)).body.equals(bytes('a-1.0-r0.apk')),
    'small ones at once',
  );
  const first = await server.get(`${MAIN}/big-1.0-r0.apk`);
  assert.ok(first.cut && first.body.length < bytes('big-1.0-r0.apk').length);
  assert.ok((await server.get(`${MAIN}/big-1.0-r0.apk`)).body.equals(bytes('big-1.0-r0.apk')));
  const alone = await startGateway(t, [{ ...from, mirrors: [liar.url] }]);
  const refused = await alone.get(`${MAIN}/a-1.0-r0.apk`);
  assert.deepEqual([refused.status, refused.headers['retry-after']], [502, '60']);
  const before = asked(liar, 'a-1.0-r0.apk');
  await alone.get(`${MAIN}/a-1.0-r0.apk`);
  assert.equal(asked(liar, 'a-1.0-r0.apk'), before, 'and is not asked again');
});

test('a transfer that is cut goes on at the next mirror', async (t) => {
  const { from, mirror, bytes, folder } = await upstream(t);
  const weak = await startMirror(folder, { '/v3.19/main/x86_64/big-1.0-r0.apk': { cutAfterBytes: 400_000 } });
  t.after(() => weak.close());
  const server = await startGateway(t, [{ ...from, mirrors: [weak.url, mirror.url] }]);
  assert.ok((await server.get(`${MAIN}/big-1.0-r0.apk`)).body.equals(bytes('big-1.0-r0.apk')));
});

test('an index that has moved on is served as it is then, and old packages remain', async (t) => {
  const { from, write, bytes } = await upstream(t);
  const server = await startGateway(t, [from]);
  const old = bytes('a-1.0-r0.apk');
  await server.get(`${MAIN}/a-1.0-r0.apk`);
  write([small('a', { version: '2.0-r0' })]);
  // What `compose index` does in another process.
  await index(server.cache, from);
  await new Promise((resolve) => setTimeout(resolve, 2_100));
  const now = await server.get(`${MAIN}/APKINDEX.tar.gz`);
  assert.ok(now.body.equals(bytes('APKINDEX.tar.gz')));
  assert.ok((await server.get(`${MAIN}/a-2.0-r0.apk`)).body.equals(bytes('a-2.0-r0.apk')));
  assert.ok((await server.get(`${MAIN}/a-1.0-r0.apk`)).body.equals(old), 'for clients with the old index');
  const gone = await server.get(`${MAIN}/big-1.0-r0.apk`);
  assert.equal(gone.status, 404);
  const other = await server.get(`${MAIN}/a-3.0-r0.apk`);
  assert.match(other.body.toString(), /not in the index of this repository, which has a-2\.0-r0\.apk/);
});

test('folders tell what is there, in HTML and JSON, and other paths say so', async (t) => {
  const { from } = await upstream(t);
  const server = await startGateway(t, [from]);
  const names = async (path: string) =>
    ((await server.json(path)) as { entries: { name: string }[] }).entries.map(({ name }) => name);
  assert.deepEqual(await names('/mirror/'), ['alpine']);
  assert.deepEqual(await names('/mirror/alpine/'), ['keys', 'v3.19']);
  assert.deepEqual(await names('/mirror/alpine/v3.19/'), ['community', 'main']);
  assert.deepEqual(await names(`${MAIN}/`), ['APKINDEX.tar.gz']);
  const page = await server.get(`${MAIN}/`);
  assert.match(page.body.toString(), /2 packages[\s\S]*<a href="APKINDEX.tar.gz">/);
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'.*sandbox/);
  const moved = await server.get('/mirror/alpine/v3.19');
  assert.deepEqual([moved.status, moved.headers.location], [301, './v3.19/']);
  for (const path of ['/mirror/alpine/v3.20/main/x86_64/APKINDEX.tar.gz', '/mirror/alpine/v3.19/x/']) {
    const { status, body } = await server.get(path);
    assert.deepEqual([status, /it has v3\.19\/main\/x86_64/.test(body.toString())], [404, true], path);
  }
  const arch = await server.get('/mirror/other/x');
  assert.match(arch.body.toString(), /expected alpine/);
  assert.equal((await server.get(`${MAIN}/APKINDEX.tar.gz`, {}, 'PUT')).status, 405);
});

test('the keys of the indexes are there for clients', async (t) => {
  const { from } = await upstream(t);
  const server = await startGateway(t, [from]);
  const { entries } = (await server.json('/mirror/alpine/keys/')) as { entries: { name: string }[] };
  assert.deepEqual(
    entries.map(({ name }) => name),
    [KEY.name],
  );
  assert.equal((await server.text(`/mirror/alpine/keys/${KEY.name}`)).trim(), KEY.publicPem.trim());
});

test('nothing leads out of the repositories', async (t) => {
  const { from, mirror } = await upstream(t);
  const server = await startGateway(t, [from]);
  await server.get(`${MAIN}/APKINDEX.tar.gz`);
  const before = mirror.requests.length;
  for (const path of [
    `${MAIN}/../../../../etc/passwd`,
    `${MAIN}/..%2f..%2fetc%2fpasswd`,
    `${MAIN}/%2e%2e/APKINDEX.tar.gz`,
    `${MAIN}/a%00.apk`,
    `${MAIN}//APKINDEX.tar.gz`,
    `${MAIN}/http:%2F%2F127.0.0.1:1/a-1.0-r0.apk`,
    `${MAIN}/a-1.0-r0.apk/`,
    '/mirror/alpine/keys/../../secret',
    '/mirror//127.0.0.1/x',
    '/mirror/__proto__/x',
  ])
    assert.ok([400, 404].includes((await server.get(path)).status), path);
  assert.equal(mirror.requests.length, before);
});

test('a mirror in a registry is a source like any other', async (t) => {
  const { folder, bytes } = await upstream(t);
  const registry = await startFakeRegistry(t);
  const keyring = writeApkKeyring(tempDir(t), [KEY]);
  const copy: Partial<SourceOptions> = { release: 'v3.19', mirrors: [folder], keyring };
  await added(tempDir(t), copy, { to: `${registry.host}/alpine` });
  rmSync(join(folder, 'v3.19/main/x86_64/big-1.0-r0.apk'), { force: true });
  const from = { release: 'v3.19', mirrors: [`oci://${registry.host}/alpine`], keyring };
  const server = await startGateway(t, [from]);
  assert.ok((await server.get(`${MAIN}/APKINDEX.tar.gz`)).body.equals(bytes('APKINDEX.tar.gz')));
  assert.ok((await server.get(`${MAIN}/a-1.0-r0.apk`)).body.equals(bytes('a-1.0-r0.apk')));
  assert.equal((await server.get(`${MAIN}/big-1.0-r0.apk`)).body.length > 700_000, true);
});

test('a folder is served too', async (t) => {
  const { folder, bytes } = await upstream(t);
  const keyring = writeApkKeyring(tempDir(t), [KEY]);
  const server = await startGateway(t, [{ release: 'v3.19', mirrors: [folder], keyring }]);
  for (const name of ['APKINDEX.tar.gz', 'a-1.0-r0.apk', 'big-1.0-r0.apk'])
    assert.ok((await server.get(`${MAIN}/${name}`)).body.equals(bytes(name)), name);
});

test('databases, file lists and signatures are served as their mirror has them', async (t) => {
  const keyring = tempDir(t);
  const { packager } = await writeTestKeyring(keyring);
  const folder = tempDir(t);
  const repository = await writeArchMirror(folder, {
    packages: [
      { name: 'one', version: '1:1.0+x-1', files: [{ path: 'usr/' }, { path: 'usr/one', content: 'x' }] },
    ],
    sign: (bytes) => signDetached(packager, bytes),
  });
  const mirror = await startMirror(folder);
  t.after(() => mirror.close().catch(() => {}));
  const server = await startGateway(t, [
    { distro: 'arch', mirrors: [mirror.url], repositories: ['core'], keyring },
  ]);
  const names = ['core.db', 'core.db.sig', 'core.files', 'core.files.sig'];
  const archive = 'one-1:1.0+x-1-x86_64.pkg.tar.zst';
  for (const gone of [false, true]) {
    if (gone) await mirror.close();
    for (const name of [...names, archive, `${archive}.sig`]) {
      const path = `/mirror/arch/core/os/x86_64/${name.replace('+', '%2B')}`;
      const { status, body } = await server.get(path);
      assert.equal(status, 200, `${name}: ${body}`);
      assert.ok(body.equals(readFileSync(join(repository, name))), name);
    }
  }
  const db = await server.get('/mirror/arch/core/os/x86_64/core.db');
  const alias = await server.get('/mirror/arch/core/os/x86_64/core.db.tar.gz');
  assert.ok(alias.body.equals(db.body));
});

test('an index that lists what its mirror no longer has is looked for again', async (t) => {
  const { from, write, bytes, folder } = await upstream(t);
  const server = await startGateway(t, [from]);
  await server.get(`${MAIN}/APKINDEX.tar.gz`);
  write([small('a', { version: '2.0-r0' })]);
  rmSync(join(folder, 'v3.19/main/x86_64/a-1.0-r0.apk'));
  const { status, body } = await server.get(`${MAIN}/a-1.0-r0.apk`);
  assert.equal(status, 404, body.toString());
  const isNew = async () =>
    (await server.get(`${MAIN}/APKINDEX.tar.gz`)).body.equals(bytes('APKINDEX.tar.gz'));
  for (let tries = 0; !(await isNew()); tries++) {
    assert.ok(tries < 100);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok((await server.get(`${MAIN}/a-2.0-r0.apk`)).body.equals(bytes('a-2.0-r0.apk')));
});

test('garbage collection leaves indexes and packages; what it removes is fetched again', async (t) => {
  const { from, mirror, bytes } = await upstream(t);
  const server = await startGateway(t, [from]);
  const names = ['APKINDEX.tar.gz', 'a-1.0-r0.apk', 'big-1.0-r0.apk'];
  const all = async () => {
    for (const name of names) assert.ok((await server.get(`${MAIN}/${name}`)).body.equals(bytes(name)), name);
  };
  await all();
  const gc = (maxSizeBytes: number | undefined) =>
    use(server, (context) => cacheGc(context, { maxSizeBytes }));
  const labels = await use(server, cacheList);
  assert.ok(labels.some(({ holds }) => holds === 'index of main (alpine)'));
  assert.equal((await gc(undefined)).removed, 0);
  assert.ok((await gc(0)).removed >= 4);
  await new Promise((resolve) => setTimeout(resolve, 2_100));
  await all();
  assert.equal(asked(mirror, 'a-1.0-r0.apk'), 2);
});

test('a cache that cannot be written is said to the client, and harms nothing that is there', async (t) => {
  const { from, bytes } = await upstream(t);
  const server = await startGateway(t, [from]);
  for (const _ of ['fetched', 'remembered']) await server.get(`${MAIN}/a-1.0-r0.apk`);
  const ingest = join(server.cache, 'ingest');
  renameSync(ingest, `${ingest}.away`);
  writeFileSync(ingest, 'in the way');
  const { status, body } = await server.get(`${MAIN}/big-1.0-r0.apk`);
  assert.deepEqual([status, /cannot (?:create|write)/.test(body.toString())], [507, true], body.toString());
  assert.ok((await server.get(`${MAIN}/a-1.0-r0.apk`)).body.equals(bytes('a-1.0-r0.apk')));
  rmSync(ingest);
  renameSync(`${ingest}.away`, ingest);
  assert.ok((await server.get(`${MAIN}/big-1.0-r0.apk`)).body.equals(bytes('big-1.0-r0.apk')));
});
