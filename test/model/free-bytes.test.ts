import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freeBytes } from '../../src/model/free-bytes.ts';

test('bytes with memory of their own are freed; those that share it are left', () => {
  const own = Buffer.alloc(100_000);
  freeBytes(own);
  assert.equal(own.length, 0);
  const whole = Buffer.alloc(100_000, 'x');
  freeBytes(whole.subarray(0, 50_000));
  freeBytes(whole.subarray(1));
  assert.equal(whole.toString('latin1', 99_998), 'xx');
  const small = Buffer.from('of the pool');
  freeBytes(small);
  assert.equal(small.toString(), 'of the pool');
});
