import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { type GraphRequest, solvedGraph } from '../../../src/app/query/solved-graph.ts';
import { why } from '../../../src/app/query/why.ts';
import { isAppError } from '../../../src/model/app-error.ts';
import type { GraphReport, SetEdge, WhyReport } from '../../../src/model/relation-report.ts';
import { sharedData } from '../../fixtures/shared.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { refused, source, use } from '../harness.ts';
import { alpineShelf, archShelf, type Shelf } from '../repositories/index-folders.ts';

const ALL = Number.POSITIVE_INFINITY;

function graphOf(shelf: Shelf, packages: readonly string[], depth: GraphRequest['depth'] = ALL) {
  return use(shelf, (context) => solvedGraph(context, { ...shelf, packages, depth }));
}

function whyOf(shelf: Shelf, name: string, ...targets: string[]): Promise<WhyReport> {
  return use(shelf, (context) => why(context, { ...shelf, name, targets, all: true }));
}

const edgeText = ({ from, to, kind, relation }: SetEdge): string =>
  `${from} → ${to}${kind === 'depends' ? '' : ` ${kind}`} ${relation}`;
const edgesOf = ({ edges }: GraphReport): string[] => edges.map(edgeText);
const namesOf = ({ packages }: GraphReport): string[] => packages.map(({ name }) => name);
const chainsOf = ({ chains }: WhyReport): string[] =>
  chains.map(({ root, steps }) =>
    [root, ...steps.map(({ to, relation }) => `${to} (${relation})`)].join(' → '),
  );

/** Names that `edges` lead to from the roots, the roots with them. */
function reached({ roots, edges }: GraphReport): Set<string> {
  const found = new Set(roots);
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const { from, to } of edges) if (found.has(from)) found.add(to);
  }
  return found;
}

const ALPINE = {
  main: [
    'musl-1-r0 p:so:libc.so.1=1',
    'app-1-r0 D:left right so:libc.so.1 !foe',
    'left-1-r0 D:base>=1 left-helper p:left-helper',
    'right-1-r0 D:so:base.so so:base2.so',
    'base-1-r0 D:cycle p:so:base.so=1 so:base2.so=1',
    'cycle-1-r0 D:base',
    'app-doc-1-r0 i:docs app=1-r0',
    'app-openrc-1-r0 i:openrc app=1-r0',
    'docs-1-r0',
    'openrc-1-r0',
    'lone-1-r0 D:base i:docs !app',
    'foe-1-r0',
    'quiet-1-r0 i:!foe musl D:base',
  ],
};
const alpine = (t: TestContext) => alpineShelf(tempDir(t), ALPINE);

test('diamond, cycle, provides and install_if: every relation is linked to the package that meets it', async (t) => {
  const graph = await graphOf(alpine(t), ['docs', 'app']);
  assert.deepEqual(graph.roots, ['docs', 'app']);
  assert.deepEqual(edgesOf(graph).sort(), [
    'app → app-doc install_if docs app=1-r0',
    'app → left left',
    'app → musl so:libc.so.1',
    'app → right right',
    'base → cycle cycle',
    'cycle → base base',
    'docs → app-doc install_if docs app=1-r0',
    'left → base base>=1',
    'musl → quiet install_if !foe musl',
    'quiet → base base',
    'right → base so:base.so',
    'right → base so:base2.so',
  ]);
  const from = graph.edges.map((edge) => edge.from);
  const order = namesOf(graph);
  assert.deepEqual(
    from.map((name) => order.indexOf(name)),
    from.map((name) => order.indexOf(name)).sort((a, b) => a - b),
  );
});

test('roots are in the order of the request, whatever names they go by', async (t) => {
  const { roots } = await graphOf(alpine(t), ['so:base.so', 'openrc', 'docs']);
  assert.deepEqual(roots, ['base', 'openrc', 'docs']);
});

test('depth keeps what is that near to a root, with the edges between', async (t) => {
  const shelf = alpine(t);
  const near = await graphOf(shelf, ['app'], 1);
  assert.deepEqual(namesOf(near).sort(), ['app', 'left', 'musl', 'right']);
  assert.deepEqual(edgesOf(near), ['app → left left', 'app → right right', 'app → musl so:libc.so.1']);
  assert.deepEqual(await graphOf(shelf, ['app'], 100), await graphOf(shelf, ['app']));
});

