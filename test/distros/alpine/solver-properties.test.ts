import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { APK_3 } from '../../../src/distros/alpine/rules.ts';
import { buildGraph } from '../../../src/distros/alpine/solver/graph-build.ts';
import { decodeGraph, encodeGraph } from '../../../src/distros/alpine/solver/graph-codec.ts';
import { type ApkChangeRequest, change, solve } from '../../../src/distros/alpine/solver.ts';
import type { ChangeResult, InstalledEntry } from '../../../src/distros/transaction.ts';
import type { CatalogPackage, IndexPackage, PackageSource, SolveResult } from '../../../src/model/package.ts';
import { type Description, type MemoryRepository, memorySource } from '../memory-source.ts';
import {
  contested,
  isConflict,
  meets,
  nameOf,
  reachedFrom,
  type Simple,
  termHolds,
  unmet,
} from './naive-checker.ts';
import { NAMES, repositories, requests, targetsFor } from './random-repositories.ts';
import { described } from './solver-cases.ts';

const SEED = 20_260;

function sourceOf(from: readonly MemoryRepository[]): PackageSource {
  return memorySource(from.map((one) => ({ ...one, packages: one.packages.map(described) })));
}

function ask(source: PackageSource, targets: readonly string[]): SolveResult {
  return solve({ targets, architecture: 'x86_64' }, source);
}

/** The last of each name. */
function worldOf(targets: readonly string[]): string[] {
  return [...new Map(targets.map((term) => [nameOf(term), term])).values()];
}

function told(result: SolveResult): unknown {
  return result.ok
    ? result.packages.map((one) => [one.package.repositoryRank, one.package.ordinal, one.reason])
    : [result.report, result.problems];
}

/** Every law of a set of packages that apk would install, by the naive checker. */
function checkSet(
  all: readonly CatalogPackage[],
  { world, known }: { readonly world: readonly string[]; readonly known: readonly Simple[] },
): void {
  assert.equal(new Set(all).size, all.length, 'a package twice');
  assert.deepEqual(unmet(all), []);
  assert.ok(
    world.every((term) => termHolds(term, all)),
    'world is not met',
  );
  assert.deepEqual(contested(all), []);
  assert.equal(reachedFrom(world, { all, known }).size, all.length, 'a package that nothing leads to');
  all.forEach((one, at) => {
    const before = all.slice(0, at + 1);
    for (const term of one.depends) {
      if (isConflict(term) || before.some((other) => meets(other, term))) continue;
      // Only in a cycle: what comes later leads here.
      const later = all.slice(at + 1).filter((other) => meets(other, term));
      const leadsHere = later.every(({ depends }) => reachedFrom(depends, { all, known }).has(one));
      assert.ok(leadsHere, `${one.name} comes before ${term}`);
    }
  });
  const tagged = reachedFrom(
    world.filter((term) => term.includes('@')),
    { all, known },
  );
  for (const one of all) assert.ok(one.tag === '' || tagged.has(one), `${one.name} is masked`);
}

test('what is installed is complete, without conflict, needed, unmasked and in the order of its dependencies', () => {
  let solved = 0;
  fc.assert(
    fc.property(requests, ([from, targets]) => {
      const result = ask(sourceOf(from), targets);
      if (!result.ok) return;
      solved += 1;
      const known = from.flatMap((one) => one.packages.map(described));
      checkSet(
        result.packages.map((one) => one.package),
        { world: worldOf(targets), known },
      );
    }),
    { numRuns: 2000, seed: SEED },
  );
  assert.ok(solved > 400, `only ${solved} could be solved`);
});

/** Packages that need what there is, and that nothing leads to. */
const strangers = fc.array(
  fc.record({
    name: fc.constantFrom('y', 'z'),
    version: fc.constantFrom('1', '2'),
    depends: fc.subarray([...NAMES, '!a', '!b>1', 'z', 'y', 'v=1'], { maxLength: 3 }),
    provides: fc.subarray(['y-lib=1', 'z-lib', 'z-lib=2'], { maxLength: 2 }),
    installIf: fc.subarray(['y', 'z', '!y-lib'], { maxLength: 2 }),
  }),
  { minLength: 1, maxLength: 5 },
);

