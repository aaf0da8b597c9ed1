import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nearestNames } from '../../../src/app/settings/nearest.ts';

test('the nearest names: those that begin with the word, then the fewest edits', () => {
  const near = (wanted: string, ...names: string[]) => nearestNames(wanted, names, 3);
  assert.deepEqual(near('pyton', 'python3', 'python', 'typon'), ['python']);
  assert.deepEqual(near('post', 'postgresql', 'postfix', 'past'), ['postfix', 'postgresql', 'past']);
  assert.deepEqual(near('gti', 'git', 'gtk', 'tig'), ['git', 'gtk']);
  assert.deepEqual(near('Git', 'git'), ['git']);
  assert.deepEqual(near('git', 'git', 'mercurial'), []);
});

test('a name that shares no letter with the word is not near it', () => {
  assert.deepEqual(nearestNames('!', ['R', 'x'], 3), []);
  assert.deepEqual(nearestNames('', ['R', ''], 3), []);
});

test('never the word itself, never more than asked for, each once', () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, fc.uniqueArray(word), fc.nat(5), (wanted, names, most) => {
      const near = nearestNames(wanted, names, most);
      assert.ok(near.length <= most && new Set(near).size === near.length && !near.includes(wanted));
      assert.ok(near.every((name) => names.includes(name)));
    }),
  );
});
