import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryWithKeys } from '../../../src/app/archives/retry-with-keys.ts';
import { AppError } from '../../../src/model/app-error.ts';

const pinned = { mayFetchKeys: true };
const missingKey = new AppError('UNTRUSTED_KEY', 'no such key');

test('keys are fetched once for all verifications, and each that failed runs again', async () => {
  let fetches = 0;
  let hasKeys = false;
  const withKeys = retryWithKeys(pinned, async () => {
    fetches += 1;
    hasKeys = true;
    return true;
  });
  let runs = 0;
  const verify = async (): Promise<string> => {
    runs += 1;
    if (!hasKeys) throw missingKey;
    return 'verified';
  };
  assert.deepEqual(await Promise.all([withKeys(verify), withKeys(verify)]), ['verified', 'verified']);
  assert.deepEqual({ fetches, runs }, { fetches: 1, runs: 4 });
});

test('the failure stands without a pinned key, under a trust that fetches none, and for any other reason', async () => {
  let fetches = 0;
  const fetchNothing = async (): Promise<boolean> => {
    fetches += 1;
    return false;
  };
  const fail = (error: Error) => async () => {
    throw error;
  };
  await assert.rejects(retryWithKeys(pinned, fetchNothing)(fail(missingKey)), missingKey);
  assert.equal(fetches, 1);
  await assert.rejects(retryWithKeys({ mayFetchKeys: false }, fetchNothing)(fail(missingKey)), missingKey);
  const unsigned = new AppError('SIGNATURE', 'not signed');
  await assert.rejects(retryWithKeys(pinned, fetchNothing)(fail(unsigned)), unsigned);
  assert.equal(fetches, 1);
});
