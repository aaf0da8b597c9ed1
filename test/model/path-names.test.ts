import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_SYMLINKS, PathNames } from '../../src/model/path-names.ts';

function rest(names: PathNames): readonly string[] {
  const found: string[] = [];
  for (let name = names.next(); name !== undefined; name = names.next()) found.push(name);
  return found;
}

test('names come in order, without empty ones and dots', () => {
  assert.deepEqual(rest(new PathNames('//a/./..//b/')), ['a', '..', 'b']);
  assert.deepEqual(rest(new PathNames('')), []);
});

test('the target of a link comes before what is left', () => {
  const names = new PathNames('a/link/b');
  assert.deepEqual([names.next(), names.next(), names.atEnd], ['a', 'link', false]);
  assert.equal(names.follow('../x/./y/'), true);
  assert.deepEqual(rest(names), ['..', 'x', 'y', 'b']);
  assert.ok(names.atEnd);
  assert.equal(names.steps, 3 + 5);
});

test('as many links are followed as Linux follows', () => {
  const names = new PathNames('a');
  for (let count = 0; count < MAX_SYMLINKS; count++) assert.equal(names.follow('a'), true);
  assert.equal(names.follow('a'), false);
});
