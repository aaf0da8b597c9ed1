import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashOrder, murmur3 } from '../../../src/distros/alpine/hash-order.ts';

test('MurmurHash3_x86_32 gives its published values', () => {
  assert.equal(murmur3(Buffer.from(''), 0), 0);
  assert.equal(murmur3(Buffer.from(''), 1), 0x514e28b7);
  assert.equal(murmur3(Buffer.from('test'), 0x9747b28c), 0x704b81dc);
  assert.equal(murmur3(Buffer.from('Hello, world!'), 0x9747b28c), 0x24884cba);
  assert.equal(murmur3(Buffer.from([0x21, 0x43, 0x65]), 0), 0x7e4a8634);
});

/** The arguments of a trigger as apk-tools 2.14 gave them for packages with these directories. */
test('names come in the order of apk’s table', () => {
  const seen =
    'd20 usr d2 d0 d21 usr/.hid2 d5 d18 etc srv bdir d7 ln d10 d16 usr/share/doc d9 d12 d14 d8 opt/a d28 usr/lib'.split(
      ' ',
    );
  assert.deepEqual(
    hashOrder(seen.toSorted(), (name) => name),
    seen,
  );
});
