import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { matchesOperator, parseRelation } from '../../../src/distros/alpine/relation.ts';
import { solve } from '../../../src/distros/alpine/solver.ts';
import type { CatalogPackage, SolveResult } from '../../../src/model/package.ts';
import { sharedData } from '../../fixtures/shared.ts';
import { memorySource, type TextRepository } from './memory-source.ts';

interface Answer {
  readonly install?: readonly string[];
  readonly error?: readonly string[];
}

/** Real apk 3's answers; undefined where they are not here. */
function answers<T>(name: string): T[] | undefined {
  const path = sharedData(`vectors/${name}`);
  if (path === undefined) return undefined;
  return gunzipSync(readFileSync(path))
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

function labels(result: SolveResult): string | undefined {
  if (!result.ok) return undefined;
  return result.packages.map(({ package: entry }) => `${entry.name}-${entry.version}`).join(' ');
}

/** Every dependency of every package met, no conflict, one package a name. */
function checkSound(targets: readonly string[], packages: readonly CatalogPackage[]): void {
  const provided = new Map<string, { version: string; owner: CatalogPackage }[]>();
  for (const owner of packages) {
    for (const text of [`${owner.name}=${owner.version}`, ...owner.provides]) {
      const relation = parseRelation(text);
      if (relation === null) continue;
      const list = provided.get(relation.name) ?? [];
      provided.set(relation.name, list);
      list.push({ version: relation.version, owner });
    }
  }
  const check = (by: CatalogPackage | null, text: string): void => {
    const relation = parseRelation(text);
    assert.ok(relation !== null);
    const met = (provided.get(relation.name) ?? []).some(
      ({ version, owner }) => matchesOperator(version, relation) && !(relation.conflict && owner === by),
    );
    assert.equal(met, !relation.conflict, `${by?.name ?? 'world'} needs ${text}`);
  };
  for (const entry of packages) for (const text of entry.depends) check(entry, text);
  const last = new Map(targets.map((target) => [parseRelation(target)?.name, target]));
  for (const target of last.values()) check(null, target);
  assert.equal(new Set(packages.map((entry) => entry.name)).size, packages.length, 'one version of a name');
}

test('agrees with apk 3 on the closures of a real index', (t) => {
  const rows = answers<Answer & { add: string[] }>('alpine-317-closures.jsonl.gz');
  const index = sharedData('vectors/data/APKINDEX-317.tar.gz');
  if (rows === undefined || index === undefined) return t.skip('skipped: shared/vectors is not here');
  const text = execFileSync('tar', ['-xzOf', index, 'APKINDEX'], { maxBuffer: 1 << 28 }).toString('utf8');
  const source = memorySource([{ tag: null, index: text }]);
  let same = 0;
  for (const row of rows) {
    const result = solve({ targets: row.add, architecture: 'aarch64' }, source);
    assert.equal(result.ok, row.install !== undefined, `${row.add.join(' ')}: solvable or not`);
    if (result.ok)
      checkSound(
        row.add,
        result.packages.map((entry) => entry.package),
      );
    if (labels(result) === row.install?.join(' ')) same += 1;
  }
  t.diagnostic(`${same} of ${rows.length} exactly as apk, order included`);
  assert.ok(same / rows.length >= 0.998, `${same} of ${rows.length}`);
});

test('is sound on random repositories, and mostly as apk 3', (t) => {
  const rows = answers<{ id: number; add: string[]; repos: TextRepository[]; apk3: Answer }>(
    'apk-fuzz.jsonl.gz',
  );
  if (rows === undefined) return t.skip('skipped: shared/vectors is not here');
  let same = 0;
  for (const row of rows) {
    const result = solve({ targets: row.add, architecture: 'x86_64' }, memorySource(row.repos));
    if (result.ok)
      checkSound(
        row.add,
        result.packages.map((entry) => entry.package),
      );
    else assert.ok(result.problems.length > 0, `${row.id} says why`);
    const expected = row.apk3.install?.map((label) => label.replace(/@.*/, '')).join(' ');
    if (labels(result) === expected) same += 1;
  }
  t.diagnostic(`${same} of ${rows.length} exactly as apk, order included`);
  assert.ok(same / rows.length >= 0.92, `${same} of ${rows.length}`);
});
