import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { plan } from '../../../src/app/query/plan.ts';
import { indexRepositories } from '../../../src/app/repositories/index-repositories.ts';
import type { IndexReport } from '../../../src/model/request.ts';
import { type Mirror, startMirror } from '../../fake/mirror.ts';
import { makeApk, makeApkIndex, makeFixtureKey } from '../../fixtures/apk.ts';
import { makeArchDb, makeArchPackage } from '../../fixtures/arch.ts';
import { writeAlpineMirror, writeApkKeyring, writeArchMirror } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { cli, contents, folder, index, json, KEY, refused, small, source, use } from '../harness.ts';

interface Setting {
  readonly root: string;
  readonly keyring: string;
  readonly cache: string;
  readonly mirror: Mirror;
}

async function setUp(t: { after(fn: () => void | Promise<void>): void }): Promise<Setting> {
  const dir = tempDir(t);
  const root = folder(dir, 'mirror');
  const mirror = await startMirror(root);
  t.after(() => mirror.close().catch(() => undefined));
  return { root, mirror, keyring: writeApkKeyring(join(dir, 'keys'), [KEY]), cache: join(dir, 'cache') };
}

/** main and community of one release. */
function writeRelease(root: string, release = 'v3.19', arch = 'x86_64'): void {
  writeAlpineMirror(root, {
    release,
    arch,
    key: KEY,
    packages: [small('a'), small('b', { depends: ['a'] })],
  });
  writeAlpineMirror(root, { release, arch, repo: 'community', key: KEY, packages: [small('c')] });
}

const states = (reports: readonly IndexReport[]) =>
  reports.map(({ repository, status, packages }) => `${repository}: ${status}, ${packages}`);

async function packagesOf(cache: string, names: readonly string[], from: object): Promise<string[]> {
  const report = await use({ cache }, (context) =>
    plan(context, { source: source(from), packages: names, base: 'none' }),
  );
  return report.packages.map(({ name, version, repository }) => `${repository}/${name}-${version}`);
}

test('a mirror over HTTP: indexed once, then one conditional request for each repository', async (t) => {
  const { root, mirror, keyring, cache } = await setUp(t);
  writeRelease(root);
  const from = { release: 'v3.19', mirrors: [mirror.url], keyring };
  assert.deepEqual(states(await index(cache, from)), [
    'alpine v3.19 main x86_64: indexed, 2',
    'alpine v3.19 community x86_64: indexed, 1',
  ]);
  mirror.requests.length = 0;
  const again = await index(cache, from);
  assert.deepEqual(states(again), [
    'alpine v3.19 main x86_64: unchanged, 2',
    'alpine v3.19 community x86_64: unchanged, 1',
  ]);
  assert.deepEqual(
    again.map(({ signedBy }) => signedBy),
    [KEY.name, KEY.name],
  );
  assert.deepEqual(mirror.requests.map(({ status, url }) => `${status} ${url}`).sort(), [
    '304 /v3.19/community/x86_64/APKINDEX.tar.gz',
    '304 /v3.19/main/x86_64/APKINDEX.tar.gz',
  ]);
  assert.deepEqual(contents(cache).blobs, [], 'an index fetches no package');
});

test('regression: a password in a mirror’s URL is in no report and no message', async (t) => {
  const { root, mirror, keyring, cache } = await setUp(t);
  writeRelease(root);
  const secret = mirror.url.replace('http://', 'http://me:hunter2@');
  const words = ['--mirror', secret, '--release', 'v3.19', '--arch', 'amd64', '--cache', cache];
  const fine = await cli(['index', ...words, '--keyring', keyring, '--json']);
  assert.equal(fine.code, 0, fine.stderr);
  const archive = `${secret}/v3.19/main/x86_64/a-1.0-r0.apk`;
  const runs = [
    fine,
    await cli([
      'index',
      ...words,
      '--keyring',
      writeApkKeyring(join(root, '../others'), [makeFixtureKey('other.rsa.pub')]),
    ]),
    await cli(['ingest', archive, '--keyring', keyring, '--cache', cache, '--json']),
    await cli(['ingest', `${secret}/v3.19/main/x86_64/APKINDEX.tar.gz`, '--cache', cache]),
  ];
  for (const { stdout, stderr } of runs) assert.doesNotMatch(stdout + stderr, /hunter2/);
  assert.match(fine.stdout, /\/\/\*\*\*@/);
});

