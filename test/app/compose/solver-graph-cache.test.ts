import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { plan } from '../../../src/app/query/plan.ts';
import { Catalog } from '../../../src/catalog/catalog.ts';
import { solve } from '../../../src/distros/alpine/solver.ts';
import type { PackageSource } from '../../../src/model/package.ts';
import { repository } from '../../catalog/fixtures.ts';
import { indexOf } from '../../distros/alpine/memory-source.ts';
import { requests } from '../../distros/alpine/random-repositories.ts';
import { described } from '../../distros/alpine/solver-cases.ts';
import { memorySource } from '../../distros/memory-source.ts';
import { makeApkIndexOf } from '../../fixtures/apk.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { cli, json, use } from '../harness.ts';
import { alpineShelf, type Shelf } from '../repositories/index-folders.ts';

async function planned(shelf: Shelf, ...packages: readonly string[]): Promise<string[]> {
  const report = await use(shelf, (context) => plan(context, { ...shelf, packages, base: 'none' }));
  return report.packages.map(({ name, version }) => `${name}-${version}`);
}

/** Ids and keys of the graphs in a cache. */
function graphsIn(cache: string): { id: number; key: string }[] {
  const database = new Database(join(cache, 'catalog.sqlite'), { readonly: true });
  const rows = database.prepare<[], { id: number; key: string }>('SELECT id, key FROM solver_graph').all();
  database.close();
  return rows;
}

test('a second plan reads the graph that the first has made', async (t) => {
  const shelf = alpineShelf(tempDir(t), { main: ['a-1-r0 D:b', 'b-1-r0', 'c-1-r0'] });
  assert.deepEqual(await planned(shelf, 'a'), ['b-1-r0', 'a-1-r0']);
  const kept = graphsIn(shelf.cache);
  assert.equal(kept.length, 1);
  assert.deepEqual(await planned(shelf, 'c'), ['c-1-r0']);
  assert.deepEqual(graphsIn(shelf.cache), kept);
});

test('after a repository has changed the graph is made again', async (t) => {
  const dir = tempDir(t);
  const shelf = alpineShelf(dir, { main: ['a-1-r0 D:b', 'b-1-r0'] });
  await planned(shelf, 'a');
  writeFileSync(
    join(dir, 'main', 'APKINDEX.tar.gz'),
    makeApkIndexOf(indexOf('a-2-r0 D:b c', 'b-1-r0', 'c-1-r0')),
  );
  assert.deepEqual(await planned(shelf, 'a'), ['b-1-r0', 'c-1-r0', 'a-2-r0']);
  assert.equal(graphsIn(shelf.cache).length, 1, 'the one of before leaves with its index');
});

test('two processes that make the same graph at once both answer, and keep it once', async (t) => {
  const packages = Array.from({ length: 400 }, (_, n) => `p${n}-1-r0${n === 0 ? '' : ` D:p${n - 1}`}`);
  const shelf = alpineShelf(tempDir(t), { main: packages });
  const words = ['plan', 'p399', '--allow-untrusted', '--json', '--arch', 'x86_64', '--cache', shelf.cache];
  const all = [...words, ...shelf.source.repositories.flatMap((line) => ['--repo', line])];
  const ended = await Promise.all([cli(all), cli(all), cli(all)]);
  for (const one of ended) {
    assert.equal(one.code, 0, one.stderr);
    assert.equal(json<{ packages: unknown[] }>(one).packages.length, 400);
  }
  assert.equal(graphsIn(shelf.cache).length, 1);
});

test('an answer is the same from memory and from a catalog, whatever the order of its rows', async (t) => {
  const dir = tempDir(t);
  let run = 0;
  const told = (source: PackageSource, targets: readonly string[]): unknown => {
    const result = solve({ targets, architecture: 'x86_64' }, source);
    if (!result.ok) return [result.report, result.problems];
    return result.packages.map(({ package: one, reason }) => [
      one.repositoryRank,
      one.ordinal,
      one.tag,
      reason,
    ]);
  };
  await fc.assert(
    fc.asyncProperty(requests, fc.boolean(), async ([from, targets], backwards) => {
      const repositories = from.map((one) => ({ ...one, packages: one.packages.map(described) }));
      const expected = told(memorySource(repositories), targets);
      run += 1;
      const catalog = new Catalog(join(dir, `${run}.sqlite`));
      try {
        const ids = new Map<string, number>();
        const written = backwards ? repositories.toReversed() : repositories;
        for (const { name, packages } of [...written, ...written.toReversed()]) {
          const content = `sha256:${run}-${name}`;
          ids.set(name, await catalog.repositories.replace({ ...repository(name), name, content }, packages));
        }
        const ranked = repositories.map(({ name, tag = '' }) => ({ id: ids.get(name) as number, tag }));
        for (const source of [catalog.packages.source(ranked), catalog.packages.source(ranked)]) {
          assert.deepEqual(
            catalog.snapshot(() => told(source, targets)),
            expected,
          );
        }
      } finally {
        catalog.close();
      }
    }),
    { numRuns: 60, seed: 20_261 },
  );
});
