import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { ingest } from '../../../src/app/archives/ingest.ts';
import { ANNOTATIONS } from '../../../src/compose/annotations.ts';
import { digestOf } from '../../../src/model/digest.ts';
import { type ApkSpec, makeApk } from '../../fixtures/apk.ts';
import { writeAlpineMirror, writeApkKeyring, writeArchMirror } from '../../fixtures/mirror-dir.ts';
import { signDetached, writeTestKeyring } from '../../fixtures/pgp.ts';
import { END_OF_ARCHIVE, type FixtureFile, tarEntries } from '../../fixtures/tar.ts';
import { tempDir } from '../../fixtures/temp.ts';
import type { TestLayer } from '../../output/images.ts';
import { index, KEY, source, use } from '../harness.ts';
import { BASE, imageTar, installFiles, problemsOf, purl, TOOL, verified } from './verify-images.ts';

type Hooks = Parameters<typeof tempDir>[0];

const PACKAGES = [BASE, TOOL];
const FILES = PACKAGES.flatMap(({ files = [] }) => files);
const NAMED = [{ [ANNOTATIONS.purl]: PACKAGES.map(purl).join(' ') }];

/** A cache whose catalog knows the packages' archives. */
async function knowing(t: Hooks, packages: readonly ApkSpec[] = PACKAGES): Promise<string> {
  const cache = tempDir(t);
  const folder = tempDir(t);
  for (const spec of packages) writeFileSync(join(folder, `${spec.name}-${spec.version}.apk`), makeApk(spec));
  const keyring = writeApkKeyring(tempDir(t), [KEY]);
  await use({ cache }, (context) => ingest(context, { source: source({ keyring }), inputs: [folder] }));
  return cache;
}

/** Their entries with one more, or one changed. */
function changed(path: string, change: Partial<FixtureFile>): readonly FixtureFile[] {
  const known = FILES.some((file) => file.path === path);
  return known
    ? FILES.map((file) => (file.path === path ? { ...file, ...change } : file))
    : [...FILES, { path, ...change }];
}

const bundle = (files: readonly FixtureFile[]): readonly TestLayer[] => [
  { tar: files },
  { tar: installFiles(PACKAGES) },
];

test('a bundle is compared with the archives it was made of, entry by entry', async (t) => {
  const cache = await knowing(t);
  const sound = await verified(t, await imageTar(t, bundle(FILES), { layerAnnotations: NAMED }), { cache });
  assert.deepEqual(sound.problems, []);
  assert.deepEqual(
    sound.layers.map(({ kind, packages }) => [kind, packages.length]),
    [
      ['derived', 2],
      ['install', 0],
    ],
  );
  for (const [files, path, got] of [
    [changed('usr/bin/tool', { content: 'evil' }), 'usr/bin/tool', /replaces the one of tool\+\+-2\.0-r1/],
    [changed('bin/sh', { mode: 0o4755 }), 'bin/sh', /mode 755 to 4755/],
    [changed('bin/sh', { uid: 7 }), 'bin/sh', /owner 0:0 to 7:0/],
    [changed('bin/sh', { mtime: 1 }), 'bin/sh', /time/],
    [changed('bin/sh', { xattrs: { 'user.x': 'eA==' } }), 'bin/sh', /extended attributes/],
    [changed('var/run', { linkTarget: '/evil' }), 'var/run', /to \/evil/],
    [changed('usr/bin/', { mode: 0o777 }), 'usr/bin', /mode 711 to 777/],
    [changed('usr/bin/more', { content: 'the tool' }), 'usr/bin/more', /moved/],
    [changed('dev/sda', { type: 'block', deviceMajor: 8 }), 'dev/sda', /generated/],
    [changed('srv/', { mode: 0o777 }), 'srv', /mode 777 0:0/],
  ] as const) {
    const image = await imageTar(t, bundle(files), { layerAnnotations: NAMED });
    const report = await verified(t, image, { cache });
    const [found] = report.problems;
    assert.deepEqual([found?.code, found?.layer, found?.path], ['INTEGRITY', 0, path]);
    assert.match(found?.got ?? '', got);
  }
});

test('a bundle that lacks a file of its packages', async (t) => {
  const cache = await knowing(t);
  const files = FILES.filter(({ path }) => path !== 'usr/bin/tool');
  const image = await imageTar(t, bundle(files), { layerAnnotations: NAMED });
  const report = await verified(t, image, { cache });
  assert.deepEqual(problemsOf(report), ['INTEGRITY usr/bin/tool']);
  // Hidden by the install layer it is no loss: that entry is listed.
  const hiding = [{ tar: files }, { tar: [...installFiles(PACKAGES), { path: 'usr/bin/.wh.tool' }] }];
  const told = await verified(t, await imageTar(t, hiding, { layerAnnotations: NAMED }), { cache });
  assert.deepEqual(told.problems, []);
});

