import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../../../src/model/app-error.ts';
import { digestOf } from '../../../src/model/digest.ts';
import { blobPath, type Image } from '../../../src/output/image.ts';
import { writeOciDirectory } from '../../../src/output/oci-dir.ts';
import { startFakeRegistry } from '../../fake/registry.ts';
import { makeApk, makeApkMembers, makeFixtureKey } from '../../fixtures/apk.ts';
import { writeAlpineMirror, writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { layerTarOf, makeImage, type TestLayer } from '../../output/images.ts';
import { index, KEY } from '../harness.ts';
import { archives, BASE, imageTar, installFiles, problemsOf, TOOL, verified } from './verify-images.ts';

const PACKAGES = [BASE, TOOL];
const LAYERS: readonly TestLayer[] = [...archives(PACKAGES), { tar: installFiles(PACKAGES) }];

test("a sound image: every layer's archive by its signature, the rest listed, with nothing in the catalog", async (t) => {
  const report = await verified(t, await imageTar(t, LAYERS));
  assert.deepEqual(report.problems, []);
  assert.equal(report.verified, true);
  assert.deepEqual(
    report.layers.map(({ kind, packages }) => [kind, packages]),
    [
      ...PACKAGES.map(({ name, version }) => [
        'package',
        [{ name, version, architecture: 'x86_64', vouching: { by: 'signature', key: KEY.name } }],
      ]),
      ['install', []],
    ],
  );
});

test('what each entry of the install layer is', async (t) => {
  const files = [
    ...installFiles(PACKAGES),
    { path: '.pkg/alpine/base/post-install', content: '#!/bin/sh\ntrue\n', mode: 0o755 },
    { path: 'bin/' },
    { path: 'bin/sh', content: '#!shell', mode: 0o4755 },
    { path: 'bin/ash', type: 'hardlink' as const, linkTarget: 'bin/sh', mode: 0o755 },
    { path: 'bin/vi', linkTarget: '/bin/sh' },
    { path: 'etc/', mode: 0o700 },
    { path: 'etc/passwd', content: 'root:x:0:0\nnew:x:1:1\n' },
    { path: 'etc/shadow', content: 'root::\n' },
    { path: 'opt/', mode: 0o711 },
    { path: 'usr/bin/', mode: 0o711 },
    { path: 'usr/bin/.wh.tool' },
    { path: 'var/run', linkTarget: '../run' },
    { path: 'var/.wh..wh..opq' },
    { path: 'zero', content: '' },
  ];
  const report = await verified(t, await imageTar(t, [...archives(PACKAGES), { tar: files }]));
  assert.deepEqual(report.problems, []);
  const [, , { verdicts } = { verdicts: [] }] = report.layers;
  assert.deepEqual(
    verdicts.map(({ path, origin, package: of, note }) => [path, origin, of, note].join('|')),
    [
      '.pkg|directory||',
      '.pkg/install.sh|install||',
      '.wh..PKGINFO|whiteout||hides the metadata of packages',
      'lib|directory||',
      'lib/apk|directory||',
      'lib/apk/db|directory||',
      'lib/apk/db/installed|database||',
      '.pkg/alpine/base/post-install|moved|base-1.0-r0|same content as its .post-install',
      'bin|package|base-1.0-r0|',
      'bin/sh|attributes|base-1.0-r0|mode 755 to 4755',
      'bin/ash|package|base-1.0-r0|',
      'bin/vi|symlink||to /bin/sh',
      'etc|attributes|base-1.0-r0|mode 755 to 700',
      'etc/passwd|generated|base-1.0-r0|replaces the one of base-1.0-r0',
      'etc/shadow|generated||',
      'opt|directory||mode 711 0:0',
      'usr/bin|package|tool++-2.0-r1|',
      'usr/bin/.wh.tool|whiteout|tool++-2.0-r1|hides usr/bin/tool',
      'var/run|package|base-1.0-r0|',
      'var/.wh..wh..opq|whiteout||hides everything below it',
      'zero|generated||',
    ],
  );
});

test('a package without a signature, or by an unknown key', async (t) => {
  const stranger = makeFixtureKey('stranger.rsa.pub');
  for (const [key, code] of [
    [null, 'SIGNATURE'],
    [stranger, 'UNTRUSTED_KEY'],
  ] as const) {
    const path = await imageTar(t, [...archives([BASE, { ...TOOL, key }]), { tar: installFiles(PACKAGES) }]);
    const report = await verified(t, path);
    assert.deepEqual(problemsOf(report), [`${code} 1`]);
    assert.match(report.problems[0]?.message ?? '', /^layer 1 .*tool\+\+-2\.0-r1/);
    assert.deepEqual(
      report.layers.map(({ kind }) => kind),
      ['package', 'refused', 'install'],
    );
    const allowed = await verified(t, path, { trust: { allowUntrusted: true } });
    assert.deepEqual(allowed.problems, []);
    assert.deepEqual(allowed.layers[1]?.packages[0]?.vouching, { by: 'option' });
  }
});

test('a package that a signed index in the catalog has needs no signature of its own', async (t) => {
  const cache = tempDir(t);
  const keyring = writeApkKeyring(tempDir(t), [KEY]);
  const unsigned = { ...TOOL, key: null };
  const repository = writeAlpineMirror(tempDir(t), { packages: [unsigned], key: KEY });
  await index(cache, { repositories: [repository], keyring });
  const path = await imageTar(t, [...archives([BASE, unsigned]), { tar: installFiles(PACKAGES) }]);
  const report = await verified(t, path, { cache, trust: { keyring } });
  assert.deepEqual(report.problems, []);
  assert.deepEqual(report.layers[1]?.packages[0]?.vouching, {
    by: 'index',
    repository: report.layers[1]?.packages[0]?.vouching.by === 'index' ? repositoryName(report) : '',
    key: KEY.name,
  });
  // Another build of that version is not what the index has.
  const rebuilt = { ...unsigned, buildTime: 1 };
  const other = await imageTar(t, [...archives([BASE, rebuilt]), { tar: installFiles(PACKAGES) }]);
  const refused = await verified(t, other, { cache, trust: { keyring } });
  assert.deepEqual(problemsOf(refused), ['INTEGRITY 1']);
  assert.match(refused.problems[0]?.expected ?? '', /^Q1/);
  assert.match(refused.problems[0]?.got ?? '', /^Q1/);
});

function repositoryName(report: Awaited<ReturnType<typeof verified>>): string {
  const vouching = report.layers[1]?.packages[0]?.vouching;
  return vouching?.by === 'index' ? vouching.repository : '';
}

test('archives that were changed and hashed anew', async (t) => {
  const { signature, control, data } = makeApkMembers(TOOL);
  const more = makeApkMembers({ ...TOOL, noEnd: true }).data;
  const evil = makeApkMembers({ ...TOOL, files: [{ path: 'usr/bin/tool', content: 'evil' }] });
  for (const [what, blob, code] of [
    ['other data', Buffer.concat([signature, control, evil.data]), 'INTEGRITY'],
    ['other control', Buffer.concat([signature, evil.control, evil.data]), 'SIGNATURE'],
    ['a member before the control member', Buffer.concat([signature, more, control, data]), 'BAD_ARCHIVE'],
  ] as const) {
    const path = await imageTar(t, [...archives([BASE]), { blob }, { tar: installFiles(PACKAGES) }]);
    const report = await verified(t, path);
    assert.equal(report.verified, false, what);
    assert.equal(report.problems[0]?.layer, 1, what);
    assert.equal(report.problems[0]?.code, code, what);
  }
});

/** The image as a folder, which `damage` changes. */
async function damaged(
  t: Parameters<typeof tempDir>[0],
  damage: (layout: string, image: Image) => void,
): Promise<string> {
  const layout = join(tempDir(t), 'layout');
  const image = makeImage(tempDir(t), LAYERS);
  await writeOciDirectory(image, layout);
  damage(layout, image);
  return layout;
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ 0x10;
  rmSync(path);
  writeFileSync(path, bytes);
}

for (const [what, layer] of [
  ['a package layer', 0],
  ['the install layer', 2],
] as const) {
  test(`a changed byte of ${what} is found, and named with layer, expected and got`, async (t) => {
    let digest = '';
    const layout = await damaged(t, (folder, image) => {
      digest = image.layers[layer]?.digest ?? '';
      flip(join(folder, blobPath(image.layers[layer]!.digest)), 60);
    });
    const report = await verified(t, layout);
    assert.deepEqual(problemsOf(report), [`INTEGRITY ${layer}`]);
    const [found] = report.problems;
    assert.match(
      found?.message ?? '',
      new RegExp(`digest of layer ${layer} \\(${digest}\\): expected ${digest}, got sha256:`),
    );
    assert.equal(found?.expected, digest);
    assert.match(found?.got ?? '', /^sha256:/);
    assert.equal(report.layers[layer]?.kind, 'refused');
  });
}

test('a missing layer, blob or whole', async (t) => {
  const layout = await damaged(t, (folder, image) => rmSync(join(folder, blobPath(image.layers[1]!.digest))));
  const report = await verified(t, layout);
  assert.deepEqual(problemsOf(report), ['INTEGRITY 1']);
  assert.match(report.problems[0]?.message ?? '', /blob sha256:[0-9a-f]{64} not found/);
  const without = await imageTar(t, [LAYERS[0]!, LAYERS[2]!]);
  const { problems } = await verified(t, without);
  assert.deepEqual(
    problems.map(({ message }) => message),
    ["tool++-2.0-r1: listed in the image's package database, but not in any layer"],
  );
});

test("a package's layer that the database does not name", async (t) => {
  const layers = [...archives(PACKAGES), { tar: installFiles([BASE]) }];
  const { problems } = await verified(t, await imageTar(t, layers));
  assert.deepEqual(
    problems.map(({ message }) => message),
    ["tool++-2.0-r1: in a layer, but not listed in the image's package database"],
  );
});

test('another order of layers: against the config, and the install layer below a package', async (t) => {
  const diffIds = LAYERS.map((layer) => digestOf(layerTarOf(layer)));
  const swapped = [LAYERS[1]!, LAYERS[0]!, LAYERS[2]!];
  const report = await verified(t, await imageTar(t, swapped, { diffIds }));
  assert.deepEqual(problemsOf(report), ['INTEGRITY 0', 'INTEGRITY 1']);
  assert.match(report.problems[0]?.message ?? '', /diffID of layer 0/);
  assert.equal(report.problems[0]?.expected, diffIds[0]);
  const below = await verified(t, await imageTar(t, [LAYERS[0]!, LAYERS[2]!, LAYERS[1]!]));
  assert.equal(below.verified, false);
  assert.ok(below.problems.every(({ layer, code }) => layer === 1 && code === 'INTEGRITY'));
  assert.ok(below.problems.some(({ path }) => path === '.pkg/install.sh'));
});

test('a wrong diffID', async (t) => {
  const diffIds = LAYERS.map((layer, at) => (at === 1 ? digestOf('x') : digestOf(layerTarOf(layer))));
  const report = await verified(t, await imageTar(t, LAYERS, { diffIds }));
  assert.deepEqual(problemsOf(report), ['INTEGRITY 1']);
  assert.equal(report.problems[0]?.expected, digestOf('x'));
});

test("something else in the place of a package's program", async (t) => {
  for (const file of [
    { path: 'bin/sh', content: 'evil', mode: 0o755 },
    { path: 'bin/sh', linkTarget: '/tmp/evil' },
  ]) {
    const layers = [...archives(PACKAGES), { tar: [...installFiles(PACKAGES), { path: 'bin/' }, file] }];
    const report = await verified(t, await imageTar(t, layers));
    assert.deepEqual(problemsOf(report), ['INTEGRITY 2 bin/sh']);
    assert.match(report.problems[0]?.got ?? '', /replaces the one of base-1\.0-r0/);
  }
});

test('hostile and senseless layers are named; the others are judged all the same', async (t) => {
  const hostile: readonly TestLayer[] = [
    { tar: [{ path: '../evil' }] },
    { tar: [{ path: 'x', type: 'hardlink', linkTarget: 'etc/shadow' }] },
    { tar: Buffer.from('no tar at all'.repeat(100)) },
    { tar: [{ path: '.PKGINFO', content: 'pkgname' }] },
    { blob: makeApk({ ...TOOL, earlyEnd: true }) },
  ];
  for (const layer of hostile) {
    const report = await verified(t, await imageTar(t, [LAYERS[0]!, layer, LAYERS[2]!]));
    assert.equal(report.problems[0]?.layer, 1, JSON.stringify(report.problems[0]));
    assert.equal(report.layers[0]?.kind, 'package');
  }
});

test('lists of packages that are none', async (t) => {
  for (const content of [
    '',
    '{',
    '[]',
    '{"distro":"alpine","packages":{}}',
    '{"distro":"alpine","packages":[null,1,{}]}',
  ]) {
    const files = [
      { path: '.pkg/manifest.json', content },
      { path: 'lib/apk/db/installed', content },
    ];
    const report = await verified(t, await imageTar(t, [...archives(PACKAGES), { tar: files }]));
    assert.deepEqual(report.problems, [], content);
  }
});

test('an image without any package of a distribution is not verified', async (t) => {
  const report = await verified(t, await imageTar(t, [{ tar: [{ path: 'bin/sh', content: 'mine' }] }]));
  assert.deepEqual(problemsOf(report), ['SIGNATURE']);
  assert.deepEqual(problemsOf(await verified(t, await imageTar(t, []))), ['SIGNATURE']);
});

test('of a folder with several images one is named; files that nothing names are noted', async (t) => {
  const layout = join(tempDir(t), 'layout');
  for (const [tag, layers] of [
    ['one', LAYERS],
    ['two:2', [LAYERS[0]!, { tar: installFiles([BASE]) }]],
  ] as const) {
    await writeOciDirectory(makeImage(tempDir(t), layers, { tags: [tag] }), layout);
  }
  writeFileSync(join(layout, 'blobs/sha256', 'f'.repeat(64)), 'nobody');
  await assert.rejects(
    verified(t, layout),
    (error) => isAppError(error, 'USAGE') && /one.*two/.test(error.message),
  );
  const report = await verified(t, `${layout}#two:2`);
  assert.deepEqual(report.problems, []);
  assert.equal(report.layers.length, 2);
  assert.match(
    report.notes.join(),
    /^files that neither the layout nor a manifest lists: 1, the first: blobs\/sha256\/f+$/,
  );
  assert.deepEqual((await verified(t, `${layout}#one`, { platform: 'linux/amd64' })).problems, []);
  await assert.rejects(
    verified(t, `${layout}#one`, { platform: 'linux/arm64' }),
    /no such image one for linux\/arm64/,
  );
});

test('a file that is missing is no image; what looks like the name of one is asked of its registry', async (t) => {
  const folder = tempDir(t);
  await assert.rejects(verified(t, join(folder, 'none.tar')), (error) => isAppError(error, 'NOT_FOUND'));
  const registry = await startFakeRegistry(t);
  for (const name of ['a/image', 'a:3.19', `a@${digestOf('x')}`]) {
    await assert.rejects(verified(t, `${registry.host}/${name}`), (error) => isAppError(error, 'NOT_FOUND'));
  }
  assert.deepEqual(registry.asked(), [
    'GET a/image/manifests/latest',
    'GET a/image/tags/list?n=1000',
    'GET a/manifests/3.19',
    'GET a/tags/list?n=1000',
    `GET a/manifests/${digestOf('x')}`,
  ]);
});

test('a keyring that cannot be used is refused at once', async (t) => {
  const trust = { keyring: tempDir(t) };
  const path = await imageTar(t, LAYERS);
  await assert.rejects(verified(t, path, { trust }), (error) => isAppError(error, 'NOT_FOUND'));
});

test('whatever byte of whatever blob is changed, the image is not verified', async (t) => {
  const cache = tempDir(t);
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(), async (which, at) => {
      const layout = await damaged(t, (folder) => {
        const blobs = readdirSync(join(folder, 'blobs/sha256')).sort();
        const path = join(folder, 'blobs/sha256', blobs[which % blobs.length]!);
        chmodSync(path, 0o644);
        flip(path, at);
      });
      const outcome = await verified(t, layout, { cache }).then(
        (report) => report.verified,
        (error: unknown) => (isAppError(error) ? false : error),
      );
      assert.equal(outcome, false);
    }),
    { numRuns: 40 },
  );
});
