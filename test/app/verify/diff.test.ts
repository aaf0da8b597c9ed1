import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { diff } from '../../../src/app/verify/diff.ts';
import { diffFiles } from '../../../src/app/verify/diff-files.ts';
import { ANNOTATIONS } from '../../../src/compose/annotations.ts';
import { isAppError } from '../../../src/model/app-error.ts';
import type { DiffReport } from '../../../src/model/diff-report.ts';
import { digestOf } from '../../../src/model/digest.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import { blobPath } from '../../../src/output/image.ts';
import { writeOciDirectory } from '../../../src/output/oci-dir.ts';
import { impliedDirectory, type RootfsInode, RootfsNode } from '../../../src/output/rootfs-node.ts';
import { makeArchPackage } from '../../fixtures/arch.ts';
import type { FixtureFile } from '../../fixtures/tar.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { makeImage, type TestImageOptions, type TestLayer } from '../../output/images.ts';
import { archives, BASE, imageTar, installedDatabase, installFiles, purl, TOOL } from './verify-images.ts';

const options = { env: {}, progress: silentProgress, signal: new AbortController().signal };

function differ(a: string, b: string): Promise<DiffReport> {
  return diff(options, { a, b, platform: '' });
}

const NEWER = { ...TOOL, version: '2.1-r0' };
const EXTRA = { name: 'extra', version: '1-r0' };

/** `name from to`, dashes for none. */
const packagesOf = ({ packages }: DiffReport) =>
  packages.map(({ name, from, to }) => `${name} ${from ?? '-'} ${to ?? '-'}`);

test('an image and itself, as tar and as folder', async (t) => {
  const layers = [...archives([BASE, TOOL]), { tar: installFiles([BASE, TOOL]) }];
  const tar = await imageTar(t, layers);
  const folder = join(tempDir(t), 'layout');
  await writeOciDirectory(makeImage(tempDir(t), layers), folder);
  const report = await differ(tar, folder);
  assert.equal(report.equal, true);
  assert.deepEqual([report.packages, report.files, report.config], [[], [], []]);
  assert.deepEqual([report.layers.shared.length, report.layers.fetchBytes], [3, 0]);
  const { image: _a, ...a } = report.a;
  const { image: _b, ...b } = report.b;
  assert.deepEqual(a, b);
  assert.deepEqual([a.packages, a.layers, a.platform], [2, 3, 'linux/amd64']);
});

test('packages by what layers say of themselves, their .PKGINFO and the image’s lists', async (t) => {
  const said = (specs: readonly { name: string; version: string }[]): TestImageOptions => ({
    layerAnnotations: [{ [ANNOTATIONS.purl]: specs.map(purl).join(' ') }],
  });
  const bundle: readonly TestLayer[] = [{ tar: [{ path: 'x' }] }];
  const one = await imageTar(t, bundle, said([BASE, TOOL]));
  const two = await imageTar(t, bundle, said([BASE, NEWER, EXTRA]));
  assert.deepEqual(packagesOf(await differ(one, two)), ['extra - 1-r0', 'tool++ 2.0-r1 2.1-r0']);
  assert.deepEqual(packagesOf(await differ(two, one)), ['extra 1-r0 -', 'tool++ 2.1-r0 2.0-r1']);
  const byInfo = await imageTar(t, archives([BASE, NEWER]));
  const byDatabase = await imageTar(t, [
    { tar: [{ path: 'lib/apk/db/installed', content: installedDatabase([BASE, TOOL]) }] },
  ]);
  const manifest = { distro: 'alpine', packages: [BASE, { ...TOOL, version: '9' }] };
  const byManifest = await imageTar(t, [
    { tar: [{ path: '.pkg/manifest.json', content: JSON.stringify(manifest) }] },
  ]);
  assert.deepEqual(packagesOf(await differ(byInfo, byDatabase)), ['tool++ 2.1-r0 2.0-r1']);
  assert.deepEqual(packagesOf(await differ(byDatabase, byManifest)), ['tool++ 2.0-r1 9']);
  const arch = makeArchPackage({ name: 'bash', version: '1:5-1', files: [] }, 'gzip');
  const local = { path: 'var/lib/pacman/local/bash-1:5-2/desc', content: '%NAME%\n' };
  assert.deepEqual(
    packagesOf(await differ(await imageTar(t, [{ blob: arch }]), await imageTar(t, [{ tar: [local] }]))),
    ['bash 1:5-1 1:5-2'],
  );
});