test('an index that lies in the folder itself, not below the architecture, costs one request when unchanged', async (t) => {
  const { root, mirror, keyring, cache } = await setUp(t);
  writeRelease(root);
  cpSync(join(root, 'v3.19/main/x86_64'), join(root, 'flat'), { recursive: true });
  const from = { repositories: [`${mirror.url}/flat`], keyring };
  assert.equal((await index(cache, from))[0]?.url, `${mirror.url}/flat`);
  mirror.requests.length = 0;
  assert.equal((await index(cache, from))[0]?.status, 'unchanged');
  assert.deepEqual(
    mirror.requests.map(({ status, url }) => `${status} ${url}`),
    ['304 /flat/APKINDEX.tar.gz'],
  );
});

test('a changed index takes the place of the old one; one that only looks changed is read as unchanged', async (t) => {
  const { root, mirror, keyring, cache } = await setUp(t);
  writeRelease(root);
  const from = { release: 'v3.19', mirrors: [mirror.url], keyring };
  await index(cache, from);
  writeAlpineMirror(root, { key: KEY, packages: [small('a', { version: '2.0-r0' })] });
  assert.deepEqual(states(await index(cache, from)), [
    'alpine v3.19 main x86_64: indexed, 1',
    'alpine v3.19 community x86_64: unchanged, 1',
  ]);
  assert.deepEqual(await packagesOf(cache, ['a'], from), ['main/a-2.0-r0']);
  await refused(packagesOf(cache, ['b'], from), 'UNKNOWN_PACKAGE');
  mirror.faults.set('*', { noValidators: true });
  assert.deepEqual(
    (await index(cache, from)).map(({ status }) => status),
    ['unchanged', 'unchanged'],
  );
});

test('an index that is older than the one before is taken, and told with both dates', async (t) => {
  const { root, keyring, cache } = await setUp(t);
  const read = async (buildTime: number | undefined, version: string): Promise<readonly string[]> => {
    const time = buildTime === undefined ? {} : { buildTime };
    const repository = writeAlpineMirror(root, {
      key: KEY,
      packages: [{ ...small('a', { version }), ...time }],
    });
    const notes: string[] = [];
    await use({ cache, notes }, (context) =>
      indexRepositories(context, source({ repositories: [repository], keyring })),
    );
    return notes;
  };
  const [may, june] = [Date.UTC(2026, 4, 1, 12) / 1000, Date.UTC(2026, 5, 2, 13, 30) / 1000];
  assert.deepEqual(await read(june, '2.0-r0'), []);
  const [note, ...others] = await read(may, '1.0-r0');
  assert.match(
    note ?? '',
    /older than the cached one: its newest package was built 2026-05-01 12:00 UTC, that of the cached one 2026-06-02 13:30 UTC$/,
  );
  assert.deepEqual(others, []);
  assert.deepEqual(await read(june, '2.0-r1'), []);
  assert.deepEqual(await read(june, '3.0-r1'), []);
});

test('file://, plain folders, a folder named with its architecture: each is read once and seen to change', async (t) => {
  const { root, keyring, cache } = await setUp(t);
  writeRelease(root);
  for (const location of [
    `file://${root}/v3.19/main`,
    join(root, 'v3.19/main'),
    join(root, 'v3.19/community/x86_64'),
    `${join(root, 'v3.19/community/x86_64')}/`,
  ]) {
    const from = { repositories: [location], keyring };
    await index(cache, from);
    assert.equal((await index(cache, from))[0]?.status, 'unchanged', location);
  }
  writeAlpineMirror(root, { key: KEY, packages: [small('fresh')] });
  assert.deepEqual(
    await packagesOf(cache, ['fresh'], { repositories: [join(root, 'v3.19/main')], keyring }),
    ['main/fresh-1.0-r0'],
  );
  const nowhere = index(cache, { repositories: [join(root, 'nowhere')], keyring });
  await refused(nowhere, 'NOT_FOUND', join(root, 'nowhere'), 'APKINDEX.tar.gz', '.apk', 'x86_64');
});

test('regression: two databases in one folder are two repositories', async (t) => {
  const dir = tempDir(t);
  for (const name of ['core', 'extra']) {
    const spec = { name: `of-${name}`, version: '1-1' };
    writeFileSync(join(dir, `${name}.db`), makeArchDb([{ spec, bytes: makeArchPackage(spec) }]));
  }
  const cache = folder(dir, 'cache');
  const from = source({
    distro: 'arch',
    repositories: [`core=${dir}`, `extra=${dir}`],
    allowUntrusted: true,
  });
  for (let round = 0; round < 2; round++) {
    const { packages } = await use({ cache }, (context) =>
      plan(context, { source: from, packages: ['of-core', 'of-extra'], base: 'none' }),
    );
    assert.deepEqual(
      packages.map(({ name, repository }) => [name, repository]),
      [
        ['of-core', 'core'],
        ['of-extra', 'extra'],
      ],
    );
  }
});

