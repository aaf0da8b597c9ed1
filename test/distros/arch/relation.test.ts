import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRelation, RelationCache } from '../../../src/distros/arch/relation.ts';

test('relations are cut as libalpm cuts them', () => {
  const cut = (text: string): string[] => Object.values(parseRelation(text));
  assert.deepEqual(cut('glibc'), ['glibc', '', '']);
  assert.deepEqual(cut('glibc>=2.26-1'), ['glibc', '>=', '2.26-1']);
  assert.deepEqual(cut('a=1:2.0'), ['a', '=', '1:2.0']);
  assert.deepEqual(cut('libfoo.so=1-64'), ['libfoo.so', '=', '1-64']);
  assert.deepEqual(cut('a<2'), ['a', '<', '2']);
  assert.deepEqual(cut('a==2'), ['a', '=', '=2']);
  assert.deepEqual(cut('git: to fetch sources'), ['git', '', '']);
  assert.deepEqual(cut('git>1: to fetch'), ['git', '>', '1']);
});

test('a versioned requirement is met by name=version provisions only', () => {
  const relations = new RelationCache();
  const meets = (provides: string[], wanted: string): boolean =>
    relations.satisfies({ name: 'p', version: '1-1', provides }, parseRelation(wanted));
  assert.ok(meets(['sh'], 'sh'));
  assert.ok(meets(['sh=5'], 'sh'));
  assert.ok(meets(['sh=5'], 'sh>=4'));
  assert.ok(!meets(['sh'], 'sh>=4'));
  assert.ok(!meets(['sh>=5'], 'sh>=4'));
  assert.ok(!meets(['shell'], 'sh'));
  assert.ok(meets([], 'p=1'));
  assert.ok(!meets([], 'p=1-2'));
});
