import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { InstalledEntry } from '../../../src/distros/transaction.ts';
import { sharedData } from '../../fixtures/shared.ts';
import { BLANK, type MemoryRepository, memorySource } from '../memory-source.ts';
import { ask, readCommandLine } from './pacman-answers.ts';

type Description = MemoryRepository['packages'][number] & { readonly reason?: number };

/** A case of pacman's own test suite, with what pacman did. */
interface Row {
  readonly args: string;
  readonly option: Readonly<Record<string, readonly string[]>>;
  readonly dbs: Readonly<Record<string, { readonly pkgs: readonly Description[]; readonly option?: object }>>;
  readonly result: Readonly<Record<string, Result>>;
}

interface Result {
  readonly retcode: number;
  readonly local: Readonly<Record<string, { readonly version: string; readonly reason: number }>>;
  readonly log: readonly string[];
  readonly output: string;
}

/** Rows that are about help, downloads, `-Si` or the configuration file. */
const ELSEWHERE = /failed retrieving file|^usage|config file|Repository {6}:/m;

for (const folder of ['pacman-solver', 'pacman-other']) {
  test(`pacman's own cases in ${folder} end as pacman 7 ends them`, (t) => {
    const folderPath = sharedData(`vectors/${folder}`);
    if (folderPath === undefined) return t.skip(`skipped: shared/vectors/${folder} is not here`);
    let asked = 0;
    const differences: string[] = [];
    for (const file of readdirSync(folderPath).sort()) {
      const row = JSON.parse(readFileSync(path.join(folderPath, file), 'utf8')) as Row;
      const difference = differenceIn(row);
      if (difference === undefined) continue;
      asked += 1;
      if (difference !== '') differences.push(`${file}: ${row.args}: ${difference}`);
    }
    t.diagnostic(`${asked} cases`);
    assert.ok(asked > 0);
    assert.deepEqual(differences, []);
  });
}

/** Undefined: not for the solver. */
function differenceIn({ args, option, dbs, result }: Row): string | undefined {
  const answer = result['7.1.0'];
  const line = readCommandLine(args.replaceAll('\\', '').split(' '));
  if (answer === undefined || line === undefined || !args.includes('-S')) return undefined;
  if (ELSEWHERE.test(answer.output)) return undefined;
  const { local, ...sync } = dbs;
  const repositoryNames = Object.keys(sync);
  const repositories = repositoryNames.map((name) => ({ name, packages: sync[name]?.pkgs ?? [] }));
  const installed = (local?.pkgs ?? []).map((one): InstalledEntry => {
    return { package: { ...BLANK, ...one }, reason: one.reason === 1 ? 'dependency' : 'explicit', tag: '' };
  });
  const outcome = ask(
    { targets: line.targets },
    {
      source: memorySource(repositories),
      repositoryNames,
      architecture: option.Architecture?.[0] === 'auto' ? 'x86_64' : (option.Architecture?.[0] ?? ''),
      installed,
    },
    {
      ...line.options,
      ignore: [...(line.options.ignore ?? []), ...(option.IgnorePkg ?? [])],
      ignoreGroups: option.IgnoreGroup ?? [],
    },
  );
  const printed = answer.output.split('\n').filter((text) => text !== '');
  if (!outcome.ok) {
    const errors = printed
      .map((text) => text.replace(/^.*\[y\/N\] (?=error: )/, ''))
      .filter((text) =>
        /^error: |^:: (unable|installing|removing|package) |in conflict( \(.*\))?$/.test(text),
      );
    return differs(errors, outcome.report);
  }
  if (args.includes('-Sp') || answer.output.includes('failed to commit transaction')) return '';
  if (answer.retcode !== 0) return `expected ${printed.join(' | ')}, got ${outcome.changes.length} changes`;
  const steps = outcome.changes.map((one) => {
    if (one.kind === 'remove') return `removed ${one.old.name} (${one.old.version})`;
    const { name, version } = one.package;
    return one.kind === 'install'
      ? `installed ${name} (${version})`
      : `${name} (${one.old.version} -> ${version})`;
  });
  const log = answer.log
    .filter((text) => !text.startsWith('running '))
    .map((text) =>
      text.replace(/^(upgraded|downgraded) /, '').replace(/^reinstalled (\S+) \((\S+)\)$/, '$1 ($2 -> $2)'),
    );
  const after = new Map(installed.map((one) => [one.package.name, `${one.package.version} ${one.reason}`]));
  for (const one of outcome.changes) {
    if (one.kind === 'remove') after.delete(one.old.name);
    else after.set(one.package.name, `${one.package.version} ${one.reason}`);
  }
  const expectedAfter = Object.entries(answer.local).map(
    ([name, { version, reason }]) => `${name} ${version} ${reason === 1 ? 'dependency' : 'explicit'}`,
  );
  return (
    differs(log, steps) ||
    differs(expectedAfter.sort(), [...after].map(([name, rest]) => `${name} ${rest}`).sort()) ||
    differs(
      printed
        .flatMap((text) => /warning: (.*)$/.exec(text)?.[1] ?? [])
        .filter((text) => !text.includes('$ROOT')),
      outcome.warnings,
    )
  );
}

function differs(expected: readonly string[], got: readonly string[]): string {
  return expected.join('\n') === got.join('\n')
    ? ''
    : `expected ${expected.join(' | ')}, got ${got.join(' | ')}`;
}