test('a folder of bare archives is a repository: indexed on the fly, again when an archive comes or goes', async (t) => {
  const { root, keyring, cache } = await setUp(t);
  const bare = folder(root, 'bare');
  const put = (name: string, more = {}) =>
    writeFileSync(join(bare, `${name}-1.0-r0.apk`), makeApk(small(name, { key: KEY, ...more })));
  put('x', { depends: ['y'] });
  put('y');
  put('foreign', { arch: 'aarch64' });
  const from = { repositories: [bare], keyring };
  assert.deepEqual(states(await index(cache, from)), ['alpine latest-stable bare x86_64: indexed, 2']);
  assert.deepEqual(states(await index(cache, from)), ['alpine latest-stable bare x86_64: unchanged, 2']);
  assert.deepEqual(await packagesOf(cache, ['x'], from), ['bare/y-1.0-r0', 'bare/x-1.0-r0']);
  put('z');
  rmSync(join(bare, 'y-1.0-r0.apk'));
  assert.deepEqual(await packagesOf(cache, ['z'], from), ['bare/z-1.0-r0']);
  await refused(packagesOf(cache, ['x'], from), 'UNKNOWN_PACKAGE', 'y');
  put('unsigned', { key: null });
  await refused(
    index(cache, from),
    'SIGNATURE',
    join(bare, 'unsigned-1.0-r0.apk'),
    '--keyring',
    '--allow-untrusted',
  );
});

test('several --repo in order of priority: the same version comes from the first, a newer one from anywhere', async (t) => {
  const { root, mirror, keyring, cache } = await setUp(t);
  const one = writeAlpineMirror(root, { repo: 'one', key: KEY, packages: [small('p'), small('old')] });
  writeAlpineMirror(root, {
    repo: 'two',
    key: KEY,
    packages: [small('p'), small('old', { version: '1.1-r0' })],
  });
  const two = `${mirror.url}/v3.19/two`;
  assert.deepEqual(await packagesOf(cache, ['p'], { repositories: [one, two], keyring }), ['one/p-1.0-r0']);
  assert.deepEqual(await packagesOf(cache, ['p'], { repositories: [two, one], keyring }), ['two/p-1.0-r0']);
  assert.deepEqual(await packagesOf(cache, ['old'], { repositories: [one, two], keyring }), [
    'two/old-1.1-r0',
  ]);
  assert.deepEqual(await packagesOf(cache, ['p'], { repositories: [one, one], keyring }), ['one/p-1.0-r0']);
});

test('an @tag repository gives packages only to those who ask for the tag', async (t) => {
  const { root, mirror, keyring, cache } = await setUp(t);
  writeRelease(root);
  writeAlpineMirror(root, {
    repo: 'testing',
    release: 'edge',
    key: KEY,
    packages: [small('a', { version: '9-r0' }), small('only')],
  });
  const repositories = [`${mirror.url}/v3.19/main`, `@edge ${mirror.url}/edge/testing`];
  const from = { repositories, keyring };
  assert.deepEqual(await packagesOf(cache, ['a'], from), ['main/a-1.0-r0']);
  assert.deepEqual(await packagesOf(cache, ['a@edge'], from), ['testing/a-9-r0']);
  assert.deepEqual(await packagesOf(cache, ['only@edge'], from), ['testing/only-1.0-r0']);
  const untagged = await packagesOf(cache, ['only'], from).catch((error) => error.code);
  assert.ok(['UNKNOWN_PACKAGE', 'UNSATISFIABLE'].includes(untagged), String(untagged));
  await refused(index(cache, { repositories: ['@edge'], keyring }), 'USAGE', '@edge');
});

for (const [what, fault] of [
  ['answers 404', { status: 404 }],
  ['answers 500', { status: 500 }],
  ['cuts every connection', { cutAfterBytes: 0 }],
] as const) {
  test(`--mirror twice, and the first ${what}: index and archives come from the second`, async (t) => {
    const { root, mirror, keyring, cache } = await setUp(t);
    writeRelease(root);
    const bad = await startMirror(root, { '*': fault });
    t.after(() => bad.close());
    const words = ['--mirror', bad.url, '--mirror', mirror.url, '--release', 'v3.19', '--arch', 'amd64'];
    const out = join(cache, '../out.tar');
    const ended = await cli([
      'b',
      'c',
      ...words,
      '--keyring',
      keyring,
      '--cache',
      cache,
      '-o',
      out,
      '--json',
    ]);
    assert.equal(ended.code, 0, ended.stderr + ended.stdout);
    assert.ok(existsSync(out));
    assert.equal(mirror.requests.filter(({ url }) => url.endsWith('.apk')).length, 3);
    assert.equal(
      bad.requests.filter(({ url }) => url.endsWith('.apk')).length,
      0,
      'the one that answered is asked first',
    );
  });
}