test('pacman: provisions with versions, cycles, a group; what lost its asker is a root', async (t) => {
  const shelf = archShelf(tempDir(t), {
    core: [
      { name: 'glibc', version: '2-1', depends: ['tzdata'], provides: ['libm.so=6-64'] },
      { name: 'tzdata', version: '1-1' },
      { name: 'bash', version: '5-1', depends: ['libm.so=6-64', 'glibc>=2'], provides: ['sh'] },
      { name: 'a', version: '1-1', depends: ['b', 'sh'], groups: ['both'] },
      { name: 'b', version: '1-1', depends: ['a>=1'], groups: ['both'] },
      { name: 'old', version: '1-1', depends: ['only-old'] },
      { name: 'only-old', version: '1-1' },
      { name: 'new', version: '1-1', provides: ['old'], conflicts: ['old'] },
    ],
  });
  const graph = await graphOf(shelf, ['both']);
  assert.deepEqual([...graph.roots].sort(), ['a', 'b']);
  assert.deepEqual(edgesOf(graph).sort(), [
    'a → b b',
    'a → bash sh',
    'b → a a>=1',
    'bash → glibc glibc>=2',
    'bash → glibc libm.so=6-64',
    'glibc → tzdata tzdata',
  ]);
  const conflicting = await graphOf(shelf, ['old', 'new']);
  assert.deepEqual(namesOf(conflicting).sort(), ['new', 'only-old']);
  assert.deepEqual(conflicting.roots, ['new', 'only-old']);
  assert.equal(conflicting.warnings.length, 1);
});

test('why: the shortest chain of every relation that asks for the package, shortest first', async (t) => {
  const shelf = alpine(t);
  assert.deepEqual(chainsOf(await whyOf(shelf, 'base', 'app')), [
    'app → left (left) → base (base>=1)',
    'app → right (right) → base (so:base.so)',
    'app → right (right) → base (so:base2.so)',
    'app → musl (so:libc.so.1) → quiet (!foe musl) → base (base)',
  ]);
  const one = await use(shelf, (context) =>
    why(context, { ...shelf, name: 'base', targets: ['app'], all: false }),
  );
  assert.deepEqual(chainsOf(one), ['app → left (left) → base (base>=1)']);
});

test('why: by a provided name, of a target, and through install_if', async (t) => {
  const shelf = alpine(t);
  assert.equal((await whyOf(shelf, 'so:libc.so.1', 'app')).package?.name, 'musl');
  assert.deepEqual(chainsOf(await whyOf(shelf, 'app-doc', 'docs', 'app')), [
    'docs → app-doc (docs app=1-r0)',
    'app → app-doc (docs app=1-r0)',
  ]);
  assert.deepEqual(chainsOf(await whyOf(shelf, 'base', 'base', 'left')), ['base', 'left → base (base>=1)']);
});

test('why: a package that is not there, and what could bring it', async (t) => {
  const shelf = alpine(t);
  const absent = await whyOf(shelf, 'app-openrc', 'app', 'docs');
  assert.equal(absent.package, undefined);
  assert.deepEqual(absent.absence?.installIf, [{ rule: 'openrc app=1-r0', missing: ['openrc'] }]);
  assert.deepEqual(absent.absence?.dependents, []);
  const lone = await whyOf(shelf, 'lone', 'app', 'docs');
  assert.deepEqual(lone.absence?.installIf, [{ rule: 'docs !app', missing: ['!app'] }]);
  const left = await whyOf(shelf, 'left', 'docs');
  assert.deepEqual(
    left.absence?.dependents.map(({ name }) => name),
    ['app'],
  );
  await refused(whyOf(shelf, 'lefd', 'docs'), 'UNKNOWN_PACKAGE', 'left');
  await refused(whyOf(shelf, 'left', 'dosc'), 'UNKNOWN_PACKAGE', 'docs');
});

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
const PACKAGE = fc.record({
  depends: fc.subarray([...NAMES, 'v', 'w=1', 'so:x', 'w<3'], { maxLength: 3 }),
  provides: fc.subarray(['so:x=1', 'so:x', 'w=1', 'w=2'], { maxLength: 1 }),
  priority: fc.integer({ min: 0, max: 2 }),
  installIf: fc.subarray([...NAMES, '!a', 'so:x'], { maxLength: 2 }),
});

