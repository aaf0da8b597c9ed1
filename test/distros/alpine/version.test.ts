import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { matchesOperator, parseRelation } from '../../../src/distros/alpine/relation.ts';
import { compareVersions, isValidVersion } from '../../../src/distros/alpine/version.ts';
import { sharedData } from '../../fixtures/shared.ts';

const ORDERED = [
  '0.9',
  '1.0_alpha',
  '1.0_alpha1',
  '1.0_beta',
  '1.0_pre',
  '1.0_rc1',
  '1.0',
  '1.0-r1',
  '1.0-r2',
  '1.0_cvs1',
  '1.0_svn1',
  '1.0_git20240101',
  '1.0_hg1',
  '1.0_p1_pre2',
  '1.0_p1',
  '1.0_p2',
  '1.0a',
  '1.0.1',
  '1.02',
  '1.1',
  '1.10',
  '2',
  '18446744073709551615',
];

function sign(order: number): string {
  return order < 0 ? '<' : order > 0 ? '>' : '=';
}

test('versions come in this order', () => {
  for (const [left, a] of ORDERED.entries()) {
    for (const [right, b] of ORDERED.entries()) {
      assert.equal(sign(compareVersions(a, b)), sign(Math.sign(left - right)), `${a} against ${b}`);
    }
  }
});

test('a version is what the grammar says', () => {
  for (const version of [...ORDERED, '0.1_pre2~1234abcd', '1.2-r0', '5a_p3~ab-r7']) {
    assert.ok(isValidVersion(version), version);
  }
  for (const text of ['', 'a', '1.', '1.0bc', '1_foo', '1-r', '1-r1_p1', '1~xyz', '1.0-1', '1 ', '.1']) {
    assert.ok(!isValidVersion(text), text);
  }
});

test('operators mix, ~ is a prefix, ! negates, no version is the lowest', () => {
  const rows: readonly [version: string, relation: string, holds: boolean][] = [
    ['1.2.3', 'x~1.2', true],
    ['1.20', 'x~1.2', false],
    ['1.2.3', 'x>~1.3', false],
    ['1.3.1', 'x>~1.3', true],
    ['1.2', 'x<~1.2', true],
    ['1.2', 'x<=1.2', true],
    ['1.2', 'x=<1.2', true],
    ['1.2', 'x<1.2', false],
    ['', 'x<1', true],
    ['', 'x>=1', false],
    ['', 'x', true],
    ['3', '!x', true],
  ];
  for (const [version, text, holds] of rows) {
    const relation = parseRelation(text);
    assert.ok(relation !== null, text);
    assert.equal(matchesOperator(version, relation), holds, `${version} ${text}`);
  }
  assert.deepEqual(pick(parseRelation('git@edge>2')), ['git', 'edge', '2']);
  assert.equal(parseRelation('git>2@edge')?.broken, true, 'the tag stands before the operator');
  assert.equal(parseRelation('foo>'), null);
  assert.equal(parseRelation('>1'), null);
  assert.equal(parseRelation('foo>1bc')?.broken, true);
});

function pick(relation: ReturnType<typeof parseRelation>): unknown {
  return [relation?.name, relation?.tag, relation?.version];
}

const versions = fc.stringMatching(
  /^\d{1,3}(\.\d{1,3}){0,3}[a-z]?(_(alpha|beta|pre|rc|cvs|svn|git|hg|p)\d{0,3}){0,2}(-r\d{1,2})?$/,
);

test('the order is antisymmetric, and a valid version equals itself', () => {
  fc.assert(
    fc.property(versions, versions, (a, b) => {
      assert.ok(isValidVersion(a));
      assert.equal(compareVersions(a, a), 0);
      assert.equal(Math.sign(compareVersions(a, b)), -Math.sign(compareVersions(b, a)) + 0);
    }),
  );
});

test('any text compares and ends', () => {
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => Number.isInteger(compareVersions(a, b))));
});

/** Rows of a table of real apk's answers; undefined where it is not here. */
function rows(name: string): string[][] | undefined {
  const path = sharedData(`vectors/${name}`);
  if (path === undefined) return undefined;
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split('\t'));
}

test('every answer of apk 3 to which is newer', (t) => {
  const real = rows('apk-version-real.tsv');
  const fuzz = rows('apk-version-fuzz.tsv');
  const table = rows('apk-version.tsv');
  if (real === undefined || fuzz === undefined || table === undefined) {
    return t.skip('skipped: shared/vectors is not here');
  }
  const pairs = [
    ...real.map(([a = '', b = '', , three = '']) => [a, b, three]),
    ...fuzz.map(([a = '', b = '', , three = '']) => [a, b, three]),
    ...table.map((row) => [row[0] ?? '', row[2] ?? '', row[7] ?? '']).filter((row) => row[2] !== ''),
  ];
  for (const [a = '', b = '', three] of pairs) {
    assert.equal(sign(compareVersions(a, b)), three, `${a} against ${b}`);
  }
});

test('every answer of apk 3 to which operators hold', (t) => {
  const fuzz = rows('apk-version-fuzz.tsv');
  if (fuzz === undefined) return t.skip('skipped: shared/vectors is not here');
  for (const [a = '', b = '', , , , bits = ''] of fuzz) {
    const got = ['=', '<', '>', '<=', '>=', '~', '>~', '<~'].map((operator) => {
      const relation = parseRelation(`x${operator}${b}`);
      return relation !== null && matchesOperator(a, relation) ? '1' : '0';
    });
    assert.equal(got.join(''), bits, `${a} against ${b}`);
  }
});

test('every answer of apk 3 to what is a version', (t) => {
  const table = rows('apk-version-valid.tsv');
  const fuzz = rows('apk-version-valid-fuzz.tsv');
  if (table === undefined || fuzz === undefined) return t.skip('skipped: shared/vectors is not here');
  for (const [text = '', , , three] of table) assert.equal(isValidVersion(text) ? '1' : '0', three, text);
  for (const [text = '', , three] of fuzz) assert.equal(isValidVersion(text) ? '1' : '0', three, text);
});
