import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fnmatchPath } from '../../../src/distros/alpine/fnmatch.ts';
import { hashOrder, murmur3 } from '../../../src/distros/alpine/hash-order.ts';

test('globs match as fnmatch(3) with FNM_PATHNAME', () => {
  const rows: readonly [glob: string, path: string, matches: boolean][] = [
    ['usr/*', 'usr/bin', true],
    ['usr/*', 'usr/bin/x', false],
    ['usr/*', 'usr/.hidden', true],
    ['usr/**', 'usr/bin', true],
    ['*', '', true],
    ['', '', true],
    ['usr/l?b', 'usr/lib', true],
    ['usr/l?b', 'usr/l/b', false],
    ['usr/[a-l]ib', 'usr/lib', true],
    ['usr/[!a-k]ib', 'usr/lib', true],
    ['usr/[]x]', 'usr/]', true],
    ['usr/[', 'usr/[', true],
    ['usr/\\*', 'usr/*', true],
    ['usr/\\*', 'usr/x', false],
    ['usr/a*b*c', 'usr/aXXbYYc', true],
    ['usr/a*b*c', 'usr/aXXbYY', false],
    ['usr', 'usr/bin', false],
  ];
  for (const [glob, path, matches] of rows)
    assert.equal(fnmatchPath(glob, path), matches, `${glob} on ${path}`);
});

test('a hostile glob takes no longer than it should', () => {
  assert.equal(fnmatchPath(`${'*a'.repeat(2000)}b`, 'a'.repeat(4000)), false);
});

test('MurmurHash3_x86_32 gives its published values', () => {
  assert.equal(murmur3(Buffer.from(''), 0), 0);
  assert.equal(murmur3(Buffer.from(''), 1), 0x514e28b7);
  assert.equal(murmur3(Buffer.from('test'), 0x9747b28c), 0x704b81dc);
  assert.equal(murmur3(Buffer.from('Hello, world!'), 0x9747b28c), 0x24884cba);
  assert.equal(murmur3(Buffer.from([0x21, 0x43, 0x65]), 0), 0x7e4a8634);
});

/** The arguments of a trigger as apk-tools 2.14 gave them for packages with these directories. */
test('names come in the order of apk’s table', () => {
  const seen =
    'd20 usr d2 d0 d21 usr/.hid2 d5 d18 etc srv bdir d7 ln d10 d16 usr/share/doc d9 d12 d14 d8 opt/a d28 usr/lib'.split(
      ' ',
    );
  assert.deepEqual(
    hashOrder(seen.toSorted(), (name) => name),
    seen,
  );
});
