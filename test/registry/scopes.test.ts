import assert from 'node:assert/strict';
import { test } from 'node:test';
import { covers, joined, parseScopes, scopesOf, scopeTexts } from '../../src/registry/scopes.ts';

for (const [text, expected] of [
  ['', []],
  ['repository:a/b:pull', ['repository:a/b:pull']],
  ['repository:a/b:push,pull', ['repository:a/b:pull,push']],
  ['repository:a:pull repository:a:push', ['repository:a:pull,push']],
  ['repository:b:pull repository:a:pull', ['repository:a:pull', 'repository:b:pull']],
  ['repository:host:5000/a:pull', ['repository:host:5000/a:pull']],
  ['registry:catalog:*', ['registry:catalog:*']],
  ['nonsense  repository:a:pull', ['repository:a:pull']],
] as const) {
  test(`the scope ${JSON.stringify(text)} of a challenge`, () =>
    assert.deepEqual(scopeTexts(parseScopes(text)), expected));
}

test('joined scopes keep what each had', () => {
  const [a, b] = [
    scopesOf([['a', ['pull']]]),
    scopesOf([
      ['a', ['push']],
      ['b', ['pull']],
    ]),
  ];
  assert.deepEqual(scopeTexts(joined([a, b])), ['repository:a:pull,push', 'repository:b:pull']);
  assert.deepEqual(scopeTexts(a), ['repository:a:pull']);
});

for (const [have, need, expected] of [
  ['', '', true],
  ['repository:a:pull', '', true],
  ['', 'repository:a:pull', false],
  ['repository:a:pull', 'repository:a:pull', true],
  ['repository:a:pull', 'repository:a:pull,push', false],
  ['repository:a:push', 'repository:a:pull', false],
  ['repository:a:pull,push', 'repository:a:pull', true],
  ['repository:a:pull', 'repository:b:pull', false],
  ['repository:a:pull,push', 'repository:a:pull repository:b:pull', false],
  ['repository:a:pull repository:b:pull', 'repository:b:pull', true],
] as const) {
  test(`a token for "${have}" ${expected ? 'covers' : 'does not cover'} "${need}"`, () =>
    assert.equal(covers(parseScopes(have), parseScopes(need)), expected));
}