test('packages that no requested name leads to do not change what is installed', () => {
  const labels = (result: SolveResult): unknown =>
    result.ok
      ? result.packages.map(({ package: one }) => `${one.name}-${one.version}`).sort()
      : result.report;
  fc.assert(
    fc.property(requests, strangers, fc.boolean(), ([from, targets], more, first) => {
      const wider = from.map((one, rank) => ({
        ...one,
        packages: rank > 0 ? one.packages : first ? [...more, ...one.packages] : [...one.packages, ...more],
      }));
      assert.deepEqual(labels(ask(sourceOf(wider), targets)), labels(ask(sourceOf(from), targets)));
    }),
    { numRuns: 800, seed: SEED },
  );
});

interface Question {
  readonly targets: readonly string[];
  readonly flags: Pick<ApkChangeRequest, 'upgrade' | 'latest' | 'available'>;
}

function questionsOn(from: readonly MemoryRepository[]): fc.Arbitrary<Question> {
  const flags = fc.constantFrom<Question['flags'][]>(
    {},
    {},
    { available: true },
    { upgrade: 'targets' },
    { upgrade: 'all', latest: true },
  );
  return fc.record({ targets: targetsFor(from), flags });
}

function changeFrom(
  before: { readonly installed: readonly IndexPackage[]; readonly world: readonly string[] },
  { targets, flags }: Question,
  source: PackageSource,
): ChangeResult {
  const installed = before.installed.map(
    (entry): InstalledEntry => ({ package: entry, reason: 'dependency', tag: '' }),
  );
  return change({ targets, architecture: 'x86_64', world: before.world, installed, ...flags }, source);
}

const EMPTY = { installed: [], world: [] };

test('an answer does not depend on what was asked before', () => {
  const asked = repositories.chain((from) =>
    fc.tuple(fc.constant(from), fc.array(questionsOn(from), { minLength: 2, maxLength: 5 })),
  );
  fc.assert(
    fc.property(asked, ([from, list]) => {
      const source = sourceOf(from);
      for (const one of [...list, ...list]) {
        const fresh = sourceOf(from);
        assert.deepEqual(changed(changeFrom(EMPTY, one, source)), changed(changeFrom(EMPTY, one, fresh)));
      }
    }),
    { numRuns: 250, seed: SEED },
  );
});

function changed(result: ChangeResult): unknown {
  if (!result.ok) return [result.report, result.problems];
  return result.changes.map((one) => [
    one.kind,
    one.kind === 'install' ? '' : `${one.old.name}-${one.old.version}`,
    one.kind === 'remove' ? '' : [one.package.repositoryRank, one.package.ordinal, one.reason],
  ]);
}

test('a change of a root leads to a complete set without conflict in which world holds', () => {
  const before = repositories.chain((from) =>
    fc.tuple(fc.constant(from), targetsFor(from), questionsOn(from)),
  );
  let done = 0;
  fc.assert(
    fc.property(before, ([from, first, question]) => {
      const source = sourceOf(from);
      const old = ask(source, first);
      if (!old.ok) return;
      const installed = old.packages.map((one) => one.package);
      const result = changeFrom({ installed, world: worldOf(first) }, question, source);
      if (!result.ok) return;
      done += 1;
      const gone = new Set(result.changes.flatMap((one) => (one.kind === 'install' ? [] : [one.old])));
      const added = result.changes.flatMap((one) => (one.kind === 'remove' ? [] : [one.package]));
      for (const one of gone)
        assert.ok(
          installed.some((other) => other === one),
          `${one.name} was there`,
        );
      const after = [...installed.filter((one) => !gone.has(one)), ...added];
      const world = worldOf([...first, ...question.targets]);
      assert.deepEqual(unmet(after), []);
      assert.deepEqual(contested(after), []);
      assert.ok(
        world.every((term) => termHolds(term, after)),
        'world is not met',
      );
      const known = from.flatMap((one) => one.packages.map(described));
      assert.equal(reachedFrom(world, { all: after, known }).size, after.length, 'nothing leads there');
    }),
    { numRuns: 2000, seed: SEED },
  );
  assert.ok(done > 80, `only ${done} could be made`);
});

