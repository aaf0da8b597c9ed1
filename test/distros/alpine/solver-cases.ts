import { createHash } from 'node:crypto';
import { solverRules } from '../../../src/distros/alpine/rules.ts';
import { type ApkChangeRequest, change } from '../../../src/distros/alpine/solver.ts';
import type { IndexPackage } from '../../../src/model/package.ts';
import { type SolverCase, tell } from '../cases.ts';
import { BLANK, type Description, memorySource } from '../memory-source.ts';

/** What our solver does with the case, in the form of its expectation. */
export function answer({ repositories, installed, world, tool, words }: SolverCase): string[] {
  const packages = repositories.map((one) => ({ ...one, packages: one.packages.map(described) }));
  const before = installed.map((one) => ({ ...one, package: described(one.package) }));
  const rules = solverRules(tool.replace(/^apk-?/, '') || '3');
  const request = { ...readCommandLine(words), rules, architecture: 'x86_64', installed: before, world };
  return tell(change(request, memorySource(packages)), repositories);
}

/** As an index would tell it: the same description is the same package. */
export function described(one: Description): IndexPackage {
  const told = { ...BLANK, ...one };
  const words = JSON.stringify([
    [told.name, told.version, told.architecture, told.depends, told.provides, told.installIf],
    [told.providerPriority, told.extra],
  ]);
  return {
    ...told,
    architecture: one.architecture ?? 'noarch',
    installedSizeBytes: one.installedSizeBytes ?? 1,
    checksum: one.checksum ?? `Q1${createHash('sha1').update(words).digest('base64')}`,
  };
}

type CommandLine = Pick<ApkChangeRequest, 'targets' | 'remove' | 'upgrade' | 'latest' | 'available'>;

const OPTIONS: Readonly<Record<string, Partial<CommandLine>>> = {
  '-u': { upgrade: 'targets' },
  '-l': { latest: true },
  '-a': { available: true },
};

function readCommandLine([verb, ...words]: readonly string[]): CommandLine {
  const names = words.filter((word) => OPTIONS[word] === undefined);
  const options: Partial<CommandLine> = Object.assign({}, ...words.map((word) => OPTIONS[word]));
  if (verb === 'add') return { targets: names, ...options };
  if (verb === 'del') return { targets: [], remove: names, ...options };
  if (verb === 'upgrade' && names.length === 0) return { targets: [], upgrade: 'all', ...options };
  throw new Error(`unknown apk command: ${[verb, ...words].join(' ')}`);
}