test('a single layer holds the packages and what was generated', async (t) => {
  const cache = await knowing(t);
  const files = [...FILES, ...installFiles(PACKAGES).filter(({ path }) => !path.startsWith('.wh'))];
  for (const layerAnnotations of [NAMED, []]) {
    const report = await verified(t, await imageTar(t, [{ tar: files }], { layerAnnotations }), { cache });
    assert.deepEqual(report.problems, []);
    const origins = report.layers[0]?.verdicts.map(({ path, origin }) => `${path} ${origin}`) ?? [];
    assert.ok(origins.includes('usr/bin/tool package'));
    assert.ok(origins.includes('lib/apk/db/installed database'));
  }
});

test('without the archives a derived layer is not vouched for, and how to get them is said', async (t) => {
  const image = await imageTar(t, bundle(FILES), { layerAnnotations: NAMED });
  const nothing = await verified(t, image);
  assert.deepEqual(problemsOf(nothing), ['NOT_FOUND 0']);
  assert.match(nothing.problems[0]?.message ?? '', /base-1\.0-r0, tool\+\+-2\.0-r1/);
  assert.match(nothing.problems[0]?.hint ?? '', /compose index --distro alpine --arch x86_64/);
  const cache = tempDir(t);
  const keyring = writeApkKeyring(tempDir(t), [KEY]);
  const repository = writeAlpineMirror(tempDir(t), { packages: PACKAGES, key: KEY });
  await index(cache, { repositories: [repository], keyring });
  const indexed = await verified(t, image, { cache, trust: { keyring } });
  assert.equal(
    indexed.problems[0]?.hint,
    `Fetch its archives: compose ingest ${PACKAGES.map(({ name, version }) => join(repository, `${name}-${version}.apk`)).join(' ')}`,
  );
});

test('archives that the catalog took in untrusted vouch for nothing', async (t) => {
  const cache = tempDir(t);
  const folder = tempDir(t);
  const unsigned = PACKAGES.map((spec) => ({ ...spec, key: null }));
  for (const spec of unsigned) writeFileSync(join(folder, `${spec.name}-${spec.version}.apk`), makeApk(spec));
  await use({ cache }, (context) =>
    ingest(context, { source: source({ allowUntrusted: true }), inputs: [folder] }),
  );
  const image = await imageTar(t, bundle(FILES), { layerAnnotations: NAMED });
  assert.deepEqual(problemsOf(await verified(t, image, { cache })), ['NOT_FOUND 0']);
  const allowed = await verified(t, image, { cache, trust: { allowUntrusted: true } });
  assert.deepEqual(allowed.problems, []);
});

test('packages below a prefix', async (t) => {
  const cache = await knowing(t);
  const below = (files: readonly FixtureFile[]) =>
    files.map((file) => ({
      ...file,
      path: `opt/tools/${file.path}`,
      ...(file.type === 'hardlink' ? { linkTarget: `opt/tools/${file.linkTarget}` } : {}),
    }));
  const install = below(installFiles(PACKAGES).filter(({ path }) => !path.startsWith('.wh')));
  const layers = (files: readonly FixtureFile[]) => [{ tar: below(files) }, { tar: install }];
  const image = await imageTar(t, layers(FILES), { layerAnnotations: NAMED });
  assert.deepEqual((await verified(t, image, { cache })).problems, []);
  const evil = changed('usr/bin/tool', { content: 'evil' });
  const other = await imageTar(t, layers(evil), { layerAnnotations: NAMED });
  assert.deepEqual(problemsOf(await verified(t, other, { cache })), ['INTEGRITY 0 opt/tools/usr/bin/tool']);
});

/** What `docker save` before 25 writes: plain tars in folders, a config, manifest.json; a layer that repeats is a symlink. */
function dockerSave(t: Hooks, tars: readonly Buffer[], tag: string): string {
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: tars.map((tar) => digestOf(tar)) },
  });
  const configName = `${createHash('sha256').update(config).digest('hex')}.json`;
  const seen = new Map<string, string>();
  const files: FixtureFile[] = [];
  const names = tars.map((tar, at) => {
    const name = `layer${at}/layer.tar`;
    const first = seen.get(digestOf(tar));
    files.push({ path: `layer${at}/VERSION`, content: '1.0' });
    files.push(
      first === undefined ? { path: name, content: tar } : { path: name, linkTarget: `../${first}` },
    );
    seen.set(digestOf(tar), first ?? name);
    return name;
  });
  const manifest = JSON.stringify([{ Config: configName, RepoTags: [tag], Layers: names }]);
  const path = join(tempDir(t), 'saved.tar');
  const all = [...files, { path: configName, content: config }, { path: 'manifest.json', content: manifest }];
  writeFileSync(path, Buffer.concat([tarEntries(all), END_OF_ARCHIVE]));
  return path;
}

