import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checked, claimed, parseTrust, trustColumn } from '../../src/catalog/trust-label.ts';

test('a label is read from a column as it was written, and an empty column is no label', () => {
  for (const label of [checked('pinned'), claimed('pinned'), checked('0f allow-untrusted'), undefined]) {
    assert.deepEqual(parseTrust(trustColumn(label)), label);
  }
  assert.equal(parseTrust(''), undefined);
});

test('catalogs of earlier versions are read: a claim begins with a word', () => {
  assert.deepEqual(parseTrust('pinned'), checked('pinned'));
  assert.deepEqual(parseTrust('believed pinned'), claimed('pinned'));
});
