import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { change, solve } from '../../../src/distros/alpine/solver.ts';
import type { PackageSource, SolveProblem, SolveResult } from '../../../src/model/package.ts';
import { type Description, memorySource } from '../memory-source.ts';
import { described } from './solver-cases.ts';

// What apk does is told in cases/*.txt; this is what our answer says beyond it.

function sourceOf(packages: readonly Description[], ...tags: readonly string[]): PackageSource {
  const main = { name: 'main', packages: packages.map(described) };
  return memorySource([main, ...tags.map((tag) => ({ name: tag, tag, packages: [] }))]);
}

function ask(source: PackageSource, ...targets: readonly string[]): SolveResult {
  return solve({ targets, architecture: 'x86_64' }, source);
}

function problems(result: SolveResult): readonly SolveProblem[] {
  assert.ok(!result.ok);
  return result.problems;
}

describe('alpine solver', () => {
  test('a package is the very entry of its source', () => {
    const source = sourceOf([{ name: 'a', version: '1', description: 'the first letter' }]);
    const result = ask(source, 'a');
    assert.ok(result.ok);
    assert.equal(result.packages[0]?.package, source.byName('a')[0]);
    assert.deepEqual(result.warnings, []);
  });

  test('packages without a checksum are told apart', () => {
    const packages = ['1', '2'].map((version) => described({ name: 'a', version, checksum: '' }));
    const result = ask(memorySource([{ name: 'main', packages }]), 'a<2');
    assert.ok(result.ok);
    assert.equal(result.packages[0]?.package.version, '1');
  });

  test('a problem repeats its first requirement and the chain that leads to it', () => {
    const source = sourceOf([
      { name: 'a', version: '1', depends: ['b'] },
      { name: 'b', version: '1', depends: ['gone>2'] },
    ]);
    const [problem] = problems(ask(source, 'a'));
    assert.deepEqual(
      [problem?.requirement, problem?.chain, problem?.candidates],
      ['gone>2', ['world', 'a-1', 'b-1'], []],
    );
  });

  test('candidates are the versions there are, or the packages that provide the name', () => {
    const source = sourceOf([
      { name: 'a', version: '1' },
      { name: 'a', version: '2' },
      { name: 'b', version: '1', provides: ['v'] },
      { name: 'c', version: '1', provides: ['v'] },
    ]);
    assert.deepEqual([...(problems(ask(source, 'a>2'))[0]?.candidates ?? [])].sort(), ['a-1', 'a-2']);
    assert.deepEqual(problems(ask(source, 'v'))[0]?.candidates, ['b', 'c']);
  });

  test('of many candidates a dozen is listed', () => {
    const many = Array.from({ length: 40 }, (_, n) => ({ name: `p${n}`, version: '1', provides: ['v'] }));
    assert.equal(problems(ask(sourceOf(many), 'v'))[0]?.candidates.length, 12);
  });

  for (const target of ['', '>1', 'a>', 'a==', 'a b', 'a\tb', 'a>1..2', '@edge', 'a@', '!', '!>1', 'a~']) {
    test(`${JSON.stringify(target)} is no target`, () => {
      const result = ask(sourceOf([{ name: 'a', version: '1' }], 'edge'), 'a', target);
      assert.deepEqual(
        problems(result).map(({ subject, requirement, chain }) => [subject, requirement, chain]),
        [[target, target, ['world']]],
      );
    });
  }

  test('names may have any letter but operators, @ and spaces', () => {
    for (const name of [
      'so:libc.so.1',
      '/bin/sh',
      'pc:gtk+-3.0',
      '.virtual',
      'é',
      '漢字',
      '_',
      '-',
      "it's",
      '*',
    ]) {
      const result = ask(sourceOf([{ name, version: '1' }]), name);
      assert.ok(result.ok && result.packages[0]?.package.name === name, name);
    }
  });

  test('names that objects have are names', () => {
    for (const name of ['constructor', '__proto__', 'toString']) {
      assert.equal(problems(ask(sourceOf([]), name))[0]?.kind, 'unknown');
      const asker = { name: 'x', version: '1', depends: [name] };
      const result = ask(sourceOf([asker, { name, version: '1' }]), 'x');
      assert.ok(result.ok && result.packages.length === 2, name);
    }
  });

  test('no package at all is a source', () => {
    assert.equal(problems(ask(sourceOf([]), 'a'))[0]?.kind, 'unknown');
    assert.deepEqual(ask(memorySource([])), { ok: true, packages: [], warnings: [] });
  });

  test('repositories may have 31 different tags, and be 32 in all', () => {
    const tagged = (count: number): PackageSource =>
      memorySource(
        Array.from({ length: count }, (_, n) => ({
          name: `r${n}`,
          tag: n < 31 ? `t${n}` : '',
          packages: [described({ name: 'a', version: String(n + 1) })],
        })),
      );
    for (const n of [0, 1, 29, 30]) {
      const result = ask(tagged(32), `a@t${n}`);
      assert.ok(result.ok, `@t${n}`);
      assert.equal(result.packages[0]?.package.repositoryRank, n);
    }
    const untagged = ask(tagged(32), 'a');
    assert.ok(untagged.ok);
    assert.equal(untagged.packages[0]?.package.repositoryRank, 31);
    assert.equal(problems(ask(tagged(31), 'a'))[0]?.kind, 'masked');
    assert.throws(() => ask(tagged(33), 'a'), { code: 'LIMIT' });
  });
});

describe('a virtual package', () => {
  const source = sourceOf([
    { name: 'a', version: '1', depends: ['b'] },
    { name: 'b', version: '1' },
  ]);
  const add = (virtual: string, ...targets: readonly string[]) =>
    change({ targets, virtual, architecture: 'x86_64', installed: [], world: [] }, source);

  test('has the targets as its dependencies, and is what world asks for', () => {
    const result = add('.build', 'a', 'b>0');
    assert.ok(result.ok);
    assert.deepEqual(
      result.changes.map((one) =>
        one.kind === 'remove' ? '' : `${one.package.name}-${one.package.version} ${one.reason}`,
      ),
      ['b-1 dependency', 'a-1 dependency', '.build-0 explicit'],
    );
    assert.deepEqual(source.byName('.build'), [], 'the source stays as it is');
  });

  test('has the version that is asked for, and none that is no version', () => {
    const result = add('.build=2.1', 'a');
    assert.ok(result.ok && result.changes.at(-1)?.kind === 'install');
    for (const bad of ['.build>1', '.build=x', '!.build', '.build@edge', '']) {
      const refused = add(bad, 'a');
      assert.ok(!refused.ok, bad);
      assert.deepEqual(refused.report, [`ERROR: ${bad}: bad package specifier`]);
    }
  });

  test('cannot be had without its targets, nor with one from a tagged repository', () => {
    const missing = add('.build', 'gone');
    assert.ok(!missing.ok);
    assert.deepEqual(missing.report.slice(1), [
      '  gone (no such package):',
      '    required by: .build-0[gone]',
    ]);
    const tagged = add('.build', 'a@edge');
    assert.ok(!tagged.ok);
    assert.match(tagged.report.join(), /^ERROR: 'a@edge' is not a valid package dependency/);
  });
});