test('--mirror twice, and nobody listens at the first: said in a note; nobody at either: every mirror named', async (t) => {
  const { root, mirror, keyring, cache } = await setUp(t);
  writeRelease(root);
  const gone = await startMirror(root);
  await gone.close();
  const words = ['index', '--release', 'v3.19', '--arch', 'x86_64', '--keyring', keyring, '--cache', cache];
  const ended = await cli([...words, '--mirror', gone.url, '--mirror', mirror.url]);
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stderr, /connection refused; trying the next mirror/);
  const nobody = await cli([
    ...words,
    '--cache',
    `${cache}2`,
    '--mirror',
    gone.url,
    '--mirror',
    `${gone.url}/x`,
    '--json',
  ]);
  assert.equal(nobody.code, 5, nobody.stdout);
  const { error } = json<{ error: { code: string; message: string } }>(nobody);
  for (const part of [`${gone.url}/v3.19/`, `${gone.url}/x/v3.19/`, 'connection refused']) {
    assert.ok(error.message.includes(part), error.message);
  }
});

test('Arch: an unchanged database is one request, whichever of its names it has; a dead first mirror is not asked six times', async (t) => {
  const { root, mirror, cache } = await setUp(t);
  await writeArchMirror(root, { packages: [{ name: 'bash', version: '5.2-1' }] });
  await writeArchMirror(root, {
    repo: 'extra',
    packages: [{ name: 'git', version: '2.4-1' }],
    dbCompression: 'zstd',
  });
  const bad = await startMirror(root, { '*': { status: 500 } });
  t.after(() => bad.close());
  const from = { distro: 'arch', mirrors: [bad.url, mirror.url] } as const;
  assert.deepEqual(states(await index(cache, from)), [
    'arch rolling core x86_64: indexed, 1',
    'arch rolling extra x86_64: indexed, 1',
  ]);
  const asked = bad.requests.map(({ url }) => url);
  assert.deepEqual([...new Set(asked)].sort(), ['/core/os/x86_64/core.db', '/extra/os/x86_64/extra.db']);
  const alone = { distro: 'arch', mirrors: [mirror.url] } as const;
  await index(`${cache}2`, alone);
  mirror.requests.length = 0;
  assert.deepEqual(
    (await index(`${cache}2`, alone)).map(({ status }) => status),
    ['unchanged', 'unchanged'],
  );
  assert.deepEqual(mirror.requests.map(({ status, url }) => `${status} ${url}`).sort(), [
    '304 /core/os/x86_64/core.db',
    '304 /extra/os/x86_64/extra.db',
  ]);
});

test('two distributions, releases and architectures live side by side in one catalog', async (t) => {
  const { root, mirror, keyring, cache } = await setUp(t);
  for (const [release, version] of [
    ['v3.18', '1-r0'],
    ['v3.19', '2-r0'],
  ] as const) {
    for (const arch of ['x86_64', 'aarch64']) {
      writeAlpineMirror(root, { release, arch, key: KEY, packages: [small('a', { version })] });
      writeAlpineMirror(root, {
        release,
        arch,
        key: KEY,
        repo: 'community',
        packages: [small('c', { version })],
      });
    }
  }
  await writeArchMirror(root, { packages: [{ name: 'a', version: '7-1' }] });
  await writeArchMirror(root, { repo: 'extra', packages: [{ name: 'e', version: '7-1' }] });
  const alpine = { mirrors: [mirror.url], keyring };
  for (const release of ['v3.18', '3.19']) {
    for (const architecture of ['amd64', 'arm64']) await index(cache, { ...alpine, release, architecture });
  }
  await index(cache, { distro: 'arch', mirrors: [mirror.url] });
  mirror.requests.length = 0;
  assert.deepEqual(await packagesOf(cache, ['a'], { ...alpine, release: 'v3.18', architecture: 'arm64' }), [
    'main/a-1-r0',
  ]);
  assert.deepEqual(await packagesOf(cache, ['a'], { ...alpine, release: 'v3.19', architecture: 'aarch64' }), [
    'main/a-2-r0',
  ]);
  assert.deepEqual(
    await packagesOf(cache, ['a'], { distro: 'arch', architecture: 'amd64', mirrors: [mirror.url] }),
    ['core/a-7-1'],
  );
  assert.ok(
    mirror.requests.every(({ status }) => status === 304),
    'nothing was read twice',
  );
});

