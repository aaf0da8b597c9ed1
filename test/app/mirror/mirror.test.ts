import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { compose } from '../../../src/app/compose/compose.ts';
import { mirrorList } from '../../../src/app/mirror/list.ts';
import { indexRepositories } from '../../../src/app/repositories/index-repositories.ts';
import { digestOf } from '../../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../../src/model/media-types.ts';
import { startMirror } from '../../fake/mirror.ts';
import { type FakeRegistry, startFakeRegistry } from '../../fake/registry.ts';
import { archFileName, makeArchDb } from '../../fixtures/arch.ts';
import { writeAlpineMirror, writeArchMirror } from '../../fixtures/mirror-dir.ts';
import { signDetached, writeTestKeyring } from '../../fixtures/pgp.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { KEY, refused, request, small, source, use } from '../harness.ts';
import { ACCESS, inCache } from '../images/registry-images.ts';
import { added, composedIn, indexedIn, sized, upstream } from './mirrors.ts';

/** What was asked since the last time, digests and ids left out. */
function asked(registry: FakeRegistry): readonly string[] {
  const lines = registry.asked().map((line) => line.replace(/sha256:\w+|[0-9a-f]{32}/g, '…'));
  registry.requests.length = 0;
  return lines;
}

const counts = ({ wanted, added: put }: { wanted: number; added: number }) => [wanted, put];

test('everything is brought once; the same again takes two requests and sends nothing', async (t) => {
  const registry = await startFakeRegistry(t);
  const { from } = upstream(t);
  const cache = tempDir(t);
  const to = `${registry.host}/alpine`;
  const first = await added(cache, from, { to });
  assert.deepEqual(counts(first.packages), [4, 4]);
  assert.deepEqual([first.reference, first.changed], [`${to}:v3.19`, true]);
  assert.deepEqual(
    first.repositories.map(({ folder, files }) => [folder, ...files]),
    [
      ['community/x86_64', 'APKINDEX.tar.gz'],
      ['main/x86_64', 'APKINDEX.tar.gz'],
    ],
  );
  const tags = [...registry.manifests.keys()].filter((key) => !key.includes('sha256:'));
  assert.deepEqual(
    tags.map((key) => key.replace('alpine ', '').replace(/[0-9a-f]{32}$/, '…')).sort(),
    [
      'alpine__a__1.0-r0__x86_5f64__…',
      'alpine__b__1.0-r0__x86_5f64__…',
      'alpine__c__1.0-r0__x86_5f64__…',
      'alpine__libx_2b_2b__1.0_5fgit20240101-r0__x86_5f64__…',
      'v3.19',
      first.generation,
    ].sort(),
  );
  const lines = asked(registry);
  const mounts = lines.indexOf('POST alpine/blobs/uploads/?mount=…&from=alpine');
  const ofPackages = lines.slice(mounts, lines.findLastIndex((line) => /manifests\/alpine__/.test(line)) + 1);
  assert.equal(ofPackages.length, 3 * 4, `three requests a package: ${ofPackages.join('\n')}`);
  for (const again of [cache, tempDir(t)]) {
    const second = await added(again, from, { to });
    assert.deepEqual([second.changed, second.sentBytes, ...counts(second.packages)], [false, 0, 4, 0]);
    assert.equal(second.digest, first.digest);
    assert.deepEqual(asked(registry), ['GET alpine/tags/list?n=1000', 'GET alpine/manifests/v3.19']);
  }
});

test('blobs that a mirror was given before it was stopped are not sent again', async (t) => {
  const registry = await startFakeRegistry(t);
  const { from } = upstream(t);
  const to = `${registry.host}/alpine`;
  await added(tempDir(t), from, { to });
  for (const key of [...registry.manifests.keys()]) registry.manifests.delete(key);
  const again = await added(tempDir(t), from, { to });
  assert.deepEqual([...counts(again.packages), again.packages.mounted, again.sentBytes], [4, 4, 4, 0]);
});

