import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { matchesOperator, parseRelation } from '../../../src/distros/alpine/relation.ts';
import { APK_3, rulesFor, solverRules } from '../../../src/distros/alpine/rules.ts';
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

/** Each apk with the column of its answers in apk-version-real and -fuzz, -valid-fuzz and the wider tables. */
const APKS = [
  { name: 'apk 2.14', rules: solverRules('2.14.0'), column: 0 },
  { name: 'apk 3', rules: APK_3, column: 1 },
];

for (const { name, rules, column } of APKS) {
  test(`every answer of ${name} to which is newer`, (t) => {
    const real = rows('apk-version-real.tsv');
    const fuzz = rows('apk-version-fuzz.tsv');
    const table = rows('apk-version.tsv');
    if (real === undefined || fuzz === undefined || table === undefined) {
      return t.skip('skipped: shared/vectors is not here');
    }
    const pairs = [
      ...[...real, ...fuzz].map((row) => [row[0], row[1], row[2 + column]]),
      ...table.map((row) => [row[0], row[2], row[6 + column]]).filter((row) => row[2] !== ''),
    ];
    assert.ok(pairs.length > 14_000, `${pairs.length} pairs`);
    for (const [a = '', b = '', expected] of pairs) {
      assert.equal(sign(rules.compareVersions(a, b)), expected, `${a} against ${b}`);
    }
  });

  test(`every answer of ${name} to which operators hold`, (t) => {
    const fuzz = rows('apk-version-fuzz.tsv');
    const table = rows('apk-version.tsv');
    if (fuzz === undefined || table === undefined) return t.skip('skipped: shared/vectors is not here');
    const holds = (a: string, operator: string, b: string): string => {
      const relation = parseRelation(`x${operator}${b}`, rules);
      return relation !== null && matchesOperator(a, relation, rules) ? '1' : '0';
    };
    for (const [a = '', b = '', ...columns] of fuzz) {
      const got = ['=', '<', '>', '<=', '>=', '~', '>~', '<~'].map((operator) => holds(a, operator, b));
      assert.equal(got.join(''), columns[2 + column], `${a} against ${b}`);
    }
    for (const [a = '', operator = '', b = '', , ...columns] of table) {
      assert.equal(holds(a, operator, b), columns[column], `${a} ${operator} ${b}`);
    }
  });

  test(`every answer of ${name} to what is a version`, (t) => {
    const table = rows('apk-version-valid.tsv');
    const fuzz = rows('apk-version-valid-fuzz.tsv');
    if (table === undefined || fuzz === undefined) return t.skip('skipped: shared/vectors is not here');
    const isValid = (text: string): string => (rules.isValidVersion(text) ? '1' : '0');
    for (const [text = '', , ...columns] of table) assert.equal(isValid(text), columns[column], text);
    for (const [text = '', ...columns] of fuzz) assert.equal(isValid(text), columns[column], text);
  });
}

test('apk 2 knows letters with digits after them and no commit, and compares what it can read', () => {
  const { compareVersions: compare, compareFuzzy, isValidVersion: isValid } = solverRules('2.14.0');
  const rows: readonly [a: string, order: string, b: string][] = [
    ['1.2a', '<', '1.2a3'],
    ['1.0', '>', '1.0_rc1'],
    ['1.0', '<', '1.0_p1'],
    ['1.01', '<', '1.1'],
    ['1.001', '<', '1.01'],
    ['1.0-r2', '<', '1.0-r10'],
    ['12345678901234567', '>', '12345678901234566'],
    ['1.2_foo', '<', '1.2'],
  ];
  for (const [a, order, b] of rows) {
    assert.equal(sign(compare(a, b)), order, `${a} against ${b}`);
    assert.equal(sign(-compare(b, a) + 0), order, `${b} against ${a}`);
  }
  assert.equal(compareFuzzy('1.2', '1.2.3'), 0, 'either may be the prefix');
  assert.equal(compareFuzzy('1.20', '1.2'), 1);
  for (const text of ['1.2a3', '1_rc1_git2-r0', '1']) assert.ok(isValid(text), text);
  for (const text of ['1~ab', '1.0_foo', '123456789012345678', '1-1']) assert.ok(!isValid(text), text);
});

test('the rules are those of the first version that has them', () => {
  const since = (version: string): string => solverRules(version).since;
  assert.equal(since('2.12.10-r1'), '2.14.0');
  assert.equal(since('2.14.4-r0'), '2.14.2');
  assert.equal(since('2.14.6-r3'), '2.14.5');
  assert.equal(since('2.14.10-r13'), '2.14.7');
  assert.equal(since('2.14.12-r0'), '2.14.11');
  assert.equal(since('3.0.0_rc3-r0'), '3', 'its candidates too');
  assert.equal(since('3.0.6-r0'), '3');
});

test('the repositories decide whose rules they are, else the release; a chosen solver overrides both', () => {
  const of = (release: string, packageManager: string, solver?: string): string =>
    rulesFor({ release, packageManager }, solver).since;
  assert.equal(of('v3.19', ''), '2.14.2');
  assert.equal(of('v3.22', ''), '2.14.11');
  assert.equal(of('v3.23', ''), '3');
  assert.equal(of('edge', ''), '3');
  assert.equal(of('', ''), '3', 'nothing says it');
  assert.equal(of('', '2.14.10-r13'), '2.14.7', "Wolfi's");
  assert.equal(of('edge', '2.14.10-r13', 'apk3'), '3');
  assert.equal(of('v3.23', '', 'apk2'), '2.14.11', 'the newest of the generation');
  assert.equal(of('v3.19', '2.14.4-r0', 'apk2'), '2.14.2', "the release's own");
});
