import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compose } from '../../../src/app/compose/compose.ts';
import { addedPaths } from '../../../src/app/settings/setting-values.ts';
import { verify } from '../../../src/app/verify/verify.ts';
import type { AddedPath, ComposeReport, ComposeRequest } from '../../../src/model/request.ts';
import { required } from '../../../src/model/required.ts';
import { openImage } from '../../../src/output/open-image.ts';
import { readLayer } from '../../../src/output/verify-layer.ts';
import { writeAlpineMirror, writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { verifyImage } from '../../output/verify-image.ts';
import { KEY, refused, request, small, source, use } from '../harness.ts';

interface TestHooks {
  after(fn: () => void): void;
}

const TOOL = small('tool', {
  files: [
    { path: 'lib', linkTarget: 'usr/lib' },
    { path: 'usr/' },
    { path: 'usr/lib/' },
    { path: 'usr/lib/libc', content: 'c' },
    { path: 'root/', mode: 0o700 },
  ],
});

function setup(t: TestHooks) {
  const folder = tempDir(t);
  const repository = writeAlpineMirror(join(folder, 'mirror'), { packages: [TOOL], key: KEY });
  const from = { repositories: [repository], keyring: writeApkKeyring(join(folder, 'keys'), [KEY]) };
  const app = join(folder, 'app');
  mkdirSync(join(app, 'bin'), { recursive: true });
  writeFileSync(join(app, 'bin/run'), '#!/bin/sh\n');
  chmodSync(join(app, 'bin/run'), 0o700);
  writeFileSync(join(app, 'data'), 'd'.repeat(400_000));
  symlinkSync('bin/run', join(app, 'start'));
  const path = join(folder, 'out.tar');
  const wanted = (texts: readonly string[], more: Partial<ComposeRequest> = {}) =>
    request(['tool'], from, {
      add: texts.length === 0 ? undefined : addedPaths(texts, 'add'),
      output: { path, format: 'tar', load: undefined },
      ...more,
    });
  const run = (texts: readonly string[], more?: Partial<ComposeRequest>): Promise<ComposeReport> =>
    use({ cache: join(folder, 'cache') }, (context) => compose(context, wanted(texts, more)));
  return { folder, app, path, from, run };
}

test('files and folders are one layer above the others, with their parents as they were', async (t) => {
  const { folder, app, path, from, run } = setup(t);
  const plain = await run([]);
  const report = await run([`${app}:/opt/app`, `${app}/data:/lib/`, `${app}/bin/run:/root/go:4755:7.8`]);
  const kinds = report.layers.map(({ kind }) => kind);
  assert.deepEqual(kinds, ['package', 'install', 'files']);
  assert.deepEqual(report.layers.slice(0, -1), plain.layers, 'what is below does not change');
  const opened = await openImage(path);
  const { entries } = await readLayer(opened, required(opened.manifest.layers, 2), {
    index: 2,
    advance() {},
  });
  const seen = [...entries].map(({ path, type, mode, uid, gid, sizeBytes, linkTarget }) =>
    `${path} ${type} ${mode.toString(8)} ${uid}:${gid} ${sizeBytes} ${linkTarget}`.trim(),
  );
  assert.deepEqual(seen, [
    'opt directory 755 0:0 0',
    'opt/app directory 755 0:0 0',
    'opt/app/bin directory 755 0:0 0',
    'opt/app/bin/run file 755 0:0 10',
    'opt/app/data file 644 0:0 400000',
    'opt/app/start symlink 777 0:0 0 bin/run',
    'root directory 700 0:0 0',
    'root/go file 4755 7:8 10',
    'usr directory 755 0:0 0',
    'usr/lib directory 755 0:0 0',
    'usr/lib/data file 644 0:0 400000',
  ]);
  assert.equal((await verifyImage(path)).layers.length, 3);
  const verified = await use({ cache: join(folder, 'cache') }, (context) =>
    verify(context, { image: path, platform: '', trust: source(from) }),
  );
  assert.deepEqual(verified.problems, []);
  assert.deepEqual(
    verified.layers.map(({ kind }) => kind),
    ['package', 'install', 'files'],
  );
  const generated = required(verified.layers, 2).verdicts.filter(({ origin }) => origin === 'generated');
  assert.deepEqual(
    generated.map(({ path }) => path),
    ['opt/app/bin/run', 'opt/app/data', 'root/go', 'usr/lib/data'],
  );
});

test('who copied the files, and when, decides no byte; their contents do', async (t) => {
  const { app, run } = setup(t);
  const { digest } = await run([`${app}:/opt/app`]);
  utimesSync(join(app, 'data'), 1, 1);
  chmodSync(join(app, 'data'), 0o600);
  assert.equal((await run([`${app}:/opt/app`])).digest, digest);
  writeFileSync(join(app, 'data'), 'e'.repeat(400_000));
  assert.notEqual((await run([`${app}:/opt/app`])).digest, digest);
});

test('an added file may replace one of a package, which verify tells', async (t) => {
  const { folder, app, path, from, run } = setup(t);
  await run([`${app}/data:/usr/lib/libc`]);
  const { problems } = await use({ cache: join(folder, 'cache') }, (context) =>
    verify(context, { image: path, platform: '', trust: source(from) }),
  );
  assert.match(
    problems.map(({ message }) => message).join('\n'),
    /usr\/lib\/libc: expected the bytes of its package/,
  );
});

test('the program that a config names may be an added one', async (t) => {
  const { app, run } = setup(t);
  const config = { ...request([], {}).config, cmd: ['/opt/app/start'] };
  assert.equal((await run([`${app}:/opt/app`], { config })).runs, true);
  assert.equal((await run([], { config })).runs, false);
});

test('sources that cannot be added are refused with their names', async (t) => {
  const { app, run } = setup(t);
  await refused(run([`${app}/none:/x`]), 'NOT_FOUND', /--add .*app\/none: no such file or folder/);
  await refused(run([`${app}:/usr/lib/libc`]), 'CONFLICT', /\/usr\/lib\/libc is a file in the image/);
  await refused(run([`${app}/data:/usr/lib`]), 'CONFLICT', /\/usr\/lib is a directory in the image/);
  await refused(run(['/dev/null:/x']), 'UNSUPPORTED', /expected a file, folder or symlink/);
  rmSync(join(app, 'data'));
  symlinkSync('/nowhere', join(app, 'data'));
  await run([`${app}:/opt/app`]);
});

const READ: readonly (readonly [text: string, Partial<AddedPath> | undefined])[] = [
  ['dist:/opt/app', { source: 'dist', destination: 'opt/app', mode: undefined, uid: 0, gid: 0 }],
  ['a:b:/c', { source: 'a:b', destination: 'c' }],
  ['/x/y/:/opt/', { source: '/x/y/', destination: 'opt/y' }],
  ['x/d:/', { destination: 'd' }],
  ['run.sh://usr//bin/run:755', { destination: 'usr/bin/run', mode: 0o755 }],
  ['d:/srv:644:1000.7', { mode: 0o644, uid: 1000, gid: 7 }],
  ['d:/srv:644:1000', { uid: 1000, gid: 1000 }],
  ['d:srv', undefined],
  ['d', undefined],
  [':/srv', undefined],
  ['d:/a/../b', undefined],
  ['d:/.wh.b', undefined],
  ['d:/b:999', undefined],
  ['d:/b:644:4294967296', undefined],
];

test('how additions are written', () => {
  for (const [text, expected] of READ) {
    if (expected === undefined) assert.throws(() => addedPaths([text], 'add'), { code: 'USAGE' }, text);
    else {
      const [got] = addedPaths([text], 'add');
      assert.deepEqual({ ...got, ...expected }, got, text);
    }
  }
});
