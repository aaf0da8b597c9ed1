import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { type FileList, FileListCollector } from '../../../src/distros/shared/file-list.ts';
import {
  DATA_AFTER_END,
  EARLY_END,
  OVER_ITS_OWN,
  STRAY_ZERO_BLOCK,
} from '../../../src/distros/shared/layer-problems.ts';
import { isAppError } from '../../../src/model/app-error.ts';
import { type FixtureFile, tarEntries } from '../../fixtures/tar.ts';

const END = Buffer.alloc(1024);
const FIRST = tarEntries([{ path: '.PKGINFO', content: 'pkgname = a\n' }]);
const SECOND = tarEntries([
  { path: 'etc', type: 'directory' },
  { path: 'etc/big', content: 'x'.repeat(100_000) },
]);

/** Every buffer is a segment, handed over in pieces of `step`. */
function collect(segments: readonly Buffer[], step = 1 << 20): FileList {
  const collector = new FileListCollector({ where: 'x.apk', keep: ({ path }) => path === '.PKGINFO' });
  for (const [segment, bytes] of segments.entries()) {
    for (let at = 0; at < bytes.length; at += step) collector.write(bytes.subarray(at, at + step), segment);
  }
  return collector.finish();
}

test('lists, hashes and keeps, however the bytes are cut', () => {
  const whole = Buffer.concat([FIRST, SECOND, END]);
  for (const step of [1, 513, 1 << 20]) {
    const list = collect([whole], step);
    assert.deepEqual(
      list.files.map((file) => [file.path, file.sizeBytes]),
      [
        ['.PKGINFO', 12],
        ['etc', 0],
        ['etc/big', 100_000],
      ],
    );
    assert.equal(list.files.at(2).sha256, createHash('sha256').update('x'.repeat(100_000)).digest('hex'));
    assert.equal(list.contents.get('.PKGINFO')?.toString(), 'pkgname = a\n');
    assert.equal(list.diffId, `sha256:${createHash('sha256').update(whole).digest('hex')}`);
    assert.equal(list.uncompressedSizeBytes, whole.length);
    assert.equal(list.layerProblem, undefined);
  }
});

test('what engines would not read to the end is named, and listed where it is a segment of its own', () => {
  const early = collect([Buffer.concat([FIRST, END]), Buffer.concat([SECOND, END])]);
  assert.equal(early.layerProblem, EARLY_END);
  assert.equal(early.files.length, 3);
  const big = early.files.at(2);
  const joined = Buffer.concat([FIRST, END, SECOND]);
  assert.equal(joined.subarray(big.offset, big.offset + 3).toString(), 'xxx');
  assert.equal(
    collect([Buffer.concat([FIRST, Buffer.alloc(512), SECOND, END])]).layerProblem,
    STRAY_ZERO_BLOCK,
  );
  assert.equal(collect([Buffer.concat([FIRST, END, SECOND])]).layerProblem, DATA_AFTER_END);
  assert.equal(collect([FIRST, SECOND]).layerProblem, undefined, 'no end at all is accepted');
  assert.equal(
    collect([Buffer.concat([FIRST, END]), Buffer.alloc(9 * 1024)]).layerProblem,
    undefined,
    'zeros behind the end',
  );
});

test('a single zero block at the end of a tar of its own is a stray one for engines', () => {
  const alone = (zeros: number) => {
    const collector = new FileListCollector({ where: 'x.apk', keep: () => false, standsAlone: () => true });
    collector.write(Buffer.concat([FIRST, Buffer.alloc(zeros)]), 0);
    collector.write(Buffer.concat([SECOND, END]), 1);
    return collector.finish().layerProblem;
  };
  assert.equal(alone(512), STRAY_ZERO_BLOCK);
  assert.equal(alone(0), undefined);
});

test('a kept member stands once', () => {
  assert.throws(
    () => collect([FIRST, FIRST]),
    (error) => isAppError(error, 'BAD_ARCHIVE') && /second one/.test(error.message),
  );
});

test('a cut tar is refused', () => {
  const whole = Buffer.concat([FIRST, SECOND]);
  for (const at of [100, 520, 1024 + 300, whole.length - 1000]) {
    assert.throws(
      () => collect([whole.subarray(0, at)]),
      (error) => isAppError(error, 'BAD_ARCHIVE'),
      `cut at ${at}`,
    );
  }
});

test('a path that is a directory and something else is found, whichever comes first', () => {
  const problem = (...entries: readonly FixtureFile[]) =>
    collect([Buffer.concat([tarEntries(entries), END])]).layerProblem;
  const [listed, file, below] = [
    { path: 'a', type: 'directory' },
    { path: 'a', content: 'x' },
    { path: 'a/b', content: 'x' },
  ] as const;
  assert.equal(problem(listed, file), OVER_ITS_OWN);
  assert.equal(problem(file, listed), OVER_ITS_OWN);
  assert.equal(problem(file, below), OVER_ITS_OWN);
  assert.equal(problem(below, file), OVER_ITS_OWN);
  assert.equal(problem(listed, below, listed, { path: 'ab', content: 'x' }), undefined);
});

test('a hard link names an earlier file, however many entries were packed before', () => {
  const many = Array.from({ length: 5000 }, (_, index) => ({ path: `file${index}`, content: '' }));
  const folder = { path: 'folder', type: 'directory' } as const;
  const link = (path: string, linkTarget: string) => ({ path, type: 'hardlink', linkTarget }) as const;
  const read = (...entries: readonly FixtureFile[]) =>
    collect([Buffer.concat([tarEntries(entries), END])]).files.length;
  const links = [link('first', 'file0'), link('last', 'file4999'), link('again', 'first')];
  assert.equal(read(...many, ...links), 5003);
  for (const wrong of [link('l', 'file5000'), link('l', 'l'), link('l', 'folder')])
    assert.throws(
      () => read(folder, ...many, link('first', 'file0'), wrong),
      (error) => isAppError(error, 'BAD_ARCHIVE') && error.message.includes('not an earlier file'),
    );
});
