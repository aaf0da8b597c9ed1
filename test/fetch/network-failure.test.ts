import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkFailure } from '../../src/fetch/network-failure.ts';

const failureOf = (code: string, answered: boolean) =>
  networkFailure(Object.assign(new Error('x'), { code }), { receivedBytes: 0, answered });

test('a host that takes no connection is tried again only if it has answered before', () => {
  for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT']) {
    assert.equal(failureOf(code, false)?.retry, 'no', code);
    assert.equal(failureOf(code, true)?.retry, 'later', code);
  }
  for (const code of ['ECONNRESET', 'UND_ERR_SOCKET', 'UND_ERR_HEADERS_TIMEOUT']) {
    assert.equal(failureOf(code, false)?.retry, 'later', code);
  }
});
