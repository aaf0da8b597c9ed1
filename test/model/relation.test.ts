import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relationName } from '../../src/model/relation.ts';

test('a relation is about the name before its operator', () => {
  const names: Readonly<Record<string, string>> = {
    git: 'git',
    'so:libc.so.1=1.2': 'so:libc.so.1',
    '!foo': 'foo',
    '!foo>=2': 'foo',
    'py~3': 'py',
    'a><Q1x=': 'a',
    'calligra-l10n-ca@valencia<17': 'calligra-l10n-ca@valencia',
    '': '',
  };
  for (const [relation, name] of Object.entries(names)) assert.equal(relationName(relation), name);
});
