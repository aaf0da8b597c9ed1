import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { solverRules } from '../../../src/distros/alpine/rules.ts';
import { Discovery2 } from '../../../src/distros/alpine/solver/discovery-2.ts';
import { findName, type Graph, nameCount, type Words } from '../../../src/distros/alpine/solver/graph.ts';
import { buildGraph } from '../../../src/distros/alpine/solver/graph-build.ts';
import { memorySource } from '../memory-source.ts';
import { NAMES, repositories } from './random-repositories.ts';
import { described } from './solver-cases.ts';

/** apk 2's walk as its source has it, with a call for each name. */
function walked(graph: Graph, roots: readonly number[], walksProvides: boolean): number[] {
  const order = new Array<number>(nameCount(graph)).fill(0);
  const chains = new Map<number, number>();
  const met = new Set<number>();
  let left = 0;
  const list = (items: Words, starts: Words, id: number): readonly number[] =>
    Array.from(items.subarray(starts[id], starts[id + 1]));
  const walk = (name: number): void => {
    if (met.has(name)) return;
    met.add(name);
    const providers = list(graph.providerPackage, graph.providerStart, name);
    for (const one of providers) {
      if (!chains.has(one)) {
        chains.set(one, 0);
        for (const relation of list(graph.depends, graph.dependStart, one)) {
          const needed = graph.relationName[relation] as number;
          walk(needed);
          chains.set(one, Math.max(chains.get(one) as number, (order[needed] as number) + 1));
        }
      }
      if (!walksProvides) order[name] = Math.max(order[name] as number, chains.get(one) as number);
    }
    for (const one of providers) {
      for (const other of list(graph.triggers, graph.triggerStart, graph.packageName[one] as number))
        walk(other);
      for (const provided of list(graph.provideName, graph.provideStart, one)) {
        if (met.has(provided)) continue;
        if (walksProvides) walk(provided);
        for (const other of list(graph.triggers, graph.triggerStart, provided)) walk(other);
      }
    }
    left += 1;
    if (walksProvides) order[name] = left;
  };
  for (const root of roots) walk(root);
  return [...order, ...Array.from(order, (_, name) => Number(met.has(name)))];
}

for (const walksProvides of [false, true]) {
  test(`apk 2's walk ${walksProvides ? 'numbers names' : 'measures chains'} as a call for each name does`, () => {
    fc.assert(
      fc.property(repositories, fc.shuffledSubarray(NAMES, { minLength: 1 }), (from, names) => {
        const packages = memorySource(
          from.map((one) => ({ ...one, packages: one.packages.map(described) })),
        ).all();
        const graph = buildGraph({ packages, architecture: 'x86_64', rules: solverRules('2.14.0') });
        const roots = names.map((name) => findName(graph, name)).filter((name) => name >= 0);
        const discovery = new Discovery2(graph, { walksProvides });
        for (const asked of [roots.slice(1), roots]) {
          discovery.discover(asked);
          const met = Array.from(discovery.order, (_, name) => Number(discovery.isSeen(name)));
          assert.deepEqual([...discovery.order, ...met], walked(graph, asked, walksProvides));
        }
      }),
      { numRuns: 500, seed: 20_261_130 },
    );
  });
}