test('the newest package of the distribution’s keys is taken along, whatever was asked for', async (t) => {
  const registry = await startFakeRegistry(t);
  const { from, write } = upstream(t);
  write('main', [
    small('a'),
    small('b'),
    small('alpine-keys', { version: '2.4-r1' }),
    small('alpine-keys', { version: '2.10-r0' }),
  ]);
  const to = `${registry.host}/alpine`;
  const { packages } = await added(tempDir(t), from, { to, packages: ['b'] });
  assert.deepEqual(counts(packages), [2, 2]);
  const keys = [...registry.manifests.keys()].filter((key) => key.includes('alpine__alpine-keys__'));
  assert.deepEqual(
    keys.map((key) => key.split('__')[2]),
    ['2.10-r0'],
  );
});

test('the base that composing adds is taken along, so that composing from the mirror finds it', async (t) => {
  const registry = await startFakeRegistry(t);
  const { from, keyring, write } = upstream(t);
  write('main', [small('a'), small('b'), small('busybox', { depends: ['b'] }), small('alpine-baselayout')]);
  const to = `${registry.host}/alpine`;
  const { packages } = await added(tempDir(t), from, { to, packages: ['a'] });
  assert.deepEqual(counts(packages), [4, 4]);
  const mirrored = { release: 'v3.19', mirrors: [`oci://${to}`], keyring, access: ACCESS };
  const report = await inCache(tempDir(t), (context) =>
    compose(context, request(['a'], mirrored, { base: undefined })),
  );
  assert.deepEqual(report.plan.base.targets, ['alpine-baselayout', 'busybox']);
});

test('a new generation sends what is new, and both can be had', async (t) => {
  const registry = await startFakeRegistry(t);
  const { from, keyring, write } = upstream(t);
  const cache = tempDir(t);
  const to = `${registry.host}/alpine`;
  const first = await added(cache, from, { to });
  // b is rebuilt under the same version, libx++ is gone, d is new.
  write('main', [small('a'), sized('b', 100), small('d')]);
  asked(registry);
  const second = await added(cache, from, { to });
  assert.deepEqual(counts(second.packages), [4, 2]);
  const lines = asked(registry);
  assert.equal(
    lines.filter((line) => line.startsWith('PUT alpine/blobs/uploads')).length,
    3,
    'b, d, the index',
  );
  assert.equal(lines.filter((line) => line.startsWith('PUT alpine/manifests')).length, 4);
  assert.notEqual(first.generation, second.generation);

  const old = { repositories: [`oci://${to}@${first.digest}`], keyring };
  const older = await composedIn(tempDir(t), ['b', 'libx++', 'c'], old);
  assert.equal(older.plan.packages.length, 4);
  const tagged = await composedIn(tempDir(t), ['b', 'libx++', 'c'], {
    repositories: [`oci://${to}:${first.generation}`],
    keyring,
  });
  assert.equal(tagged.digest, older.digest);
  const newer = { repositories: [`oci://${to}:v3.19`], keyring };
  const now = await composedIn(tempDir(t), ['b', 'd'], newer);
  assert.notEqual(now.digest, undefined);
  await refused(composedIn(tempDir(t), ['libx++'], newer), 'UNKNOWN_PACKAGE', 'libx++');
});

test('an image is the same from a mirror in a registry as from the folder, whichever way it is named', async (t) => {
  const registry = await startFakeRegistry(t);
  const { from, folder, keyring } = upstream(t);
  await added(tempDir(t), from, { to: `${registry.host}/team/alpine` });
  const mirror = `oci://${registry.host}/team/alpine`;
  const repositories = (...lines: string[]) => ({ repositories: lines, keyring });
  const plain = await composedIn(
    tempDir(t),
    ['c'],
    repositories(`${folder}/v3.19/main`, `${folder}/v3.19/community`),
  );
  for (const lines of [
    [`${mirror}:v3.19`],
    [`${mirror}:v3.19/`],
    [`${mirror}:v3.19/main`, `${mirror}:v3.19/community/x86_64`],
    [`${folder}/v3.19/main`, `${mirror}:v3.19/community`],
  ]) {
    const report = await composedIn(tempDir(t), ['c'], repositories(...lines));
    assert.equal(report.digest, plain.digest, lines.join(' '));
    assert.equal(report.plan.release, 'v3.19', lines.join(' '));
  }
  const { digest } = await composedIn(tempDir(t), ['c'], from);
  for (const mirrors of [
    [mirror],
    [`${mirror}/`],
    [`${mirror}:v3.19`],
    [`oci://${registry.host}/none`, folder],
    [mirror, folder],
  ]) {
    assert.equal(
      (await composedIn(tempDir(t), ['c'], { ...from, mirrors })).digest,
      digest,
      mirrors.join(' '),
    );
  }
  const bare = await composedIn(tempDir(t), ['c'], { release: 'v3.19', repositories: [mirror], keyring });
  assert.equal(bare.digest, plain.digest);
});

