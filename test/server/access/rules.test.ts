import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Action } from '../../../src/model/action.ts';
import { parsePattern, parseWho, permissions, type Rule } from '../../../src/server/access/rules.ts';

function rule(who: string, resources: string, more: Partial<Pick<Rule, 'allow' | 'deny'>>): Rule {
  const whos = who.split(' ').map((text) => parseWho(text)!);
  return { who: whos, resources: resources.split(' ').map(parsePattern), allow: [], deny: [], ...more };
}

test('the first rule that is about client, repository and action decides', () => {
  const rules = [
    rule('anyone', 'team/secret/**', { deny: ['pull'] }),
    rule('group:ops', 'team/**', { allow: ['pull', 'push'] }),
    rule('anyone', '**', { allow: ['pull'] }),
  ];
  const ann = permissions(rules, { name: 'ann', groups: ['ops'], claims: {} });
  const nobody = permissions(rules, { name: '', groups: [], claims: {} });
  const asked: readonly (readonly [Action, string, boolean, boolean])[] = [
    ['pull', 'team/app', true, true],
    ['pull', 'team/secret/app', false, false],
    ['pull', 'team/secret', false, false],
    ['pull', 'team/secrets', true, true],
    ['push', 'team/app', true, false],
    ['push', 'team/secret/app', true, false],
    ['push', 'teams', false, false],
    ['delete', 'team/app', false, false],
    ['pull', '/mirror/alpine', true, true],
  ];
  for (const [action, resource, expectedAnn, expectedNobody] of asked) {
    const got = [ann(action, resource), nobody(action, resource)];
    assert.deepEqual(got, [expectedAnn, expectedNobody], `${action} ${resource}`);
  }
});

test('without a rule nobody may do anything', () => {
  assert.equal(permissions([], { name: 'ann', groups: [], claims: {} })('pull', 'a'), false);
});

test('patterns: * is a part of a name, ** any parts', () => {
  const table: readonly (readonly [pattern: string, fits: string, fitsNot: string])[] = [
    ['team/*', 'team/a team/a.b', 'team team/a/b xteam/a'],
    ['team/**', 'team team/a team/a/b', 'teams team-a/b'],
    ['**/app', 'team/app a/b/app', 'app2 team/apps'],
    ['a.b/c', 'a.b/c', 'axb/c'],
    ['/mirror/**', '/mirror /mirror/alpine/v3.19', 'mirror /mirrors'],
    ['**', 'a a/b /metrics', ''],
    ['t*m/x', 'tm/x team/x', 't/m/x'],
  ];
  for (const [pattern, fits, fitsNot] of table) {
    for (const name of fits.split(' ')) assert.match(name, parsePattern(pattern), `${pattern} ${name}`);
    for (const name of fitsNot.split(' ').filter(Boolean)) {
      assert.doesNotMatch(name, parsePattern(pattern), `${pattern} ${name}`);
    }
  }
});

test('who: users, groups and claims; an empty name is nobody', () => {
  const may = (who: string, name: string, claims = {}) =>
    permissions([rule(who, '**', { allow: ['pull'] })], { name, groups: ['g=1'], claims })('pull', 'x');
  assert.equal(may('user:ann', 'ann'), true);
  assert.equal(may('user:ann', 'Ann'), false);
  assert.equal(may('group:g=1', ''), true);
  assert.equal(may('signed-in', ''), false);
  assert.equal(may('claim:ref=main', '', { ref: 'main' }), true);
  assert.equal(may('claim:ref=main', '', { ref: ['dev', 'main'] }), true);
  assert.equal(may('claim:ref=main', '', { ref: { main: 1 } }), false);
  assert.equal(may('claim:toString=main', ''), false);
  assert.equal(parseWho('user:'), undefined);
  assert.equal(parseWho('claim:x'), undefined);
  assert.equal(parseWho('everyone'), undefined);
});
