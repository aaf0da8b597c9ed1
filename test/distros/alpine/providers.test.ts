import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alpine } from '../../../src/distros/alpine/distro.ts';
import { satisfies } from '../../../src/distros/alpine/providers.ts';

const PACKAGE = {
  name: 'git',
  version: '2.43.0-r1',
  checksum: 'Q1abc',
  provides: ['cmd:git=2.43.0-r1', 'so:libgit.so.1=1.2', 'scm', 'git-old=1', 'broken=1.a.b.c', ''],
};

const CASES: readonly (readonly [relation: string, by: string | undefined])[] = [
  ['git', 'git'],
  ['git>2.43.0-r0', 'git'],
  ['git=2.43.0-r0', undefined],
  ['git~2.43', 'git'],
  ['git<2', undefined],
  ['git@edge', 'git'],
  ['git><Q1abc', 'git'],
  ['git><Q1abd', undefined],
  ['git>1.x.y', undefined],
  ['!git', undefined],
  ['gi', undefined],
  ['git-', undefined],
  ['cmd:git', 'cmd:git=2.43.0-r1'],
  ['so:libgit.so.1>=1.2', 'so:libgit.so.1=1.2'],
  ['so:libgit.so.1>1.2', undefined],
  ['scm', 'scm'],
  ['scm<1', 'scm'],
  ['scm>0', undefined],
  ['git-old=1', 'git-old=1'],
  ['', undefined],
  ['=1', undefined],
  ['git=', undefined],
];

for (const [relation, by] of CASES) {
  test(`${JSON.stringify(relation)} is met by ${by ?? 'nothing'}`, () => {
    assert.equal(satisfies(relation, PACKAGE), by);
  });
}

test('a tag of a repository ends the name of a target', () => {
  const { targetName } = alpine.resolver.relations;
  assert.deepEqual(['git@edge>2', 'git>2', '!git'].map(targetName), ['git', 'git', 'git']);
});