test('a request is its last word on each name, in any order', () => {
  fc.assert(
    fc.property(requests, ([from, targets]) => {
      const source = sourceOf(from);
      const world = worldOf(targets);
      assert.deepEqual(told(ask(source, world)), told(ask(source, targets)));
      assert.deepEqual(told(ask(source, world.toReversed())), told(ask(source, targets)));
    }),
    { numRuns: 500, seed: SEED },
  );
});

test('a failure has problems, each with chains of requirements that lead from world', () => {
  fc.assert(
    fc.property(requests, ([from, targets]) => {
      const result = ask(sourceOf(from), targets);
      if (result.ok) return;
      const all = from.flatMap((one) => one.packages.map(described));
      assert.ok(result.problems.length > 0 && result.report.length > 1);
      for (const { kind, subject, requirement, chain, terms, message } of result.problems) {
        assert.ok(message !== '');
        if (terms[0] !== undefined)
          assert.deepEqual([requirement, chain], [terms[0].requirement, terms[0].chain]);
        if (kind === 'unknown') assert.ok(!all.some((one) => meets(one, subject)), `${subject} is known`);
        for (const term of terms) {
          checkChain(term.chain, { all, targets });
        }
      }
    }),
    { numRuns: 800, seed: SEED },
  );
});

/**
 * Each is asked for by the one before it, by any of its names, or is there by install_if. A chain does not begin with
 * world where apk kept what it took for a package that it chose another for in the end.
 */
function checkChain(
  chain: readonly string[],
  { all, targets }: { readonly all: readonly Simple[]; readonly targets: readonly string[] },
): void {
  const labels = chain[0] === 'world' ? chain.slice(1) : chain;
  let askers: readonly (readonly string[])[] =
    chain === labels ? all.map(({ depends }) => depends) : [targets];
  for (const label of labels) {
    const found = all.filter((one) => `${one.name}-${one.version}` === label);
    assert.ok(found.length > 0, `who is ${label}?`);
    const names = (one: Simple): string[] => [one.name, ...one.provides.map(nameOf)];
    const asked = found.some(
      (one) =>
        one.installIf.length > 0 ||
        askers.some((terms) => terms.some((term) => !isConflict(term) && names(one).includes(nameOf(term)))),
    );
    assert.ok(asked, `${labels.join(' → ')} is no chain at ${label}`);
    askers = found.map(({ depends }) => depends);
  }
}

test('a graph is the same after encoding and decoding, from any place in memory', () => {
  fc.assert(
    fc.property(repositories, fc.integer({ min: 0, max: 7 }), (from, offset) => {
      const graph = buildGraph({ packages: sourceOf(from).all(), architecture: 'x86_64', rules: APK_3 });
      const bytes = encodeGraph(graph);
      const moved = new Uint8Array([...new Uint8Array(offset), ...bytes]).subarray(offset);
      assert.deepEqual(plain(decodeGraph(moved)), plain(graph));
      assert.deepEqual(Buffer.from(encodeGraph(decodeGraph(moved))), Buffer.from(bytes));
    }),
    { numRuns: 200, seed: SEED },
  );
});

function plain(graph: object): Record<string, number[]> {
  return Object.fromEntries(Object.entries(graph).map(([key, list]) => [key, [...list]]));
}

test('bytes that end too early are no graph', () => {
  const from = [{ name: 'main', packages: [{ name: 'a', version: '1', depends: ['b'] }] }];
  const bytes = encodeGraph(
    buildGraph({ packages: sourceOf(from).all(), architecture: 'x86_64', rules: APK_3 }),
  );
  for (const length of [0, 1, 4, 40, 400, bytes.length - 4, bytes.length - 1]) {
    assert.throws(() => decodeGraph(bytes.subarray(0, length)), Error, `${length} bytes`);
  }
});

function chain(length: number, last: Partial<Description> = {}): MemoryRepository[] {
  const packages = Array.from({ length }, (_, n): Description => {
    const one = { name: `p${n}`, version: '1' };
    return n + 1 < length ? { ...one, depends: [`p${n + 1}`] } : { ...one, ...last };
  });
  return [{ name: 'main', packages }];
}