test('law: in every set that resolves each relation is met, each package reached, each chain true', async (t) => {
  const dir = tempDir(t);
  let run = 0;
  let solved = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(PACKAGE, { minLength: 6, maxLength: 6 }), async (list) => {
      run += 1;
      const byName = new Map(list.map((one, at) => [NAMES[at] as string, one]));
      const lines = list.map(({ depends, provides, priority, installIf }, at) => {
        const fields = [
          ...(depends.length === 0 ? [] : [`D:${depends.join(' ')}`]),
          ...(provides.length === 0 ? [] : [`p:${provides.join(' ')}`]),
          ...(installIf.length === 0 ? [] : [`i:${installIf.join(' ')}`]),
        ];
        return [`${NAMES[at]}-1-r0`, ...fields, `k:${priority}`].join(' ');
      });
      const shelf = alpineShelf(join(dir, String(run)), { main: lines });
      const graph = await graphOf(shelf, ['a', 'b']).catch((error: unknown) => {
        if (isAppError(error, 'UNSATISFIABLE') || isAppError(error, 'UNKNOWN_PACKAGE')) return undefined;
        throw error;
      });
      if (graph === undefined) return;
      solved += 1;
      const names = new Set(namesOf(graph));
      assert.deepEqual(reached(graph), names);
      for (const name of names) {
        const { depends, provides } = byName.get(name)!;
        const linked: readonly SetEdge[] = graph.edges.filter(
          ({ from, kind }) => from === name && kind === 'depends',
        );
        const own = depends.filter(
          (relation) =>
            relation === name || provides.some((one) => relation.split(/[<=]/)[0] === one.split('=')[0]),
        );
        assert.deepEqual(
          new Set([...linked.map(({ relation }) => relation), ...own]),
          new Set(depends),
          `${name} of ${lines.join('; ')}`,
        );
      }
      for (const name of names) {
        const { chains } = await whyOf(shelf, name, 'a', 'b');
        assert.ok(chains.length > 0);
        assert.deepEqual(
          chains.map(({ steps }) => steps.length),
          chains.map(({ steps }) => steps.length).sort((x, y) => x - y),
        );
        for (const { root, steps } of chains) {
          assert.ok(graph.roots.includes(root));
          const path: readonly string[] = [root, ...steps.map(({ to }) => to)];
          assert.deepEqual(
            steps.map(({ from }) => from),
            path.slice(0, -1),
          );
          assert.equal(path.at(-1), name);
          assert.equal(new Set(path).size, path.length);
        }
      }
    }),
    { numRuns: 60 },
  );
  assert.ok(solved > 10, `${solved} of 60 resolve`);
});

/** Every relation of every package of a real set is linked, but for conflicts and what the package provides itself. */
async function checkReal(shelf: Shelf, targets: readonly string[]): Promise<void> {
  const graph = await graphOf(shelf, targets);
  const names = new Set(namesOf(graph));
  assert.deepEqual(reached(graph), names);
  const linked = Map.groupBy(graph.edges, ({ from, kind }) => `${kind} ${from}`);
  await use(shelf, async (context) => {
    const view = context.catalog.packages.source(
      context.catalog.repositories.all().map(({ id }) => ({ id, tag: '' })),
    );
    for (const { name, version } of graph.packages) {
      const entry = view.byName(name).find((one) => one.version === version)!;
      const own = [name, ...entry.provides].map((one) => one.split('=')[0]);
      const wanted = entry.depends.filter(
        (one) => !one.startsWith('!') && !own.includes(one.split(/[<>=~]/)[0]),
      );
      const met = new Set(linked.get(`depends ${name}`)?.map(({ relation }) => relation));
      assert.deepEqual(
        wanted.filter((one) => !met.has(one)),
        [],
        name,
      );
      for (const { to, relation } of linked.get(`depends ${name}`) ?? []) {
        const provider = view.byName(to)[0]!;
        const about = relation.split(/[<>=~]/)[0];
        assert.ok(
          [to, ...provider.provides].some((one) => one.split('=')[0] === about),
          relation,
        );
      }
    }
  });
}

test('real Alpine 3.19: every relation in the sets of large targets is met inside the set', async (t) => {
  const keyring = sharedData('data/alpine/keys');
  const main = sharedData('data/alpine/v3.19/main/x86_64');
  const community = sharedData('data/alpine/v3.19/community/x86_64');
  if (keyring === undefined || main === undefined || community === undefined) {
    t.skip('skipped: data/alpine/v3.19 of the shared data is not here');
    return;
  }
  const cache = join(tempDir(t), 'cache');
  const shelf = { cache, source: source({ repositories: [main, community], keyring, release: 'v3.19' }) };
  for (const targets of ['gcc', 'git docs bash', 'gnome', 'openjdk17 python3-dev openrc']) {
    await checkReal(shelf, targets.split(' '));
  }
});

test('real Arch 2017.12: the same', async (t) => {
  const core = sharedData('data/arch/2017.12/core.db');
  const extra = sharedData('data/arch/2017.12/extra.db');
  if (core === undefined || extra === undefined) {
    t.skip('skipped: data/arch/2017.12 of the shared data is not here');
    return;
  }
  const cache = join(tempDir(t), 'cache');
  const repositories = [core, extra];
  const shelf = { cache, source: source({ distro: 'arch', repositories, allowUntrusted: true }) };
  for (const targets of ['base', 'gcc git', 'xorg-server mariadb php', 'base-devel jre8-openjdk']) {
    await checkReal(shelf, targets.split(' '));
  }
});
