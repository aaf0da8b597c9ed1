import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  infoList,
  infoNumber,
  infoValue,
  infoWord,
  parsePkgInfo,
} from '../../../src/distros/shared/pkginfo.ts';
import { isAppError } from '../../../src/model/app-error.ts';

function parse(text: string): ReturnType<typeof parsePkgInfo> {
  return parsePkgInfo(Buffer.from(text), 'x.apk');
}

test('keys and values, comments and repeats', () => {
  const info = parse(
    '# made by x\npkgname = a\nlicense = MIT AND BSD = both\n\ndepend = b\ndepend=c>1\nsize = 12\nempty =\n',
  );
  assert.equal(infoValue(info, 'pkgname'), 'a');
  assert.equal(infoValue(info, 'license'), 'MIT AND BSD = both');
  assert.deepEqual(infoList(info, 'depend'), ['b', 'c>1']);
  assert.equal(infoNumber(info, 'size'), 12);
  assert.equal(infoNumber(info, 'pkgname'), 0);
  assert.equal(infoNumber(info, 'none'), 0);
  assert.equal(infoValue(info, 'empty'), '');
  assert.deepEqual(infoList(info, 'none'), []);
});

test('names of the prototype are keys like any other', () => {
  const info = parse('__proto__ = a\nconstructor = b\ntoString = c\n');
  assert.deepEqual(Object.keys(info), ['__proto__', 'constructor', 'toString']);
  assert.equal(infoValue(parse('a = b'), 'constructor'), '');
});

test('lines that are none of it are refused with their number', () => {
  for (const text of ['a = b\nhello\n', 'a = b\n= c\n']) {
    assert.throws(
      () => parse(text),
      (error) => isAppError(error, 'BAD_ARCHIVE') && /line 2/.test(error.message),
    );
  }
});

test('a word is one path component', () => {
  assert.equal(infoWord(parse('pkgname = libstdc++'), 'pkgname', 'x'), 'libstdc++');
  for (const value of ['', '.', '..', 'a/b', 'a b', 'a\tb', 'a\u0007']) {
    assert.throws(
      () => infoWord(parse(`pkgname = ${value}`), 'pkgname', 'x'),
      (error) => isAppError(error, 'BAD_ARCHIVE'),
      value,
    );
  }
  assert.throws(
    () => infoWord(parse(''), 'pkgname', 'x'),
    (error) => isAppError(error, 'BAD_ARCHIVE'),
  );
});
