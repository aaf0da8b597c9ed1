import assert from 'node:assert/strict';
import { test } from 'node:test';
import { solve } from '../../../src/distros/alpine/solver.ts';
import type { SolveResult } from '../../../src/model/package.ts';
import { indexOf, memorySource } from './memory-source.ts';

function add(
  targets: readonly string[],
  ...indexes: readonly (string | [tag: string, index: string])[]
): SolveResult {
  const repositories = indexes.map((entry) =>
    typeof entry === 'string' ? { tag: null, index: entry } : { tag: entry[0], index: entry[1] },
  );
  return solve({ targets, architecture: 'x86_64' }, memorySource(repositories));
}

function labels(result: SolveResult): string[] {
  if (!result.ok) assert.fail(result.problems.map((problem) => problem.message).join('; '));
  return result.packages.map(({ package: entry }) => `${entry.name}-${entry.version}`);
}

function problems(result: SolveResult): [kind: string, requirement: string, chain: string][] {
  assert.ok(!result.ok);
  return result.problems.map((problem) => [problem.kind, problem.requirement, problem.chain.join(' > ')]);
}

test('dependencies come first, in their own order, and are told from what was asked for', () => {
  const result = add(
    ['git'],
    indexOf('musl-1', 'zlib-1 D:musl', 'git-2 D:zlib musl cmd:sh', 'busybox-1 D:musl p:cmd:sh=1'),
  );
  assert.deepEqual(labels(result), ['musl-1', 'zlib-1', 'busybox-1', 'git-2']);
  assert.ok(result.ok);
  assert.deepEqual(
    result.packages.map((entry) => entry.reason),
    ['dependency', 'dependency', 'dependency', 'explicit'],
  );
});

test('the newest that fits is taken, from the earliest repository', () => {
  const main = indexOf('a-1', 'a-3', 'a-2', 'b-1');
  assert.deepEqual(labels(add(['a'], main)), ['a-3']);
  assert.deepEqual(labels(add(['a<3'], main)), ['a-2']);
  assert.deepEqual(labels(add(['a~1'], main)), ['a-1']);
  const result = add(['b'], indexOf('b-1 p:x'), indexOf('b-1 p:y'));
  assert.ok(result.ok);
  assert.equal(result.packages[0]?.package.repositoryRank, 0);
});

test('a name is asked for once: the last target counts', () => {
  assert.deepEqual(labels(add(['a=1', 'a'], indexOf('a-1', 'a-2'))), ['a-2']);
  assert.deepEqual(labels(add(['a', '!a'], indexOf('a-1'))), []);
});

test('a versioned provide is taken, the highest one', () => {
  const index = indexOf('a-1 D:so:x', 'p1-1 p:so:x=1', 'p2-1 p:so:x=2');
  assert.deepEqual(labels(add(['a'], index)), ['p2-1', 'a-1']);
});

test('an unversioned provide is not taken unasked', () => {
  const index = indexOf('a-1 D:virt', 'p1-1 p:virt', 'p2-1 p:virt');
  const got = problems(add(['a'], index));
  assert.equal(got[0]?.[1], 'virt');
  assert.deepEqual(labels(add(['a', 'p2'], index)), ['p2-1', 'a-1']);
  assert.deepEqual(labels(add(['a', 'p1', 'p2'], index)).sort(), ['a-1', 'p1-1', 'p2-1']);
});

test('provider_priority makes an unversioned provide eligible', () => {
  const index = indexOf('a-1 D:virt', 'p1-1 k:10 p:virt', 'p2-1 k:20 p:virt', 'p3-1 p:virt');
  assert.deepEqual(labels(add(['a'], index)), ['p2-1', 'a-1']);
});

test('a versioned provide excludes every other provider of the name', () => {
  const index = indexOf('p1-1 p:x=1', 'p2-1 p:x=2');
  assert.ok(!add(['p1', 'p2'], index).ok);
});

test('conflicts rule out, and are told with who has them', () => {
  const index = indexOf('a-1 D:!c', 'b-1 D:c', 'c-1');
  const result = add(['a', 'b'], index);
  assert.ok(!result.ok);
  assert.match(result.problems.map((problem) => problem.message).join('\n'), /c-1|!c/);
  assert.deepEqual(labels(add(['a'], indexOf('a-1 D:!a !c p:a2=1'))), ['a-1']);
});

test('a missing name is told with the chain that leads to it', () => {
  assert.deepEqual(problems(add(['nope'], indexOf('a-1'))), [['unknown', 'nope', 'world']]);
  const got = problems(add(['a'], indexOf('a-1 D:b', 'b-1 D:gone>2')));
  assert.deepEqual(got.at(-1), ['unknown', 'gone>2', 'world > a-1 > b-1']);
});

test('a constraint that no version meets is told', () => {
  assert.deepEqual(problems(add(['a>9'], indexOf('a-1', 'a-2'))), [['version', 'a>9', 'world']]);
});

test('targets that are no relation are told', () => {
  for (const target of ['a>', '>1', 'a b', 'a>1..2']) {
    assert.deepEqual(problems(add([target], indexOf('a-1')))[0]?.[1], target);
  }
});

test('install_if brings in what its terms make', () => {
  const index = indexOf('git-2', 'docs-1', 'git-doc-2 i:git=2 docs', 'git-old-1 i:git=1 docs');
  assert.deepEqual(labels(add(['git'], index)), ['git-2']);
  assert.deepEqual(labels(add(['git', 'docs'], index)), ['docs-1', 'git-2', 'git-doc-2']);
});

test('a tagged repository is masked until its tag is asked for, and the tag is inherited', () => {
  const main = indexOf('a-1', 'b-1');
  const edge: [string, string] = ['@edge', indexOf('a-2 D:b>=2 only', 'b-2', 'only-1')];
  assert.deepEqual(labels(add(['a'], main, edge)), ['a-1']);
  assert.deepEqual(labels(add(['a@edge'], main, edge)), ['b-2', 'only-1', 'a-2']);
  assert.equal(problems(add(['only'], main, edge))[0]?.[0], 'masked');
});

test('what cannot be installed here is left out', () => {
  const foreign = indexOf('a-1').concat('\n', indexOf('a-2').replace('A:x86_64', 'A:aarch64'));
  assert.deepEqual(labels(add(['a'], foreign)), ['a-1']);
  assert.deepEqual(labels(add(['a'], indexOf('a-1', 'a-2 D:b>1bc'))), ['a-1']);
});

test('cycles end', () => {
  assert.deepEqual(labels(add(['a'], indexOf('a-1 D:b', 'b-1 D:c', 'c-1 D:a'))), ['c-1', 'b-1', 'a-1']);
});

test('a long chain does not exhaust the stack', () => {
  const count = 20_000;
  const lines = Array.from({ length: count }, (_, at) =>
    at + 1 < count ? `n${at}-1 D:n${at + 1}` : `n${at}-1`,
  );
  const result = add(['n0'], indexOf(...lines));
  assert.ok(result.ok);
  assert.equal(result.packages.length, count);
  assert.equal(result.packages[0]?.package.name, `n${count - 1}`);
});
