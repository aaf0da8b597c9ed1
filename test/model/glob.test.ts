import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { literalPrefix, literalSuffix, matchesGlob, matchesPathGlob } from '../../src/model/glob.ts';

const TABLE: readonly (readonly [pattern: string, text: string, matches: boolean])[] = [
  ['usr/lib/modules/*/vmlinuz', 'usr/lib/modules/6.1/vmlinuz', true],
  ['usr/lib/modules/*/vmlinuz', 'usr/lib/modules/a/b/vmlinuz', true],
  ['usr/lib/modules/*/', 'usr/lib/modules/6.1/', true],
  ['usr/lib/modules/*/', 'usr/lib/modules/6.1', false],
  ['*', '', true],
  ['?', '', false],
  ['a?c', 'abc', true],
  ['a?c', 'a/c', true],
  ['[ab]c', 'bc', true],
  ['[!ab]c', 'bc', false],
  ['[^ab]c', 'xc', true],
  ['[a-c]', 'b', true],
  ['[a-]', '-', true],
  ['[]a]', ']', true],
  ['[[:digit:]]x', '7x', true],
  ['[[:digit:]]x', 'ax', false],
  ['[a', '[a', true],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['*.so*', 'usr/lib/libx.so.1', true],
  ['a', 'A', false],
];

test('globs match as fnmatch(3) without flags', () => {
  for (const [pattern, text, expected] of TABLE)
    assert.equal(matchesGlob(pattern, text), expected, `${pattern} ${text}`);
});

test('globs of paths match as musl’s fnmatch(3) with FNM_PATHNAME', () => {
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
    ['[[:alpha:]]x', 'ax', true],
    ['[\\]]', '\\]', true],
  ];
  for (const [glob, path, matches] of rows)
    assert.equal(matchesPathGlob(glob, path), matches, `${glob} on ${path}`);
});

test('a hostile glob of paths takes no longer than it should', () => {
  assert.equal(matchesPathGlob(`${'*a'.repeat(2000)}b`, 'a'.repeat(4000)), false);
});

test('many stars take no exponential time', () => {
  assert.equal(matchesGlob('*a'.repeat(40), `${'a'.repeat(2000)}b`), false);
});

test('a literal matches itself, and every match starts and ends with the literal parts', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', '/', '.', '*', '?', '[', ']', '!', '-', '\\'),
    maxLength: 8,
  });
  fc.assert(
    fc.property(text, text, (pattern, subject) => {
      assert.ok(matchesGlob(subject.replaceAll(/[*?[\\]/g, '\\$&'), subject));
      if (!matchesGlob(pattern, subject)) return;
      assert.ok(subject.startsWith(literalPrefix(pattern)));
      assert.ok(subject.endsWith(literalSuffix(pattern)));
    }),
  );
});