test('layers: shared, only in one, in another order, and what a client fetches', async (t) => {
  const [base, tool] = archives([BASE, TOOL]) as [TestLayer, TestLayer];
  const extra: TestLayer = { tar: [{ path: 'e', content: 'e'.repeat(5000) }], encoding: 'none' };
  const a = await imageTar(t, [base, tool]);
  const b = await imageTar(t, [base, extra, extra]);
  const { layers } = await differ(a, b);
  assert.deepEqual([layers.shared.length, layers.onlyA.length, layers.onlyB.length], [1, 1, 2]);
  assert.equal(layers.fetchBytes, layers.onlyB[0]?.sizeBytes);
  assert.equal(layers.reordered, false);
  const swapped = await differ(a, await imageTar(t, [tool, base]));
  assert.deepEqual([swapped.equal, swapped.layers.reordered], [false, true]);
  assert.deepEqual(swapped.layers.onlyA, []);
});

const file = (change: Partial<FixtureFile> = {}): FixtureFile => ({
  path: 'etc/file',
  content: 'content',
  ...change,
});

test('files: every aspect that differs', async (t) => {
  for (const [from, to, changes] of [
    [file(), file({ content: 'CONTENT' }), ['content']],
    [file(), file({ mode: 0o600, uid: 3 }), ['mode', 'owner']],
    [file(), file({ gid: 3 }), ['owner']],
    [file(), file({ mtime: 1 }), ['mtime']],
    [file(), file({ xattrs: { 'user.a': 'YQ==' } }), ['xattrs']],
    [file(), { path: 'etc/file', linkTarget: 'x' }, ['type']],
    [{ path: 'etc/file', linkTarget: 'x' }, { path: 'etc/file', linkTarget: 'y' }, ['link']],
    [
      file({ type: 'character', deviceMajor: 1, deviceMinor: 3 }),
      file({ type: 'character', deviceMajor: 1, deviceMinor: 5 }),
      ['device'],
    ],
  ] as const) {
    const rest = [{ path: 'etc/' }, { path: 'etc/same', content: 'same' }];
    const one = await imageTar(t, [{ tar: [...rest, from] }]);
    const other = await imageTar(t, [{ tar: [...rest, to] }]);
    const { files, equal } = await differ(one, other);
    assert.equal(equal, false);
    assert.deepEqual(
      files.map(({ path, changes: found }) => [path, found]),
      [['etc/file', changes]],
    );
  }
  const linked = [file(), { path: 'etc/other', type: 'hardlink' as const, linkTarget: 'etc/file' }];
  const apart = [file(), { path: 'etc/other', content: 'content' }];
  const report = await differ(await imageTar(t, [{ tar: linked }]), await imageTar(t, [{ tar: apart }]));
  assert.deepEqual(
    report.files.map(({ path, changes }) => [path, changes]),
    [['etc/other', ['hard link']]],
  );
});

test('files: those of one image alone; times of folders do not count', async (t) => {
  const a = await imageTar(t, [{ tar: [{ path: 'etc/', mtime: 5 }, file(), { path: 'old' }] }]);
  const b = await imageTar(t, [{ tar: [{ path: 'etc/', mtime: 6 }, file(), { path: 'new', mode: 0o755 }] }]);
  const { files } = await differ(a, b);
  assert.deepEqual(
    files.map(({ path, from, to }) => [
      path,
      from?.split(' ', 2).join(' ') ?? null,
      to?.split(' ', 2).join(' ') ?? null,
    ]),
    [
      ['new', null, 'file 755'],
      ['old', 'file 644', null],
    ],
  );
});

