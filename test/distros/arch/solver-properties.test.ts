import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { change } from '../../../src/distros/arch/change.ts';
import { solve } from '../../../src/distros/arch/solver.ts';
import type { SolveResult } from '../../../src/model/package.ts';
import { BLANK, type MemoryRepository, memorySource } from '../memory-source.ts';
import { conflictsAmong, meets, reaches, type Simple, unmet } from './naive-checker.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
const VIRTUALS = ['v', 'w'];
const version = fc.integer({ min: 1, max: 3 }).map(String);

/** Versions are single numbers, so that the checker can compare them without the code under test. */
function relation(names: readonly string[], operators: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...names), fc.constantFrom('', '', '', '', ...operators), version)
    .map(([name, operator, wanted]) => (operator === '' ? name : name + operator + wanted));
}

const requirement = relation([...NAMES, ...VIRTUALS], ['=', '<', '>', '<=', '>=']);
const onePackage: fc.Arbitrary<Simple> = fc.record({
  name: fc.constantFrom(...NAMES),
  version,
  depends: fc.array(requirement, { maxLength: 2 }),
  provides: fc.array(relation([...VIRTUALS, 'a'], ['=']), { maxLength: 2 }),
  conflicts: fc.oneof(
    { weight: 6, arbitrary: fc.constant([]) },
    fc.array(requirement, { minLength: 1, maxLength: 1 }),
  ),
});
const packages = (maxLength: number): fc.Arbitrary<Simple[]> =>
  fc.uniqueArray(onePackage, { selector: ({ name }) => name, maxLength });
const repositories = fc.tuple(packages(6), packages(4)).map(([core, extra]): MemoryRepository[] => [
  { name: 'core', packages: core },
  { name: 'extra', packages: extra },
]);
const targets = fc.uniqueArray(fc.oneof(fc.constantFrom(...NAMES), requirement), {
  minLength: 1,
  maxLength: 3,
});

function ask(from: readonly MemoryRepository[], names: readonly string[]): SolveResult {
  return solve(
    { targets: names, architecture: 'x86_64', repositoryNames: from.map(({ name }) => name) },
    memorySource(from),
  );
}

test('what is installed is complete, without conflict, needed, and in the order of its dependencies', () => {
  let solved = 0;
  fc.assert(
    fc.property(repositories, targets, (from, names) => {
      const result = ask(from, names);
      if (!result.ok) return;
      solved += 1;
      const all = result.packages.map((one) => one.package);
      assert.equal(new Set(all.map(({ name }) => name)).size, all.length, 'a name twice');
      assert.deepEqual(unmet(all, all), []);
      assert.deepEqual(conflictsAmong(all), []);
      const explicit = result.packages
        .filter(({ reason }) => reason === 'explicit')
        .map((one) => one.package);
      // A package that gave way to another leaves behind what it needed, as in pacman.
      if (result.warnings.length === 0) {
        for (const one of all) assert.ok(reaches(explicit, one, all), `${one.name} is not needed`);
      }
      all.forEach((one, at) => {
        for (const later of all.slice(at + 1)) {
          const needs = one.depends.some((text) => meets(later, text));
          assert.ok(!needs || reaches([later], one, all), `${one.name} comes before ${later.name}`);
        }
      });
    }),
    { numRuns: 1500 },
  );
  assert.ok(solved > 150, `only ${solved} could be solved`);
});

test('the answer does not depend on the order of the rows in a repository', () => {
  const shuffled = repositories.chain((from) =>
    fc.tuple(
      fc.constant(from),
      fc
        .tuple(
          ...from.map((one) => fc.shuffledSubarray([...one.packages], { minLength: one.packages.length })),
        )
        .map((lists) => from.map((one, at) => ({ ...one, packages: lists[at] ?? [] }))),
    ),
  );
  const told = (result: SolveResult): unknown =>
    result.ok
      ? result.packages.map((one) => [one.package.repositoryRank, one.package.name, one.reason])
      : [result.report, result.problems];
  fc.assert(
    fc.property(shuffled, targets, ([from, other], names) => {
      assert.deepEqual(told(ask(other, names)), told(ask(from, names)));
    }),
    { numRuns: 500 },
  );
});

/** A package is not looked for by what it provides of its own name. */
function isChosenFor(one: Simple, wanted: string): boolean {
  const own = one.provides.filter((text) => text.startsWith(one.name));
  return meets({ ...one, provides: one.provides.filter((text) => !own.includes(text)) }, wanted);
}

