import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareLibraries } from '../../../../src/distros/arch/ldconfig/library-order.ts';
import { Undecided } from '../../../../src/distros/shared/shell/undecided.ts';

/** Oldest first */
const ORDER = [
  ...['', 'lib', 'lib-1.so', 'liba.so', 'liba.so.1', 'liba.so.1.2', 'liba.so.1.9', 'liba.so.1.10'],
  ...['liba.so.2', 'liba.so.10', 'libb.so', 'lib1.so', 'lib02.so'],
];

test('numbers as numbers, digits after all else', () => {
  for (const [at, one] of ORDER.entries())
    for (const [index, other] of ORDER.entries())
      assert.equal(Math.sign(compareLibraries(one, other)), Math.sign(at - index), `${one} ${other}`);
  assert.equal(compareLibraries('lib.so.01', 'lib.so.1'), 0);
});

test('the order of any two names is the other way round the other way round, and goes on', () => {
  const name = fc
    .array(fc.constantFrom('1', '9', '0', '.', 'a', 's', '-'), { maxLength: 8 })
    .map((all) => all.join(''));
  fc.assert(
    fc.property(name, name, name, (a, b, c) => {
      const sign = (one: string, other: string) => Math.sign(compareLibraries(one, other));
      assert.equal(sign(a, b), -sign(b, a) + 0);
      if (sign(a, b) <= 0 && sign(b, c) <= 0) assert.ok(sign(a, c) <= 0);
    }),
  );
});

test('what overflows or depends on the processor is not known', () => {
  assert.throws(() => compareLibraries('lib.so.1234567890', 'lib.so.1'), Undecided);
  assert.throws(() => compareLibraries('libä.so', 'libb.so'), Undecided);
});
