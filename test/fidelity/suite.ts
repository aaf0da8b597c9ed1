import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { mapConcurrent } from '../../src/fetch/pool.ts';
import type { DistroId } from '../../src/model/package.ts';
import type { InstallMode } from '../../src/model/request.ts';
import { ALLOWED } from './allowed.ts';
import { CONCURRENCY, openWorkshop, workFolder } from './check.ts';
import { type FidelitySet, SETS } from './sets.ts';
import { type Unpacker, umoci } from './unpack.ts';
import { VARYING } from './varying.ts';

export interface Job {
  readonly set: FidelitySet;
  readonly install: InstallMode;
  readonly after: boolean;
}

/** `name` of every set given; all of the distribution's without names. @throws Error for a name that no set has */
export function jobs(
  distro: DistroId,
  how: { readonly install: InstallMode; readonly after: boolean },
  names?: readonly string[],
): readonly Job[] {
  const sets = SETS.filter((set) => set.distro === distro);
  const chosen =
    names?.map((name) => sets.find((set) => set.name === name) ?? assert.fail(`no set ${name}`)) ?? sets;
  return chosen.map((set) => ({ set, ...how }));
}

/** A subtest a job, over one chroot, catalog and cache; `every`: afterwards every entry of the tables must have been needed. */
export async function checkJobs(
  t: TestContext,
  all: readonly Job[],
  options: { readonly unpacker?: Unpacker; readonly every: boolean },
): Promise<void> {
  const [first] = all;
  if (first === undefined) return;
  const folder = workFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { distro } = first.set;
  const workshop = openWorkshop(folder);
  const tool = await workshop.tool(distro);
  if (typeof tool === 'string') return t.skip(`skipped: ${tool}`);
  const unpacker = options.unpacker ?? umoci;
  const needed = new Set<unknown>();
  await mapConcurrent(all, CONCURRENCY, ({ set, install, after }) =>
    t.test(`${set.name}: ${install}${after ? ', after install.sh' : ''}`, async () => {
      const outcome = await workshop.check(set, { install, after, unpacker, keep: false });
      assert.deepEqual(outcome.differences, []);
      assert.ok(outcome.paths > 10, `only ${outcome.paths} paths`);
      for (const { by } of outcome.allowed) needed.add(by);
    }),
  );
  if (!options.every) return;
  const rules = [...ALLOWED, ...VARYING].filter((one) => one.distro === distro || one.distro === 'both');
  assert.deepEqual(
    rules.filter((rule) => !needed.has(rule)).map(({ path }) => path),
    [],
    'entries that no set needs',
  );
}
