import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '../../src/model/app-error.ts';
import { errorOfResponse } from '../../src/registry/error-response.ts';

const REQUEST = { where: 'registry.example', request: 'GET manifests/1' };

/** Status, the registry's own code, and what becomes of it: the status first where it says enough. */
const CODES: readonly (readonly [status: number, word: string, code: ErrorCode])[] = [
  [401, 'UNAUTHORIZED', 'AUTH'],
  [401, 'NAME_UNKNOWN', 'AUTH'],
  [403, 'DENIED', 'AUTH'],
  [404, '', 'NOT_FOUND'],
  [404, 'MANIFEST_UNKNOWN', 'NOT_FOUND'],
  [404, 'DENIED', 'NOT_FOUND'],
  [407, '', 'NETWORK'],
  [410, '', 'NOT_FOUND'],
  [413, '', 'LIMIT'],
  [501, '', 'UNSUPPORTED'],
  [400, 'UNAUTHORIZED', 'AUTH'],
  [400, 'DENIED', 'AUTH'],
  [400, 'NAME_UNKNOWN', 'NOT_FOUND'],
  [400, 'MANIFEST_UNKNOWN', 'NOT_FOUND'],
  [400, 'BLOB_UNKNOWN', 'NOT_FOUND'],
  [416, 'BLOB_UPLOAD_UNKNOWN', 'NOT_FOUND'],
  [400, 'MANIFEST_BLOB_UNKNOWN', 'NOT_FOUND'],
  [400, 'DIGEST_INVALID', 'INTEGRITY'],
  [400, 'SIZE_INVALID', 'INTEGRITY'],
  [400, 'NAME_INVALID', 'USAGE'],
  [400, 'TAG_INVALID', 'USAGE'],
  [400, 'MADE_UP', 'UNSUPPORTED'],
  [405, '', 'UNSUPPORTED'],
  [302, 'DENIED', 'UNSUPPORTED'],
  [500, 'DENIED', 'NETWORK'],
  [503, '', 'NETWORK'],
];

for (const [status, word, code] of CODES) {
  test(`HTTP ${status} ${word}: ${code}`, () => {
    const errors = word === '' ? [] : [{ code: word, message: '' }];
    const error = errorOfResponse(REQUEST, { status, errors, waitMs: undefined });
    assert.equal(error.code, code);
    assert.match(error.message, new RegExp(`HTTP ${status}`));
    assert.equal(error.details.status, status);
  });
}