test('main alone is main of the release, and community comes beside it later', async (t) => {
  const registry = await startFakeRegistry(t);
  const { from } = upstream(t);
  const to = `${registry.host}/alpine`;
  const main = await added(tempDir(t), { ...from, repositories: ['main'] }, { to });
  assert.deepEqual(counts(main.packages), [3, 3]);
  const community = await added(tempDir(t), { ...from, repositories: ['community'] }, { to });
  assert.deepEqual(counts(community.packages), [1, 1]);
  const both = await added(tempDir(t), from, { to });
  assert.deepEqual([both.changed, both.digest], [false, community.digest]);
  const list = await inCache(tempDir(t), (context) => mirrorList(context, { mirror: to, access: ACCESS }));
  const [release] = list.releases;
  assert.deepEqual([list.mirror, list.releases.length, list.packages], [to, 1, 4]);
  assert.deepEqual([release?.distro, release?.release], ['alpine', 'v3.19']);
  assert.deepEqual(release?.generations, [main.generation, community.generation].sort());
  const old = await inCache(tempDir(t), (context) =>
    mirrorList(context, { mirror: `${to}@${main.digest}`, access: ACCESS }),
  );
  assert.deepEqual(
    old.releases[0]?.repositories.map(({ folder }) => folder),
    ['main/x86_64'],
  );
});

test('packages are mirrored with what they need; an index alone has none, and says so', async (t) => {
  const registry = await startFakeRegistry(t);
  const { from, keyring } = upstream(t);
  const to = `${registry.host}/alpine`;
  const none = await added(tempDir(t), from, { to, packages: [] });
  assert.deepEqual(counts(none.packages), [0, 0]);
  const oci = { repositories: [`oci://${to}:v3.19`], keyring };
  const cache = tempDir(t);
  await refused(
    composedIn(cache, ['c'], oci),
    'NOT_FOUND',
    'not in this mirror',
    `compose mirror add … PKG --to ${to}`,
  );
  // From two mirrors: the index of the one, what it lacks of the other.
  const both = { ...from, mirrors: [`oci://${to}`, ...(from.mirrors ?? [])] };
  assert.equal((await composedIn(tempDir(t), ['b'], both)).plan.packages.length, 1);
  const some = await added(tempDir(t), from, { to, packages: ['c'] });
  assert.deepEqual(counts(some.packages), [2, 2]);
  assert.deepEqual([some.changed, some.digest], [false, none.digest], 'a generation is of indexes alone');
  assert.equal((await composedIn(cache, ['c'], oci)).plan.packages.length, 2);
  await refused(added(tempDir(t), from, { to, packages: ['nope'] }), 'UNKNOWN_PACKAGE', 'nope');
});

test('what is unchanged costs one request, whatever the number of repositories', async (t) => {
  const registry = await startFakeRegistry(t);
  const { from, keyring, write } = upstream(t);
  const to = `${registry.host}/alpine`;
  await added(tempDir(t), from, { to });
  const cache = tempDir(t);
  const oci = { repositories: [`oci://${to}:v3.19`], keyring };
  asked(registry);
  await indexedIn(cache, oci);
  assert.deepEqual(asked(registry), [
    'GET alpine/manifests/v3.19',
    'GET alpine/blobs/…',
    'GET alpine/blobs/…',
  ]);
  const again = await indexedIn(cache, oci);
  assert.deepEqual(
    again.map(({ repository, status, signedBy }) => [repository, status, signedBy]),
    [
      ['alpine v3.19 main x86_64', 'unchanged', 'test-1.rsa.pub'],
      ['alpine v3.19 community x86_64', 'unchanged', 'test-1.rsa.pub'],
    ],
  );
  assert.deepEqual(asked(registry), ['GET alpine/manifests/v3.19']);
  write('community', [small('c', { version: '2.0-r0' })]);
  await added(tempDir(t), from, { to });
  asked(registry);
  const changed = await indexedIn(cache, oci);
  assert.deepEqual(
    changed.map(({ status }) => status),
    ['unchanged', 'indexed'],
  );
  assert.deepEqual(asked(registry), ['GET alpine/manifests/v3.19', 'GET alpine/blobs/…']);
  await composedIn(cache, ['c'], oci);
  assert.deepEqual(asked(registry), [
    'GET alpine/manifests/v3.19',
    'GET alpine/manifests/alpine__c__2.0-r0__x86_5f64__…',
    'GET alpine/blobs/…',
  ]);
});