test('a plain docker save: layers are told by the bytes that the archives inflate to', async (t) => {
  const cache = await knowing(t);
  const tars = PACKAGES.map((spec) => gunzipSync(makeApk(spec)));
  const install = Buffer.concat([tarEntries(installFiles(PACKAGES)), END_OF_ARCHIVE]);
  const path = dockerSave(t, [...tars, tars[0] as Buffer, install], 'tools:1');
  const report = await verified(t, path, { cache });
  assert.deepEqual(report.problems, []);
  assert.deepEqual([report.digest, report.tags], [null, ['tools:1']]);
  assert.deepEqual(
    report.layers.map(({ kind, packages }) => [kind, packages.map(({ name }) => name).join()]),
    [
      ['derived', 'base'],
      ['derived', 'tool++'],
      ['derived', 'base'],
      ['install', 'base,tool++'],
    ],
  );
  const swapped = dockerSave(t, [tars[1] as Buffer, install, tars[0] as Buffer], 'tools:1');
  assert.equal((await verified(t, swapped, { cache })).verified, false);
  assert.equal((await verified(t, path)).verified, false);
});

test('Arch: vouched for by an index, whose entries carry the signatures', async (t) => {
  const keyring = tempDir(t);
  const { packager } = await writeTestKeyring(keyring);
  const packages = [
    { name: 'filesystem', version: '1-1', files: [{ path: 'etc/' }, { path: 'etc/hosts', content: 'x' }] },
  ];
  const repository = await writeArchMirror(tempDir(t), {
    packages,
    compression: 'gzip',
    sign: (bytes) => signDetached(packager, bytes),
  });
  const blob = readFileSync(join(repository, 'filesystem-1-1-x86_64.pkg.tar.gz'));
  const desc = { path: 'var/lib/pacman/local/filesystem-1-1/desc', content: '%NAME%\nfilesystem\n' };
  const image = await imageTar(t, [{ blob }, { tar: [desc] }]);
  const trust = { distro: 'arch' as const, keyring };
  const nothing = await verified(t, image, { trust });
  assert.deepEqual(problemsOf(nothing), ['SIGNATURE 0']);
  assert.match(nothing.problems[0]?.hint ?? '', /compose index --distro arch/);
  const cache = tempDir(t);
  await index(cache, { ...trust, repositories: [`core=${repository}`] });
  const report = await verified(t, image, { cache, trust });
  assert.deepEqual(report.problems, []);
  assert.deepEqual(report.layers[0]?.packages[0]?.vouching, { by: 'signature', key: packager.fingerprint });
  assert.deepEqual(
    report.layers[1]?.verdicts.map(({ origin }) => origin),
    ['database'],
  );
  // Another archive of that version.
  const other = await writeArchMirror(tempDir(t), {
    packages: packages.map((one) => ({ ...one, files: [{ path: 'etc/hosts', content: 'evil' }] })),
    compression: 'gzip',
  });
  const evil = readFileSync(join(other, 'filesystem-1-1-x86_64.pkg.tar.gz'));
  const refused = await verified(t, await imageTar(t, [{ blob: evil }, { tar: [desc] }]), { cache, trust });
  assert.deepEqual(problemsOf(refused), ['INTEGRITY 0']);
  assert.equal(refused.problems[0]?.expected, createHash('sha256').update(blob).digest('hex'));
  assert.equal(refused.problems[0]?.got, createHash('sha256').update(evil).digest('hex'));
});

test('an index within an index: the image of the platform that is asked for', async (t) => {
  const layout = tempDir(t);
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
  const put = (bytes: Uint8Array | string) => {
    const digest = digestOf(bytes);
    writeFileSync(join(layout, 'blobs/sha256', digest.slice(7)), bytes);
    return { digest, size: Buffer.byteLength(bytes) };
  };
  const type = (name: string) => `application/vnd.oci.image.${name}`;
  const manifests = ['amd64', 'arm64'].map((architecture) => {
    const layers = [makeApk(BASE), Buffer.concat([tarEntries(installFiles([BASE])), END_OF_ARCHIVE])];
    const diff_ids = [digestOf(gunzipSync(layers[0]!)), digestOf(layers[1]!)];
    const config = put(JSON.stringify({ architecture, os: 'linux', rootfs: { type: 'layers', diff_ids } }));
    const [first, second] = layers.map(put);
    const manifest = {
      schemaVersion: 2,
      config: { mediaType: type('config.v1+json'), ...config },
      layers: [
        { mediaType: type('layer.v1.tar+gzip'), ...first },
        { mediaType: type('layer.v1.tar'), ...second },
      ],
    };
    return {
      mediaType: type('manifest.v1+json'),
      ...put(JSON.stringify(manifest)),
      platform: { os: 'linux', architecture },
    };
  });
  const inner = put(JSON.stringify({ schemaVersion: 2, manifests }));
  const outer = {
    schemaVersion: 2,
    manifests: [
      {
        mediaType: type('index.v1+json'),
        ...inner,
        annotations: { 'org.opencontainers.image.ref.name': 'both:1' },
      },
    ],
  };
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(layout, 'index.json'), JSON.stringify(outer));
  await assert.rejects(verified(t, layout), /both:1 \(linux\/amd64\), both:1 \(linux\/arm64\)/);
  const report = await verified(t, `${layout}#both:1`, { platform: 'linux/arm64' });
  assert.deepEqual(report.problems, []);
  assert.deepEqual([report.platform, report.notes], ['linux/arm64', []]);
});
