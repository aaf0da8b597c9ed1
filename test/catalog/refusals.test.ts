import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogError } from '../../src/catalog/database.ts';
import { AppError, type ErrorCode, isAppError } from '../../src/model/app-error.ts';

const TABLE: readonly (readonly [sqlite: string, code: ErrorCode, words: RegExp])[] = [
  ['SQLITE_FULL', 'STORAGE', /no space left/],
  ['SQLITE_IOERR_WRITE', 'STORAGE', /no space left/],
  ['SQLITE_IOERR_READ', 'STORAGE', /cannot be written/],
  ['SQLITE_READONLY_DBMOVED', 'STORAGE', /cannot be written/],
  ['SQLITE_CANTOPEN', 'STORAGE', /cannot be written/],
  ['SQLITE_BUSY_SNAPSHOT', 'CATALOG', /another process/],
  ['SQLITE_CORRUPT', 'CATALOG', /not usable/],
  ['SQLITE_NOTADB', 'CATALOG', /not usable/],
];

test('what SQLite says becomes a failure of the disk, of another process or of the catalog', () => {
  for (const [sqlite, code, words] of TABLE) {
    const error = catalogError(Object.assign(new Error('x'), { code: sqlite }), '/c.sqlite');
    assert.ok(isAppError(error, code) && words.test(error.message), sqlite);
    assert.match(error.message, /^\/c\.sqlite: /);
    assert.ok(error.hint !== undefined);
  }
  for (const other of [new Error('bug'), new AppError('LIMIT', 'x'), 'x']) {
    assert.equal(catalogError(other, '/c.sqlite'), other);
  }
});