test('packages come in one stream: eight downloads and one thread at most, and none waits for a slow one', async (t) => {
  const registry = await startFakeRegistry(t);
  const { folder, from, write } = upstream(t);
  const names = Array.from({ length: 60 }, (_, at) => `p${at}`);
  write(
    'main',
    names.map((name) => small(name)),
  );
  const isPushed = (name: string) =>
    [...registry.manifests.keys()].some((key) => key.startsWith(`alpine alpine__${name}__`));
  let underWay = 0;
  let most = 0;
  const mirror = await startMirror(async (path) => {
    const bytes = readFileSync(join(folder, path));
    if (!path.endsWith('.apk')) return { bytes };
    most = Math.max(most, ++underWay);
    while (most < 8) await setTimeout(1);
    await setTimeout(5);
    const isSlow = path.endsWith('/p1-1.0-r0.apk');
    while (isSlow && !names.every((name) => name === 'p1' || isPushed(name))) await setTimeout(1);
    underWay--;
    return { bytes };
  });
  t.after(() => mirror.close());
  let threads = 0;
  const count = () => void threads++;
  process.on('worker', count);
  t.after(() => process.off('worker', count));
  const source = { ...from, mirrors: [mirror.url], repositories: ['main'] };
  const { packages } = await added(tempDir(t), source, { to: `${registry.host}/alpine` });
  assert.deepEqual([...counts(packages), most, threads], [60, 60, 8, 1]);
});

test('packages that the registry has elsewhere are mounted', async (t) => {
  const registry = await startFakeRegistry(t);
  const { from, keyring } = upstream(t);
  const cache = tempDir(t);
  await added(cache, from, { to: `${registry.host}/one` });
  const { packages, sentBytes } = await added(cache, from, { to: `${registry.host}/two` });
  assert.deepEqual([packages.added, packages.mounted], [4, 4]);
  const indexes = [...registry.blobs].filter(([key]) => key.startsWith('two ')).length - 4 - 1;
  assert.equal(indexes, 2);
  assert.ok(sentBytes < 2_000, 'the indexes and the empty config alone');
  // From one registry's mirror into another's.
  const other = await startFakeRegistry(t);
  const oci = { repositories: [`oci://${registry.host}/one:v3.19`], keyring };
  const within = await added(tempDir(t), oci, { to: `${registry.host}/three` });
  assert.deepEqual([within.packages.mounted, within.sentBytes < 2_000], [4, true]);
  const copy = await added(tempDir(t), oci, { to: `${other.host}/alpine` });
  assert.equal(copy.digest, (await added(cache, from, { to: `${registry.host}/one` })).digest);
});

test('a package that is gone from the upstream mirror stops no other, and the index waits', async (t) => {
  const registry = await startFakeRegistry(t);
  const { from, folder } = upstream(t);
  const gone = join(folder, 'v3.19/main/x86_64/b-1.0-r0.apk');
  const bytes = readFileSync(gone);
  rmSync(gone);
  const cache = tempDir(t);
  const to = `${registry.host}/alpine`;
  const error = await refused(
    added(cache, from, { to }),
    'NOT_FOUND',
    '1 of 4 packages could not be mirrored; the others were',
    'b-1.0-r0.apk',
  );
  assert.deepEqual(error.details.failed, ['b-1.0-r0']);
  assert.equal(registry.manifests.has('alpine v3.19'), false);
  writeFileSync(gone, Buffer.from(bytes).fill(1, 200, 300));
  await refused(added(cache, from, { to }), 'BAD_ARCHIVE', 'b-1.0-r0.apk');
  writeFileSync(gone, bytes);
  const report = await added(cache, from, { to });
  assert.deepEqual(counts(report.packages), [4, 1]);
  assert.equal(report.changed, true);
});