test('latest-stable is resolved to the release it is', async (t) => {
  const { root, mirror, keyring, cache } = await setUp(t);
  const packages = [
    small('alpine-base', { version: '3.21.3-r0', depends: ['alpine-release'] }),
    small('alpine-release', { version: '3.21.3-r0' }),
  ];
  writeAlpineMirror(root, { release: 'latest-stable', key: KEY, packages });
  writeAlpineMirror(root, { release: 'latest-stable', repo: 'community', key: KEY, packages: [small('c')] });
  const from = { mirrors: [mirror.url], keyring };
  assert.equal((await index(cache, from))[0]?.repository, 'alpine v3.21 main x86_64');
  const report = await use({ cache }, (context) =>
    plan(context, { source: source(from), packages: ['alpine-base'], base: 'none' }),
  );
  assert.equal(report.release, 'v3.21');
});

test('words for release and architecture: OCI’s and the distribution’s; others are refused with the known ones', async (t) => {
  const { root, mirror, keyring, cache } = await setUp(t);
  for (const arch of ['armv7', 'aarch64']) writeRelease(root, 'v3.19', arch);
  const from = { mirrors: [mirror.url], keyring, release: 'v3.19' };
  for (const [word, got] of [
    ['arm/v7', 'armv7'],
    ['armv7', 'armv7'],
    ['arm64', 'aarch64'],
  ] as const) {
    assert.match(
      (await index(cache, { ...from, architecture: word }))[0]?.repository ?? '',
      new RegExp(`${got}$`),
    );
  }
  await refused(index(cache, { ...from, architecture: 'pdp11' }), 'USAGE', 'pdp11', 'amd64 (x86_64)');
  await refused(index(cache, { ...from, release: '../../etc' }), 'USAGE', '../../etc', 'v3.19');
  await refused(
    index(cache, { distro: 'arch', release: 'v3.19', mirrors: [mirror.url] }),
    'USAGE',
    'rolling',
  );
});

test('an unreachable mirror and an index of last time: said, and used; a mirror that says 404 is not', async (t) => {
  const { root, mirror, keyring, cache } = await setUp(t);
  writeRelease(root);
  const from = source({ repositories: [`${mirror.url}/v3.19/main`], keyring });
  await index(cache, from);
  mirror.faults.set('*', { status: 404 });
  await refused(
    packagesOf(cache, ['a'], from),
    'NOT_FOUND',
    '/v3.19/main/x86_64/APKINDEX.tar.gz',
    '--arch x86_64',
  );
  await mirror.close();
  const notes: string[] = [];
  const report = await use({ cache, notes }, (context) =>
    plan(context, { source: from, packages: ['a'], base: 'none' }),
  );
  assert.equal(report.packages[0]?.name, 'a');
  assert.match(
    notes.join('\n'),
    /main: mirror unreachable; using the cached index of 20\d\d-\d\d-\d\d \(http:.*connection refused/,
  );
});

test('what is no index is refused, and what was there stays', async (t) => {
  const { root, mirror, keyring, cache } = await setUp(t);
  writeRelease(root);
  const from = { repositories: [`${mirror.url}/v3.19/main`], keyring };
  await index(cache, from);
  const path = join(root, 'v3.19/main/x86_64/APKINDEX.tar.gz');
  const good = makeApkIndex([], { key: KEY });
  const cases: readonly [string, Uint8Array, string][] = [
    [
      'a page',
      Buffer.from('<!DOCTYPE html><html><body>Please log in</body></html>'),
      'page instead of the index',
    ],
    ['nothing', Buffer.alloc(0), 'an empty file'],
    ['a cut index', good.subarray(0, good.length - 20), 'the archive ends within'],
    ['a package', makeApk(small('a', { key: KEY })), 'compose ingest'],
  ];
  for (const [what, bytes, hint] of cases) {
    writeFileSync(path, bytes);
    const error = await refused(
      index(cache, from),
      'BAD_INDEX',
      `${mirror.url}/v3.19/main/x86_64/APKINDEX.tar.gz`,
      hint,
    );
    assert.match(error.message, /expected|truncated|ends/, what);
  }
  rmSync(path);
  mkdirSync(path);
  await refused(index(cache, { repositories: [join(root, 'v3.19/main')], keyring }), 'NOT_FOUND', path);
  await mirror.close();
  assert.deepEqual(await packagesOf(cache, ['a'], from), ['main/a-1.0-r0'], 'the good one is still there');
  assert.deepEqual(readdirSync(join(cache, 'partial')), []);
});
