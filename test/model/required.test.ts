import assert from 'node:assert/strict';
import { test } from 'node:test';
import { required } from '../../src/model/required.ts';

test('returns what a map or a list holds, and names the key that it does not', () => {
  assert.equal(required(new Map([['git', 0]]), 'git'), 0);
  assert.equal(required(['a', ''], 1), '');
  assert.throws(() => required(new Map(), 'git'), /under git$/);
  assert.throws(() => required(['a'], 1), /under 1$/);
});