test('two that mirror at once end up with one generation that has both', async (t) => {
  for (let round = 0; round < 5; round++) {
    const registry = await startFakeRegistry(t);
    const { from } = upstream(t);
    const to = `${registry.host}/alpine`;
    const caches = [tempDir(t), tempDir(t)];
    // Those that were asked for the tags wait for each other: both then build on the same generation.
    const waiting: (() => void)[] = [];
    let lists = 0;
    registry.switches.intercept = (request, response) => {
      if (!request.url?.includes('/tags/list') || ++lists > 2) return false;
      waiting.push(() => response.writeHead(404).end());
      if (waiting.length === 2) for (const go of waiting) go();
      return true;
    };
    await Promise.all(
      ['main', 'community'].map((name, at) => added(caches[at]!, { ...from, repositories: [name] }, { to })),
    );
    assert.equal(waiting.length, 2);
    const { releases } = await inCache(tempDir(t), (context) =>
      mirrorList(context, { mirror: to, access: ACCESS }),
    );
    assert.deepEqual(
      releases[0]?.repositories.map(({ folder }) => folder),
      ['community/x86_64', 'main/x86_64'],
    );
    const whole = await added(tempDir(t), from, { to });
    assert.deepEqual([whole.changed, whole.sentBytes], [false, 0]);
  }
});

test('a wrong package under a tag is refused by its checksum; by a second mirror it is had all the same', async (t) => {
  const registry = await startFakeRegistry(t);
  const { from, folder, keyring } = upstream(t);
  const to = `${registry.host}/alpine`;
  await added(tempDir(t), from, { to });
  const tagOf = (name: string) =>
    [...registry.manifests.keys()].find((key) => key.startsWith(`alpine alpine__${name}__`))!;
  const oci = { repositories: [`oci://${to}:v3.19`], keyring };
  // b in place of a: a package, signed and all, but not the one
  registry.manifests.set(tagOf('a'), registry.manifests.get(tagOf('b'))!);
  const cache = tempDir(t);
  await refused(composedIn(cache, ['a'], oci), 'INTEGRITY', 'a-1.0-r0.apk');
  const both = { ...from, mirrors: [`oci://${to}`, folder] };
  assert.equal((await composedIn(cache, ['a'], both)).plan.packages.length, 1);

  // Another blob of the same size
  const manifest = JSON.parse(registry.manifests.get(tagOf('b'))!.bytes.toString());
  const { digest, size } = manifest.layers[0];
  const wrong = Buffer.from(registry.blobs.get(`alpine ${digest}`)!).fill(7, 100, 120);
  registry.blobs.set(`alpine ${digestOf(wrong)}`, wrong);
  const put = (layers: unknown, more = {}) => {
    const bytes = Buffer.from(JSON.stringify({ ...manifest, layers, ...more }));
    registry.manifests.set(tagOf('b'), { mediaType: MEDIA_TYPES.manifest, bytes });
  };
  put([{ ...manifest.layers[0], digest: digestOf(wrong) }]);
  await refused(composedIn(cache, ['b'], oci), 'BAD_ARCHIVE', 'b-1.0-r0.apk');
  for (const [layers, pattern] of [
    [[], /expected an artifact of one file, got 0/],
    [[manifest.layers[0], manifest.layers[0]], /expected an artifact of one file, got 2/],
    [[{ ...manifest.layers[0], size: size + 1 }], /wrong size/],
    [[{ ...manifest.layers[0], size: 2 ** 50 }], /wrong size/],
    [[{ ...manifest.layers[0], digest: digestOf('nothing') }], /./],
  ] as const) {
    put(layers);
    const error = await composedIn(cache, ['b'], oci).then(
      () => assert.fail('composed'),
      (reason: Error) => reason,
    );
    assert.match(error.message, pattern);
  }
  // The right digest, damaged bytes
  put(manifest.layers);
  registry.blobs.set(`alpine ${digest}`, wrong);
  await refused(composedIn(cache, ['b'], oci), 'INTEGRITY', digest);
  assert.equal((await composedIn(cache, ['b'], both)).plan.packages.length, 1);
});