test('configuration: variables by name, and the manifest where nothing else differs', async (t) => {
  const layers: readonly TestLayer[] = [{ tar: [file()] }];
  const config = (more: object) => ({ config: { Env: ['PATH=/bin', 'A=1'], ...more } });
  const a = await imageTar(t, layers, {
    config: config({ Cmd: ['/bin/sh'], Labels: { l: '1' } }),
    annotations: { x: '1' },
  });
  const b = await imageTar(t, layers, {
    config: { ...config({ Env: ['PATH=/bin', 'A=2', 'B=x=y'], Labels: { l: '2' } }), architecture: 'arm64' },
  });
  assert.deepEqual((await differ(a, b)).config, [
    { key: 'annotation x', from: '1', to: null },
    { key: 'architecture', from: 'amd64', to: 'arm64' },
    { key: 'config.Cmd', from: '["/bin/sh"]', to: null },
    { key: 'config.Env A', from: '1', to: '2' },
    { key: 'config.Env B', from: null, to: 'x=y' },
    { key: 'config.Labels l', from: '1', to: '2' },
  ]);
  const history = await imageTar(t, layers, { config: { history: [{ created_by: 'other' }] } });
  const plain = await imageTar(t, layers);
  const report = await differ(plain, history);
  assert.deepEqual([report.equal, report.config.map(({ key }) => key)], [false, ['manifest', 'history']]);
  const annotated = await imageTar(t, layers, { layerAnnotations: [{ 'dev.example': 'main' }] });
  const [manifest, annotation] = (await differ(plain, annotated)).config;
  assert.equal(manifest?.key, 'manifest');
  assert.deepEqual(annotation, { key: 'layer 0 annotation dev.example', from: null, to: 'main' });
  const both = await imageTar(t, layers, {
    layerAnnotations: [{ 'dev.example': 'main' }],
    config: { architecture: 'arm64' },
  });
  assert.deepEqual(
    (await differ(plain, both)).config.map(({ key }) => key),
    ['architecture', 'layer 0 annotation dev.example'],
  );
});

test('a layer that both have is checked in each of them', async (t) => {
  const layers: readonly TestLayer[] = [{ tar: [file()] }, { tar: [file(), { path: 'more' }] }];
  const sound = await imageTar(t, layers);
  for (const at of [0, 1]) {
    const image = makeImage(tempDir(t), layers);
    const layout = join(tempDir(t), 'layout');
    await writeOciDirectory(image, layout);
    const path = join(layout, blobPath(image.layers[at]!.digest));
    const bytes = readFileSync(path);
    bytes[bytes.length - 9] = bytes[bytes.length - 9]! ^ 1;
    chmodSync(path, 0o644);
    writeFileSync(path, bytes);
    for (const pair of [
      [sound, layout],
      [layout, sound],
      [layout, layout],
    ] as const) {
      await assert.rejects(differ(...pair), (error) => isAppError(error, 'INTEGRITY'), `${at}`);
    }
  }
});

test('damaged and missing images are refused, whichever of the two it is', async (t) => {
  const sound = await imageTar(t, [{ tar: [file()] }]);
  const wrong = await imageTar(t, [{ tar: [file()] }], { diffIds: [digestOf('x')] });
  for (const pair of [
    [sound, wrong],
    [wrong, sound],
  ] as const) {
    await assert.rejects(differ(...pair), (error) => isAppError(error, 'INTEGRITY'));
  }
  await assert.rejects(differ(sound, join(tempDir(t), 'none')), (error) => isAppError(error, 'NOT_FOUND'));
  const aborted = { ...options, signal: AbortSignal.abort() };
  await assert.rejects(diff(aborted, { a: sound, b: sound, platform: '' }), (error) =>
    isAppError(error, 'CANCELLED'),
  );
});

const entry = fc.record({
  type: fc.constantFrom('file', 'directory', 'symlink'),
  mode: fc.constantFrom(0o644, 0o755),
  uid: fc.nat(1),
  gid: fc.nat(1),
  sizeBytes: fc.nat(1),
  mtime: fc.nat(1),
  linkTarget: fc.constantFrom('', 'a'),
  sha256: fc.constantFrom('', 'aa'),
  deviceMajor: fc.constant(0),
  deviceMinor: fc.constant(0),
  xattrs: fc.constantFrom({}, { a: 'b' }),
  layer: fc.nat(3),
  implicit: fc.boolean(),
});
const rootfs = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), entry).map((entries) => {
  const root = impliedDirectory(-1);
  for (const [name, inode] of Object.entries(entries))
    root.children.set(name, new RootfsNode(inode as RootfsInode, inode.layer));
  return root;
});

test('differences of files: none of a root to itself, and the same in both directions', () => {
  fc.assert(
    fc.property(rootfs, rootfs, (a, b) => {
      assert.deepEqual(diffFiles(a, a), []);
      const there = diffFiles(a, b);
      const back = diffFiles(b, a).map(({ from, to, ...rest }) => ({ ...rest, from: to, to: from }));
      assert.deepEqual(
        there.map(({ path, changes }) => [path, changes]),
        back.map(({ path, changes }) => [path, changes]),
      );
      assert.deepEqual(
        there.map(({ from, to }) => [from, to]),
        back.map(({ from, to }) => [from, to]),
      );
    }),
  );
});