test('a failure names a requirement that is not met, and a chain of requirements that leads there', () => {
  fc.assert(
    fc.property(repositories, targets, (from, names) => {
      const result = ask(from, names);
      if (result.ok) return;
      const all = from.flatMap((one) => one.packages as readonly Simple[]);
      assert.ok(result.problems.length > 0 && result.report.length > 0);
      for (const { kind, requirement: wanted, terms, chain, subject } of result.problems) {
        assert.deepEqual([wanted, chain], [terms[0]?.requirement, terms[0]?.chain]);
        if (kind === 'unknown') assert.ok(!all.some((one) => meets(one, subject)), `${subject} is known`);
        if (kind === 'version') assert.ok(!all.some((one) => isChosenFor(one, wanted)), `${wanted} is met`);
        for (const term of terms) {
          const links = term.chain
            .slice(1)
            .map((label) => all.filter((one) => `${one.name}-${one.version}` === label));
          links.forEach((askers, at) => {
            assert.ok(askers.length > 0, `who is ${term.chain[at + 1]}?`);
            const next = links[at + 1];
            if (next === undefined) return;
            const asked = askers.some((one) =>
              one.depends.some((text) => next.some((two) => meets(two, text))),
            );
            assert.ok(asked, `${term.chain.join(' → ')} is no chain`);
          });
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test('a change leaves no requirement unmet that was met, and no conflict with what it adds', () => {
  let changed = 0;
  fc.assert(
    fc.property(
      repositories,
      packages(4),
      targets,
      fc.boolean(),
      (from, installed, names, removeConflicting) => {
        const before = installed.map((one) => ({ ...BLANK, ...one }));
        const result = change(
          {
            targets: names,
            architecture: 'x86_64',
            installed: before.map((one) => ({ package: one, reason: 'explicit', tag: '' })),
            pacman: { removeConflicting, upgrade: 'newer' },
          },
          memorySource(from),
        );
        if (!result.ok) return;
        changed += 1;
        const gone = new Set(result.changes.flatMap((one) => (one.kind === 'install' ? [] : [one.old])));
        const added = result.changes.flatMap((one) => (one.kind === 'remove' ? [] : [one.package]));
        const after = [...before.filter((one) => !gone.has(one)), ...added];
        const lostBefore = new Set(unmet(before, before));
        const staying = before.filter((one) => !gone.has(one));
        assert.deepEqual(unmet(added, after), []);
        assert.deepEqual(
          unmet(staying, after).filter((text) => !lostBefore.has(text)),
          [],
        );
        assert.equal(new Set(after.map(({ name }) => name)).size, after.length, 'a name twice');
        for (const one of conflictsAmong(after))
          assert.ok(!added.some(({ name }) => one.includes(name)), one.join());
      },
    ),
    { numRuns: 1500 },
  );
  assert.ok(changed > 150, `only ${changed} could be made`);
});

test('a chain of a hundred thousand packages is resolved without a deep stack', () => {
  const length = 100_000;
  const chain = Array.from({ length }, (_, n): Simple => {
    const depends = n + 1 < length ? [`p${n + 1}`] : [];
    return { name: `p${n}`, version: '1', depends, provides: [], conflicts: [] };
  });
  const result = ask([{ name: 'core', packages: chain }], ['p0']);
  assert.ok(result.ok);
  assert.equal(result.packages.length, length);
  assert.equal(result.packages[0]?.package.name, `p${length - 1}`);
  const broken = ask([{ name: 'core', packages: chain.slice(0, -1) }], ['p0']);
  assert.ok(!broken.ok);
  assert.equal(broken.problems[0]?.requirement, `p${length - 1}`);
  assert.ok((broken.problems[0]?.chain.length ?? 0) < 300);
});

test('what is needed by two ways at each of many levels fails in bounded time', () => {
  // pacman itself walks 2^40 paths here.
  const ladder = Array.from({ length: 40 }, (_, n): Simple[] => [
    { name: `a${n}`, version: '1', depends: [`a${n + 1}`, `b${n}`], provides: [], conflicts: [] },
    { name: `b${n}`, version: '1', depends: [`a${n + 1}`], provides: [], conflicts: [] },
  ]).flat();
  const result = ask([{ name: 'core', packages: ladder }], ['a0']);
  assert.ok(!result.ok);
  assert.deepEqual(
    result.problems.map(({ kind, subject }) => [kind, subject]),
    [['unknown', 'a40']],
  );
  assert.ok(result.report.length <= 1001);
});

test('a failure that no memory can cut short ends after a limit of steps', () => {
  // The last level is there, but ignored: whether it will do has to be asked each time.
  const ladder = Array.from({ length: 41 }, (_, n): Simple[] => [
    { name: `a${n}`, version: '1', depends: [`a${n + 1}`, `b${n}`], provides: [], conflicts: [] },
    { name: `b${n}`, version: '1', depends: [`a${n + 1}`], provides: [], conflicts: [] },
  ]).flat();
  const source = memorySource([{ name: 'core', packages: ladder }]);
  const request = { targets: ['a0'], architecture: 'x86_64', pacman: { ignore: ['a40'] } };
  const result = solve(request, source);
  assert.ok(!result.ok);
  assert.equal(result.problems[0]?.message, 'a39-1 and 1 more require a40, but a40-1 is ignored');
  const entry = { ...BLANK, name: 'other', version: '1' };
  const installed = [{ package: entry, reason: 'explicit', tag: '' } as const];
  assert.throws(() => change({ ...request, installed }, source), { code: 'LIMIT' });
});