test('what is no mirror, or leads elsewhere, is refused', async (t) => {
  const registry = await startFakeRegistry(t);
  const { from, keyring } = upstream(t);
  const to = `${registry.host}/alpine`;
  const { digest } = await added(tempDir(t), from, { to });
  const there = registry.manifests.get('alpine v3.19')!;
  const manifest = JSON.parse(there.bytes.toString());
  const put = (json: unknown) =>
    registry.manifests.set('alpine bad', {
      mediaType: MEDIA_TYPES.manifest,
      bytes: Buffer.from(JSON.stringify(json)),
    });
  const index = () => indexedIn(tempDir(t), { repositories: [`oci://${to}:bad`], keyring });
  put({ ...manifest, artifactType: 'application/vnd.other' });
  await refused(index(), 'CONFLICT', 'expected a mirror of packages', 'application/vnd.other');
  await refused(added(tempDir(t), from, { to: `${to}:bad` }), 'CONFLICT', 'application/vnd.other');
  const titled = (title: string) => {
    const annotations = { 'org.opencontainers.image.title': title };
    put({ ...manifest, layers: [{ ...manifest.layers[0], annotations }] });
  };
  for (const title of [
    '',
    '/etc/x86_64/passwd',
    '../x86_64/APKINDEX.tar.gz',
    'a/../x',
    'a/x86_64/..',
    'x\n/y',
  ]) {
    titled(title);
    await refused(index(), 'BAD_INDEX', 'not a file name of a mirror');
  }
  titled('main/aarch64/APKINDEX.tar.gz');
  await refused(
    index(),
    'NOT_FOUND',
    'no repository for x86_64',
    'Choose one that the mirror has: main/aarch64',
  );
  put({ ...manifest, layers: [] });
  await refused(index(), 'NOT_FOUND', 'The mirror is empty');
  // An index that another repository's key did not sign, under a name that does
  titled('main/x86_64/APKINDEX.tar.gz');
  const blob = registry.blobs.get(`alpine ${manifest.layers[0].digest}`)!;
  const unsigned = { repositories: [`oci://${to}:v3.19`], keyring: tempDir(t) };
  await assert.rejects(indexedIn(tempDir(t), unsigned));
  registry.blobs.set(`alpine ${manifest.layers[0].digest}`, Buffer.from(blob).fill(0, 40, 60));
  await refused(index(), 'INTEGRITY', manifest.layers[0].digest);
  await refused(
    indexedIn(tempDir(t), { repositories: [`oci://${to}:gone`], keyring }),
    'NOT_FOUND',
    'no such mirror',
    `compose mirror ls ${to}`,
  );
  assert.equal((await added(tempDir(t), from, { to })).digest, digest);
});

test('a registry that does not answer: the indexes of last time, and no long wait', async (t) => {
  const registry = await startFakeRegistry(t);
  const { from, keyring, write } = upstream(t);
  write('main', [small('a'), small('alpine-release', { version: '3.19.1-r0' })]);
  const to = `${registry.host}/alpine`;
  await added(tempDir(t), from, { to });
  const cache = tempDir(t);
  const oci = { repositories: [`oci://${to}:v3.19`], keyring };
  const { digest } = await composedIn(cache, ['c'], oci);
  await registry.close();
  const notes: string[] = [];
  const report = await use({ cache, notes }, (context) => compose(context, request(['c'], oci)));
  assert.equal(report.digest, digest);
  assert.match(notes.join('\n'), /mirror unreachable; using the cached list of its repositories/);
});

