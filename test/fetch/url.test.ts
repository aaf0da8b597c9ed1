import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLocal, joinUrl, localPath, redactUrl } from '../../src/fetch/url.ts';
import { isAppError } from '../../src/model/app-error.ts';

test('plain paths and file URLs are local, others are not', () => {
  for (const local of [
    '.',
    '/srv/repo',
    'a/b',
    '1:foo-1.0-1-any.pkg.tar.zst',
    'file:///srv',
    'FILE:///srv',
  ]) {
    assert.equal(isLocal(local), true, local);
  }
  for (const remote of ['http://h/', 'https://h/x', 'HTTPS://h', 'ftp://h/x']) {
    assert.equal(isLocal(remote), false, remote);
  }
});

test('file URLs decode, plain paths do not', () => {
  assert.equal(localPath('file:///srv/a%20b/libstdc%2B%2B%231.apk?x=1#y'), '/srv/a b/libstdc++#1.apk');
  assert.equal(localPath('file://localhost/srv'), '/srv');
  assert.equal(localPath('/srv/a%20b'), '/srv/a%20b');
  assert.throws(
    () => localPath('file://elsewhere/srv'),
    (error) => isAppError(error, 'USAGE'),
  );
});

const joined: readonly (readonly [base: string, name: string, expected: string])[] = [
  [
    'https://m/core/os/x86_64',
    '1:foo-1.0+2-1-any.pkg.tar.zst',
    'https://m/core/os/x86_64/1:foo-1.0+2-1-any.pkg.tar.zst',
  ],
  [
    'https://m/v3.19/main/',
    'x86_64/libstdc++-13.2.1-r0.apk',
    'https://m/v3.19/main/x86_64/libstdc++-13.2.1-r0.apk',
  ],
  ['https://m/a%20b', 'c d#e?f%g.apk', 'https://m/a%20b/c%20d%23e%3Ff%25g.apk'],
  ['https://m/r?token=secret#top', 'x.apk', 'https://m/r/x.apk?token=secret'],
  ['https://m', "ä~!$&'()*,;=@[]\\.apk", "https://m/%C3%A4~!$&'()*,;=@%5B%5D%5C.apk"],
  ['file:///srv/a%20b/', 'x y+1.apk', 'file:///srv/a%20b/x%20y+1.apk'],
  ['/srv/a b', '1:x y%.apk', '/srv/a b/1:x y%.apk'],
  ['.', 'x.apk', 'x.apk'],
];

test('names are joined to bases as mirrors serve them', () => {
  for (const [base, name, expected] of joined) assert.equal(joinUrl(base, name), expected);
});

test('a name that leads out of the repository is refused', () => {
  for (const name of ['', '/etc/passwd', '../x', 'a/../../x', 'a//b', './a', 'a/', 'a\0b', '\ud800.apk']) {
    for (const base of ['https://m/r', '/srv/r', 'file:///srv/r']) {
      assert.throws(
        () => joinUrl(base, name),
        (error) => isAppError(error, 'BAD_INDEX'),
        JSON.stringify(name),
      );
    }
  }
});

test('a joined URL parses back to exactly the name below the base', () => {
  const segment = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 12 })
    .filter((text) => text.isWellFormed() && !/[/\0]/.test(text) && text !== '.' && text !== '..');
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 3 }), (segments) => {
      const url = new URL(joinUrl('https://m/base', segments.join('/')));
      assert.equal(url.search + url.hash, '');
      assert.deepEqual(url.pathname.split('/').slice(2).map(decodeURIComponent), segments);
      assert.equal(localPath(joinUrl('file:///base', segments.join('/'))), `/base/${segments.join('/')}`);
    }),
  );
});

test('user names, passwords and query strings are masked', () => {
  assert.equal(
    redactUrl('see https://me:pa@ss@h/x?sig=1#2 and http://h/y'),
    'see https://***@h/x?*** and http://h/y',
  );
});
