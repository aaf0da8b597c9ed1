import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errnoOf, reasonOf, storageError } from '../../src/files/errno.ts';
import { AppError, isAppError } from '../../src/model/app-error.ts';

const failedCall = (code: unknown): Error =>
  Object.assign(new Error(`${code}: in the system's words, write`), { code, syscall: 'write' });

test('a failed system call is STORAGE, with its reason, its hint and its code', () => {
  const full = storageError(failedCall('ENOSPC'), 'write', '/cache/x');
  assert.ok(isAppError(full, 'STORAGE'));
  assert.equal(full.message, 'cannot write /cache/x: no space left on the device');
  assert.match(full.hint ?? '', /gc --max-size/);
  assert.deepEqual(full.details, { path: '/cache/x', errno: 'ENOSPC' });
  const unknown = storageError(failedCall('EBADF'), 'read', '/cache/x');
  assert.ok(isAppError(unknown, 'STORAGE'));
  assert.equal(unknown.message, 'cannot read /cache/x: EBADF');
  assert.equal(unknown.hint, undefined);
});

test('an error that is no failed system call stays what it is', () => {
  const ours = new AppError('INTEGRITY', 'has a code, but not of the system');
  const node = Object.assign(new TypeError('must be of type string'), { code: 'ERR_INVALID_ARG_TYPE' });
  const unnamed = Object.assign(new Error('no code'), { syscall: 'write' });
  const thrown = { code: 'ENOSPC', syscall: 'write' };
  for (const other of [new TypeError('a bug'), ours, node, failedCall(28), unnamed, thrown, undefined]) {
    assert.equal(storageError(other, 'write', '/cache/x'), other);
    assert.equal(errnoOf(other), undefined);
  }
  assert.equal(reasonOf(new TypeError('a bug')), 'a bug');
  assert.equal(reasonOf('thrown text'), 'thrown text');
});
