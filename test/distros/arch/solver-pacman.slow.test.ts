import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { readDatabase } from '../../../src/distros/arch/database.ts';
import { parseSigLevel } from '../../../src/distros/arch/sig-level.ts';
import type { IndexPackage } from '../../../src/model/package.ts';
import { sharedData } from '../../fixtures/shared.ts';
import { wholeIndex } from '../../fixtures/whole-index.ts';
import { memorySource } from '../memory-source.ts';
import { ask, differenceFrom, type PacmanAnswer, type PacmanCase, type Setting } from './pacman-answers.ts';

const ARCHITECTURE = 'x86_64';
const FUZZ = 'vectors/pacman-fuzz.jsonl.gz';
const CLOSURES = 'vectors/arch-2022-09-closures.jsonl.gz';

function rows<Row>(path: string): Row[] {
  const lines = gunzipSync(readFileSync(path)).toString().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row);
}

interface FuzzCase extends PacmanCase {
  readonly id: number;
  readonly repos: readonly { name: string; pkgs: readonly IndexPackage[] }[];
  readonly pacman7: PacmanAnswer;
  /** As `pacman -Sp` prints */
  readonly print7?: PacmanAnswer;
}

test('random repositories are resolved as pacman 7 resolves them', (t) => {
  const path = sharedData(FUZZ);
  if (path === undefined) return t.skip(`skipped: shared/${FUZZ} is not here`);
  const cases = rows<FuzzCase>(path);
  assert.ok(cases.length > 1000);
  const differences: string[] = [];
  for (const one of cases) {
    const setting: Setting = {
      source: memorySource(one.repos.map(({ name, pkgs }) => ({ name, packages: pkgs }))),
      repositoryNames: one.repos.map(({ name }) => name),
      architecture: ARCHITECTURE,
    };
    const words = `case ${one.id}: ${[...(one.options ?? []), ...one.targets].join(' ')}: `;
    const difference = differenceFrom(one.pacman7, ask(one, setting), setting);
    if (difference !== '') differences.push(words + difference);
    if (one.print7 === undefined) continue;
    const listed = differenceFrom(one.print7, ask(one, setting, { skipConflicts: true }), setting);
    if (listed !== '') differences.push(`${words}-p: ${listed}`);
  }
  assert.deepEqual(differences, []);
});

test('closures of Arch 2022-09 are resolved as pacman resolves them', async (t) => {
  const path = sharedData(CLOSURES);
  if (path === undefined) return t.skip(`skipped: shared/${CLOSURES} is not here`);
  const repositoryNames = ['core', 'extra', 'multilib'];
  const policy = { allowUntrusted: false, sigLevel: parseSigLevel('Never') };
  const repositories = await Promise.all(
    repositoryNames.map(async (name) => {
      const where = sharedData(`vectors/data/arch-2022-09-${name}.db`) ?? '';
      const { packages } = await wholeIndex(readDatabase({ bytes: readFileSync(where), policy, where }));
      return { name, packages };
    }),
  );
  const setting: Setting = {
    source: memorySource(repositories),
    repositoryNames,
    architecture: ARCHITECTURE,
  };
  const cases = rows<PacmanAnswer & PacmanCase>(path);
  assert.ok(cases.length > 2000);
  const differences: string[] = [];
  for (const one of cases) {
    const difference = differenceFrom(one, ask(one, setting), setting);
    if (difference !== '')
      differences.push(`${[...(one.options ?? []), ...one.targets].join(' ')}: ${difference}`);
  }
  assert.deepEqual(differences, []);
});