test("Arch's databases and packages keep the signatures beside them", async (t) => {
  const registry = await startFakeRegistry(t);
  const folder = tempDir(t);
  const keyring = tempDir(t);
  const { packager } = await writeTestKeyring(keyring);
  const sign = (bytes: Buffer) => signDetached(packager, bytes);
  const specs = ['one', 'two'].map((name) => ({ name, version: '1:2.0+x-1' }));
  const place = await writeArchMirror(folder, { packages: specs, sign });
  // As newer databases are: without %PGPSIG%
  const entries = specs.map((spec) => {
    const fileName = archFileName(spec, 'zstd');
    return { spec, fileName, bytes: readFileSync(join(place, fileName)) };
  });
  const db = makeArchDb(entries);
  writeFileSync(join(place, 'core.db'), db);
  writeFileSync(join(place, 'core.db.sig'), await sign(db));
  const from = {
    distro: 'arch' as const,
    repositories: ['core'],
    mirrors: [folder],
    keyring,
    sigLevel: 'Required',
  };
  const to = `${registry.host}/arch`;
  const report = await added(tempDir(t), from, { to, files: true });
  assert.equal(report.reference, `${to}:rolling`);
  assert.deepEqual(report.repositories, [
    {
      folder: 'core/os/x86_64',
      files: ['core.db', 'core.db.sig', 'core.files', 'core.files.sig'],
      sizeBytes: report.repositories[0]!.sizeBytes,
    },
  ]);
  const plain = await composedIn(tempDir(t), ['one', 'two'], { ...from, repositories: [place] });
  for (const more of [
    { repositories: [`oci://${to}:rolling`], mirrors: [] },
    { repositories: [`oci://${to}`], mirrors: [] },
    { repositories: [`core=oci://${to}:rolling/core`], mirrors: [] },
    { repositories: ['core'], mirrors: [`oci://${to}`] },
  ]) {
    const image = await composedIn(tempDir(t), ['one', 'two'], { ...from, ...more });
    assert.equal(image.digest, plain.digest, JSON.stringify(more));
  }
  const oci = { ...from, repositories: [`oci://${to}:rolling`], mirrors: [] };
  const lists = await inCache(tempDir(t), (context) =>
    indexRepositories(context, source(oci), { files: true }),
  );
  assert.deepEqual(
    lists.map(({ status, signedBy }) => [status, signedBy]),
    [
      ['indexed', packager.fingerprint],
      ['indexed', packager.fingerprint],
    ],
  );
  assert.deepEqual((await added(tempDir(t), from, { to, files: true })).sentBytes, 0);
  assert.equal((await added(tempDir(t), from, { to })).changed, false);

  const signature = [...registry.manifests.keys()].find((key) => key.startsWith('arch signature__'))!;
  registry.manifests.delete(signature);
  await refused(composedIn(tempDir(t), ['one', 'two'], oci), 'SIGNATURE');
});

test('what cannot be mirrored is said before anything is sent', async (t) => {
  const registry = await startFakeRegistry(t);
  const { from, folder, keyring } = upstream(t);
  const to = `${registry.host}/alpine`;
  const repository = (line: string, more = {}) => ({ repositories: [line], keyring, ...more });
  const main = join(folder, 'v3.19/main');
  await refused(added(tempDir(t), from, { to: `${to}@${digestOf('x')}` }), 'USAGE', 'without a digest');
  await refused(added(tempDir(t), from, { to: `${registry.host}/UPPER` }), 'USAGE');
  await refused(
    added(tempDir(t), { ...from, repositories: [main, main] }, { to }),
    'USAGE',
    'two repositories are named main',
  );
  const bare = tempDir(t);
  writeFileSync(join(bare, 'a-1.0-r0.apk'), readFileSync(join(main, 'x86_64/a-1.0-r0.apk')));
  await refused(
    added(tempDir(t), repository(bare, { release: 'v3.19' }), { to, packages: [] }),
    'USAGE',
    /only a repository with an index/,
    'apk index',
  );
  const own = writeAlpineMirror(tempDir(t), {
    repo: 'own',
    release: 'mine',
    packages: [small('o')],
    key: KEY,
  });
  const several = { repositories: [main, own], keyring };
  await refused(
    added(tempDir(t), several, { to }),
    'USAGE',
    'do not belong to a single release',
    `--to ${to}:v3.19`,
  );
  assert.equal(registry.manifests.has('alpine v3.19'), false);
  // Who needs no releases needs no words for them.
  const alone = await added(tempDir(t), repository(own), { to });
  assert.equal(alone.reference, `${to}:latest-stable`);
  assert.equal((await composedIn(tempDir(t), ['o'], repository(`oci://${to}`))).plan.packages.length, 1);
  assert.equal((await added(tempDir(t), several, { to: `${to}:both` })).repositories.length, 2);
  for (const bad of [
    'oci://user:secret@host/alpine:1',
    'oci://host',
    'oci://host/a:1/%zz',
    'oci://host/a@sha256:12',
  ]) {
    const error = await refused(indexedIn(tempDir(t), repository(bad)), 'USAGE');
    assert.doesNotMatch(error.message, /secret/);
  }
});
