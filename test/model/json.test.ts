import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../../src/model/app-error.ts';
import { parseJson, parseJsonOr } from '../../src/model/json.ts';

test('reads what JSON.parse reads', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 8 }), (text) => {
      assert.deepEqual(parseJson(text, 'x'), JSON.parse(text));
      assert.deepEqual(parseJson(Buffer.from(text), 'x'), JSON.parse(text));
    }),
  );
});

test('a hundred levels are read, one more is LIMIT, brackets in strings do not count', () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    const nested = (depth: number) => `${open.repeat(depth)}1${close.repeat(depth)}`;
    assert.ok(parseJson(nested(100), 'x'));
    assert.throws(
      () => parseJson(nested(101), 'the config'),
      (error) => isAppError(error, 'LIMIT') && error.message.startsWith('the config: '),
    );
    assert.throws(
      () => parseJsonOr(nested(1_500_000), 'x'),
      (error) => isAppError(error, 'LIMIT'),
    );
  }
  const text = JSON.stringify(`"\\${'['.repeat(500)}`);
  assert.equal(parseJson(text, 'x'), JSON.parse(text));
});

test('what is not JSON, or not UTF-8, is a SyntaxError, or undefined', () => {
  for (const source of ['', '{', '"a', '"\\', Buffer.from([0x22, 0xff, 0x22])]) {
    assert.throws(() => parseJson(source, 'x'), SyntaxError);
    assert.equal(parseJsonOr(source, 'x'), undefined);
  }
});

/** Own state, which nobody else writes. */
const OWN =
  /^(?:catalog\/|fetch\/partial\.ts|cli\/render\/source-places\.ts|model\/(?:json|file-block)\.ts|files\/product-version\.ts|app\/compose\/image-cache\.ts|server\/(?:registry\/stored-content|workers\/messages)\.ts)/;

test('nothing from outside is read by JSON.parse itself', () => {
  const src = resolve(import.meta.dirname, '../../src');
  const users = globSync('**/*.ts', { cwd: src }).filter((path) =>
    readFileSync(join(src, path), 'utf8')
      .replace(/^ *\*.*$/gm, '')
      .includes('JSON.parse('),
  );
  assert.ok(users.includes('model/json.ts'));
  assert.deepEqual(
    users.filter((path) => !OWN.test(path)),
    [],
  );
});
