import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { mapConcurrent } from '../../src/fetch/pool.ts';
import type { InstallMode } from '../../src/model/request.ts';
import { ALLOWED } from './allowed.ts';
import { CONCURRENCY, openWorkshop, workFolder } from './check.ts';
import type { RealDistro, RealTool } from './real-tool.ts';
import { SETS } from './sets.ts';
import { type Unpacker, umoci } from './unpack.ts';
import { VARYING } from './varying.ts';

/** How an image is made and compared; `sets`: names; all of the distribution's without. */
export interface Manner {
  readonly install: InstallMode;
  readonly after: boolean;
  readonly sets?: readonly string[];
  /** umoci */
  readonly unpacker?: Unpacker;
}

export interface SuiteOptions {
  readonly manners: readonly Manner[];
  /** Sets at once; CONCURRENCY */
  readonly concurrency?: number;
  /** Every entry of the tables must have been needed. */
  readonly every: boolean;
  /** In place of the distribution's usual tool */
  readonly open?: (folder: string) => Promise<RealTool | string>;
}

/** A subtest for each set and manner, over one real tool, catalog and cache. @throws Error for a name that no set has */
export async function checkSets(
  t: TestContext,
  distro: RealDistro,
  { manners, concurrency = CONCURRENCY, every, open }: SuiteOptions,
): Promise<void> {
  const known = SETS.filter((set) => set.distro === distro && (set.tool === undefined || open !== undefined));
  for (const name of manners.flatMap(({ sets = [] }) => sets))
    assert.ok(
      known.some((set) => set.name === name),
      name,
    );
  const folder = workFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const workshop = openWorkshop(folder, open === undefined ? {} : { [distro]: open });
  const tool = await workshop.tool(distro);
  if (typeof tool === 'string') return t.skip(`skipped: ${tool}`);
  const needed = new Set<unknown>();
  const wanted = known.filter(({ name }) => manners.some(({ sets }) => sets?.includes(name) ?? true));
  await mapConcurrent(wanted, concurrency, async (set) => {
    const bench = await workshop.open(set);
    for (const { install, after, sets, unpacker = umoci } of manners) {
      if (sets !== undefined && !sets.includes(set.name)) continue;
      await t.test(
        `${set.name}: ${unpacker.name}, ${install}${after ? ', after install.sh' : ''}`,
        async () => {
          const outcome = await bench.check({ install, after, unpacker, keep: false });
          assert.deepEqual(outcome.differences, []);
          assert.ok(outcome.paths > 10, `only ${outcome.paths} paths`);
          for (const { by } of outcome.allowed) needed.add(by);
        },
      );
    }
    bench.close();
  });
  if (!every) return;
  const rules = [...ALLOWED, ...VARYING].filter(
    (one) =>
      (one.distro === distro || one.distro === 'both') && one.tool === undefined && !('byChance' in one),
  );
  assert.deepEqual(
    rules.filter((rule) => !needed.has(rule)).map(({ path }) => path),
    [],
    'entries that no set needs',
  );
}
