import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareVersions } from '../../../src/distros/arch/version.ts';
import { sharedData } from '../../fixtures/shared.ts';

const TABLE: readonly (readonly [string, string, -1 | 0 | 1])[] = [
  ['1.0', '1.0', 0],
  ['1.0-1', '1.0-2', -1],
  ['1.0', '1.0-2', 0],
  ['1:1.0', '2.0', 1],
  ['0:1.0', '1.0', 0],
  [':1.0', '1.0', 0],
  ['1.0rc', '1.0', -1],
  ['1.0.a', '1.0', 1],
  ['1.0a', '1.0.a', -1],
  ['1.010', '1.9', 1],
  ['1.001', '1.1', 0],
  ['1..0', '1.0', 1],
  ['18446744073709551616', '18446744073709551615', 1],
  ['', '1', -1],
];

test('versions are ordered as in the table', () => {
  for (const [a, b, expected] of TABLE) {
    assert.equal(compareVersions(a, b), expected, `${a} ? ${b}`);
    assert.equal(compareVersions(b, a), expected === 0 ? 0 : -expected, `${b} ? ${a}`);
  }
});

for (const file of ['vectors/vercmp.tsv', 'vectors/vercmp-fuzz.tsv']) {
  test(`every row of ${file} as pacman answers`, (t) => {
    const path = sharedData(file);
    if (path === undefined) return t.skip(`skipped: shared/${file} is not here`);
    const rows = readFileSync(path, 'utf8')
      .split('\n')
      .filter((row) => row !== '' && !row.startsWith('#a'));
    assert.ok(rows.length > 80);
    for (const row of rows) {
      const [a = '', b = '', expected] = row.split('\t');
      assert.equal(compareVersions(a, b), Number(expected), row);
    }
  });
}

const version = fc.string({
  unit: fc.constantFrom('0', '1', '9', 'a', 'rc', '.', '-', ':', '_', '+'),
  maxLength: 10,
});

test('comparing is antisymmetric and reflexive', () => {
  fc.assert(
    fc.property(version, version, (a, b) => {
      assert.equal(compareVersions(a, a), 0);
      // -0 and 0 are the same answer.
      assert.equal(compareVersions(a, b) + compareVersions(b, a), 0);
    }),
  );
});
