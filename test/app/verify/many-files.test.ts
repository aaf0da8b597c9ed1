import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ingest } from '../../../src/app/archives/ingest.ts';
import { diff } from '../../../src/app/verify/diff.ts';
import { FileBlock } from '../../../src/model/file-block.ts';
import { FileEntries } from '../../../src/model/file-entries.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import { type ApkSpec, makeApk } from '../../fixtures/apk.ts';
import { writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { KEY, source, use } from '../harness.ts';
import { archives, imageTar, installFiles, verified } from './verify-images.ts';

const COUNT = 3000;
const MANY: ApkSpec = {
  name: 'many',
  version: '1-r0',
  key: KEY,
  files: [
    { path: 'usr/' },
    { path: 'usr/many/' },
    ...Array.from({ length: COUNT }, (_, at) => ({ path: `usr/many/${at}`, content: `${at}` })),
  ],
};
/** Entries outside the folder of many files, read a few times each */
const FEW = 100;

function imageOf(t: TestContext): Promise<string> {
  return imageTar(t, [...archives([MANY]), { tar: installFiles([MANY]) }]);
}

/** Counts the entries that are made from packed ones; they are kept where `at` made them. */
function countEntries(t: TestContext): { readonly made: () => number; readonly kept: () => number } {
  const made = t.mock.method(FileBlock.prototype, 'decode').mock;
  const kept = t.mock.method(FileEntries.prototype, 'at').mock;
  return { made: () => made.callCount(), kept: () => kept.callCount() };
}

test('verify looks at few of the files that a package alone has in its folder', async (t) => {
  const image = await imageOf(t);
  const { made } = countEntries(t);
  const report = await verified(t, image);
  assert.deepEqual(report.problems, []);
  assert.equal(report.layers[0]?.entries, COUNT + 4);
  assert.ok(made() < FEW, `${made()} entries`);
});

test('verify keeps no file of a layer whose entries it judges one by one', async (t) => {
  const folder = tempDir(t);
  const cache = tempDir(t);
  writeFileSync(join(folder, 'many-1-r0.apk'), makeApk(MANY));
  const keyring = writeApkKeyring(tempDir(t), [KEY]);
  await use({ cache }, (context) => ingest(context, { source: source({ keyring }), inputs: [folder] }));
  const { kept, made } = countEntries(t);
  const tar = [...(MANY.files ?? []), { path: 'new' }, ...installFiles([MANY])];
  const report = await verified(t, await imageTar(t, [{ tar }]), { cache });
  assert.deepEqual(report.problems, []);
  assert.equal(report.layers[0]?.verdicts.filter(({ origin }) => origin === 'package').length, COUNT + 2);
  assert.ok(made() >= COUNT);
  assert.ok(kept() < FEW, `${kept()} entries`);
});

test('diff looks at no file of a folder that both images have from one layer', async (t) => {
  const options = { env: {}, progress: silentProgress, signal: new AbortController().signal };
  const [a, b] = [
    await imageOf(t),
    await imageTar(t, [...archives([MANY]), { tar: [...installFiles([MANY]), { path: 'new' }] }]),
  ];
  const { made } = countEntries(t);
  const report = await diff(options, { a, b, platform: '' });
  assert.deepEqual(
    report.files.map(({ path }) => path),
    ['new'],
  );
  assert.equal(report.b.files, report.a.files + 1);
  assert.ok(report.a.files > COUNT);
  assert.ok(made() < FEW, `${made()} entries`);
});
