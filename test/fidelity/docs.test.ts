import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matches } from './allowed.ts';
import { documented, withTables } from './docs-tables.ts';
import { SETS, setsOf } from './sets.ts';

test('docs/fidelity.md says what the program allows: node test/fidelity/docs-tables.ts writes it', () => {
  assert.equal(documented(), withTables(documented()));
});

test('a pattern names what it says and no more', () => {
  const cases: readonly (readonly [path: string, pattern: string, matched: boolean])[] = [
    ['.pkg', '.pkg{,/**}', true],
    ['.pkg/a/b', '.pkg{,/**}', true],
    ['.pkgs', '.pkg{,/**}', false],
    ['xpkg', '.pkg{,/**}', false],
    ['a/b', 'a/*', true],
    ['a/b/c', 'a/*', false],
    ['a/b\nc', 'a/*', true],
    ['usr/lib/libstdc++.so.6', 'usr/lib/lib{asan,stdc++}.so.*', true],
    ['usr/lib/libc.so.6', 'usr/lib/lib{asan,stdc++}.so.*', false],
  ];
  for (const [path, pattern, matched] of cases)
    assert.equal(matches(path, pattern), matched, `${path} ${pattern}`);
});

test('sets: at least 40 of real Alpine packages and 25 of Arch’s, of one name each, and words for others', () => {
  for (const [distro, least] of [
    ['alpine', 40],
    ['arch', 25],
  ] as const) {
    const sets = SETS.filter((set) => set.distro === distro);
    assert.equal(new Set(sets.map(({ name }) => name)).size, sets.length);
    assert.ok(sets.filter(({ name }) => !name.startsWith('fx-')).length >= least);
    assert.deepEqual(
      setsOf(distro),
      sets.filter(({ tool }) => tool === undefined),
    );
  }
  assert.deepEqual(setsOf('alpine:git,jq'), [
    { name: 'alpine:git,jq', distro: 'alpine', packages: ['git', 'jq'] },
  ]);
  assert.deepEqual(
    setsOf('tzdata').map(({ distro }) => distro),
    ['alpine', 'arch'],
  );
  assert.deepEqual(setsOf('nosuch'), []);
});