test('a chain of 20,000 packages is resolved, and its missing end explained, without a deep stack', () => {
  const length = 20_000;
  const result = ask(sourceOf(chain(length)), ['p0']);
  assert.ok(result.ok);
  assert.deepEqual(
    result.packages.map(({ package: { name } }) => name),
    Array.from({ length }, (_, n) => `p${length - 1 - n}`),
  );
  const broken = ask(sourceOf(chain(length, { depends: ['gone'] })), ['p0']);
  assert.ok(!broken.ok);
  assert.equal(broken.problems[0]?.subject, 'gone');
});

test('a chain of install_if is resolved without a deep stack', () => {
  const packages = Array.from({ length: 5000 }, (_, n): Description => {
    return { name: `p${n}`, version: '1', installIf: n === 0 ? [] : [`p${n - 1}`] };
  });
  const result = ask(sourceOf([{ name: 'main', packages }]), ['p0']);
  assert.ok(result.ok);
  assert.equal(result.packages.length, 5000);
});

test('a cycle of 20,000 packages ends', () => {
  const result = ask(sourceOf(chain(20_000, { depends: ['p0'] })), ['p7']);
  assert.ok(result.ok);
  assert.equal(result.packages.length, 20_000);
  assert.equal(result.packages.at(-1)?.package.name, 'p7');
});

test('of 20,000 providers of a name the highest is found', () => {
  const many = 20_000;
  const packages = Array.from({ length: many }, (_, n): Description => {
    return { name: `p${n}`, version: '1', provides: [`v=${(n * 7919) % many}`] };
  });
  const asker = { name: 'x', version: '1', depends: ['v'] };
  const result = ask(sourceOf([{ name: 'main', packages: [...packages, asker] }]), ['x']);
  assert.ok(result.ok);
  const [chosen] = result.packages;
  assert.deepEqual(chosen?.package.provides, [`v=${many - 1}`]);
});

test('a package that 20,000 others need is one package', () => {
  const needing = Array.from({ length: 20_000 }, (_, n): Description => {
    return { name: `p${n}`, version: '1', depends: ['base'] };
  });
  const all = { name: 'all', version: '1', depends: needing.map(({ name }) => name) };
  const packages = [...needing, all, { name: 'base', version: '1' }];
  const result = ask(sourceOf([{ name: 'main', packages }]), ['all']);
  assert.ok(result.ok);
  assert.equal(result.packages.length, 20_002);
  assert.equal(result.packages[0]?.package.name, 'base');
});

/** Names of two versions, each of which needs either version of the next: 2^levels ways to choose. */
function ladder(levels: number): Description[] {
  return Array.from({ length: levels }, (_, n) =>
    ['1', '2'].map((version): Description => {
      const depends = n + 1 < levels ? [`p${n + 1}`, `p${n + 1}${version === '1' ? '<2' : '>0'}`] : ['gone'];
      return { name: `p${n}`, version, depends };
    }),
  ).flat();
}

test('a repository of many choices that all fail ends soon', () => {
  const result = ask(sourceOf([{ name: 'main', packages: ladder(500) }]), ['p0']);
  assert.ok(!result.ok);
  assert.deepEqual(
    result.problems.map(({ kind, subject }) => [kind, subject]),
    [['unknown', 'gone']],
  );
});

test('a repository in which everything needs and excludes everything ends soon', () => {
  const names = Array.from({ length: 100 }, (_, n) => `p${n}`);
  const packages = names.map((name, n): Description => {
    const others = names.filter((_, m) => m !== n);
    return {
      name,
      version: '1',
      depends: [...others, ...others.map((other) => `!${other}>1`)],
      provides: ['v'],
    };
  });
  const result = ask(sourceOf([{ name: 'main', packages }]), ['p0']);
  assert.ok(result.ok);
  assert.equal(result.packages.length, 100);
  const hostile = packages.map((one, n) => ({
    ...one,
    depends: [...(one.depends ?? []), `!p${(n + 1) % 100}`],
  }));
  assert.ok(!ask(sourceOf([{ name: 'main', packages: hostile }]), ['p0']).ok);
});
