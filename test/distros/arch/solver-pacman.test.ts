import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { readDatabase } from '../../../src/distros/arch/database.ts';
import type { IndexPackage } from '../../../src/model/package.ts';
import { parseSigLevel } from '../../../src/trust/pacman-keyring.ts';
import { sharedData } from '../../fixtures/shared.ts';
import { memorySource } from './memory-source.ts';
import { differenceFrom, type PacmanAnswer, type PacmanCase } from './pacman-answers.ts';

const ARCHITECTURE = 'x86_64';
const FUZZ = 'vectors/pacman-fuzz.jsonl.gz';
const CLOSURES = 'vectors/arch-2022-09-closures.jsonl.gz';

function rows<Row>(path: string): Row[] {
  const lines = gunzipSync(readFileSync(path)).toString().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row);
}

/** Rows with pacman options (`--ignore`, `-d`, `--assume-installed`) ask for what no request can say. */
function isPlain({ options }: PacmanCase): boolean {
  return (options ?? []).length === 0;
}

interface FuzzCase extends PacmanCase {
  readonly id: number;
  readonly repos: readonly { name: string; pkgs: readonly IndexPackage[] }[];
  readonly pacman7: PacmanAnswer;
}

test('random repositories are resolved as pacman 7 resolves them', (t) => {
  const path = sharedData(FUZZ);
  if (path === undefined) return t.skip(`skipped: shared/${FUZZ} is not here`);
  const cases = rows<FuzzCase>(path).filter(isPlain);
  assert.ok(cases.length > 1000);
  for (const one of cases) {
    const source = memorySource(one.repos.map(({ name, pkgs }) => ({ name, packages: pkgs })));
    const repositoryNames = one.repos.map(({ name }) => name);
    const difference = differenceFrom(one.pacman7, one, {
      source,
      repositoryNames,
      architecture: ARCHITECTURE,
    });
    assert.equal(difference, '', `case ${one.id}: ${one.targets.join(' ')}`);
  }
});

test('closures of Arch 2022-09 are resolved as pacman resolves them', async (t) => {
  const path = sharedData(CLOSURES);
  if (path === undefined) return t.skip(`skipped: shared/${CLOSURES} is not here`);
  const repositoryNames = ['core', 'extra', 'multilib'];
  const policy = { allowUntrusted: false, sigLevel: parseSigLevel('Never') };
  const repositories = await Promise.all(
    repositoryNames.map(async (name) => {
      const where = sharedData(`vectors/data/arch-2022-09-${name}.db`) ?? '';
      const { packages } = await readDatabase({ bytes: readFileSync(where), policy, where });
      return { name, packages };
    }),
  );
  const source = memorySource(repositories);
  const cases = rows<PacmanAnswer & PacmanCase>(path).filter(isPlain);
  assert.ok(cases.length > 2000);
  for (const one of cases) {
    const difference = differenceFrom(one, one, { source, repositoryNames, architecture: ARCHITECTURE });
    assert.equal(difference, '', one.targets.join(' '));
  }
});
