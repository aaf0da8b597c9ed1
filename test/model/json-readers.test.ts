import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAppError } from '../../src/model/app-error.ts';
import { digestOf } from '../../src/model/digest.ts';
import { jsonReaders } from '../../src/model/json-readers.ts';

const { count, descriptor, digest, object, optionalText, platform, texts } = jsonReaders('BAD_INDEX');
const DIGEST = digestOf('x');
const PLAIN = { mediaType: 'a/b', digest: DIGEST, size: 1 };

test('a descriptor keeps the fields of the specification that are read here, and drops what is null or unknown', () => {
  assert.deepEqual(descriptor(PLAIN, 'x'), PLAIN);
  assert.deepEqual(
    descriptor({ ...PLAIN, annotations: null, platform: null, artifactType: '', urls: ['u'] }, 'x'),
    PLAIN,
  );
  const full = {
    ...PLAIN,
    annotations: { a: 'b' },
    platform: { os: 'linux', architecture: 'arm', variant: 'v7', 'os.version': '1' },
    artifactType: 'a/c',
  };
  assert.deepEqual(descriptor(full, 'x'), full);
});

test('a platform without names is unknown/unknown, as BuildKit writes it', () => {
  assert.deepEqual(platform({ os: '', architecture: null }, 'x'), { os: 'unknown', architecture: 'unknown' });
});

for (const [what, read, message] of [
  ['no object', () => object([], 'here'), /^here: expected an object, got \[\]$/],
  ['nothing', () => object(undefined, 'here'), /^here: expected an object, got nothing$/],
  [
    'a negative size',
    () => descriptor({ ...PLAIN, size: -1 }, 'd'),
    /^d: size: expected a whole number .*, got -1$/,
  ],
  ['a size that is text', () => count('1', 'n'), /^n: expected a whole number .*, got "1"$/],
  ['a fraction', () => count(1.5, 'n'), /got 1\.5$/],
  [
    'a digest in capitals',
    () => digest(DIGEST.toUpperCase(), 'd'),
    /^d: expected sha256:<64 hex digits>, got /,
  ],
  [
    'a digest that is a number',
    () => descriptor({ ...PLAIN, digest: 1 }, 'd'),
    /^d: digest: expected sha256/,
  ],
  ['an annotation that is no text', () => texts({ a: 1 }, 't'), /^t: a: expected a string, got 1$/],
  ['a number for a text that may be absent', () => optionalText(0, 't'), /^t: expected a string, got 0$/],
] as const) {
  test(`${what} is refused with place, expectation and value`, () => {
    assert.throws(read, (error) => isAppError(error, 'BAD_INDEX') && message.test(error.message));
  });
}
