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
import { encodePath } from '../../../src/model/path-bytes.ts';

function parse(text: string): ReturnType<typeof parsePkgInfo> {
  return parsePkgInfo(Buffer.from(text), 'x.apk');
}

test('keys and values, comments and repeats', () => {
  const info = parse(
    '# made by x\npkgname = a\nlicense = MIT AND BSD = both\n\ndepend = b\ndepend = c>1\nsize = 12\nempty = \n',
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

/** Seen on apk 2.14.0, apk 3.0.6 (`apk index`) and pacman 6.0.2 (`-U`): what each makes of `url`, which is `old` before. */
const LINES: Readonly<Record<string, readonly [line: string, url: string]>> = {
  'a line without =': ['second line of the description', 'old'],
  'a line that begins with =': ['= new', 'old'],
  'only =': ['=', 'old'],
  'no blanks': ['url=new', 'old'],
  tabs: ['url\t=\tnew', 'old'],
  'a blank before the key': [' url = new', 'old'],
  'two blanks before =': ['url  = new', 'old'],
  'no blank behind =': ['url =new', 'old'],
  'nothing behind =': ['url =', 'old'],
  'a word in place of =': ['url is new', 'old'],
  'a byte-order mark': ['\ufeffurl = new', 'old'],
  'a comment': ['#url = new', 'old'],
  'a blank before a comment': [' #url = new', 'old'],
  'a second value': ['url = new', 'new'],
  'an empty value': ['url = ', ''],
  'blanks at the end': ['url = new  ', 'new  '],
  'a blank more': ['url =  new', ' new'],
  'a carriage return': ['url = new\r', 'new\r'],
  'more =': ['url = a = b', 'a = b'],
  'a control character': ['url = a\u0001b', 'a\u0001b'],
};

test('lines are read as apk and pacman read them', () => {
  for (const [kind, [line, url]] of Object.entries(LINES)) {
    for (const end of ['\n', ''])
      assert.equal(infoValue(parse(`pkgname = a\nurl = old\n${line}${end}`), 'url'), url, kind);
    const info = parse(`url = old\n${line}\npkgname = a\n`);
    assert.equal(infoValue(info, 'pkgname'), 'a', kind);
  }
});

test('of a key with one value the last counts, of a list all do', () => {
  const info = parse('size = 5\nlicense = A\nsize = 6\nlicense = B\n');
  assert.equal(infoNumber(info, 'size'), 6);
  assert.equal(infoValue(info, 'license'), 'B');
  assert.deepEqual(infoList(info, 'license'), ['A', 'B']);
});

test('bytes that are not UTF-8 are kept', () => {
  const info = parsePkgInfo(Buffer.from('pkgdesc = caf\xe9\n', 'latin1'), 'x.apk');
  assert.deepEqual(encodePath(infoValue(info, 'pkgdesc')), Buffer.from('caf\xe9', 'latin1'));
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
