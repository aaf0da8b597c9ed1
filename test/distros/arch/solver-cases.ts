import { change } from '../../../src/distros/arch/change.ts';
import type { Change, ChangeResult, InstalledEntry } from '../../../src/distros/transaction.ts';
import { BLANK, type MemoryRepository, memorySource } from './memory-source.ts';
import { readCommandLine } from './pacman-answers.ts';

/** One case of cases/*.txt; the format is told in cases/README.txt. */
export interface SolverCase {
  readonly name: string;
  readonly repositories: readonly MemoryRepository[];
  readonly installed: readonly InstalledEntry[];
  /** Words of the pacman command line */
  readonly words: readonly string[];
  readonly expected: readonly string[];
}

type Description = MemoryRepository['packages'][number];

const FIELDS: Readonly<Record<string, keyof Description>> = {
  depends: 'depends',
  provides: 'provides',
  conflicts: 'conflicts',
  replaces: 'replaces',
  groups: 'groups',
};

export function readCases(text: string): SolverCase[] {
  return text
    .split(/^== /m)
    .slice(1)
    .map((part) => readCase(part.split('\n')));
}

function readCase([name = '', ...lines]: readonly string[]): SolverCase {
  const repositories: { name: string; packages: Description[] }[] = [];
  const installed: InstalledEntry[] = [];
  const expected: string[] = [];
  let words: readonly string[] | undefined;
  let section = '';
  for (const line of lines.filter((text) => text.trim() !== '' && !text.startsWith('#'))) {
    const header = /^\[(.+)\]$/.exec(line)?.[1];
    if (words !== undefined) expected.push(line);
    else if (line.startsWith('$ pacman ')) words = line.split(' ').slice(2);
    else if (header === undefined) {
      const one = readPackage(line);
      const reason = one.dependency ? 'dependency' : 'explicit';
      if (section === 'installed') installed.push({ package: { ...BLANK, ...one.fields }, reason, tag: '' });
      else repositories.at(-1)?.packages.push(one.fields);
    } else {
      section = header;
      if (header !== 'installed') repositories.push({ name: header, packages: [] });
    }
  }
  if (words === undefined) throw new Error(`case ${name} asks nothing`);
  return { name, repositories, installed, words, expected };
}

function readPackage(line: string): { readonly fields: Description; readonly dependency: boolean } {
  const [name = '', version = '', ...rest] = line.trim().split(/ +/);
  const fields: Record<string, unknown> = { name, version };
  let dependency = false;
  let values: string[] = [];
  for (let at = 0; at < rest.length; at += 1) {
    const word = rest[at] ?? '';
    const field = FIELDS[word];
    if (word === '(dependency)') dependency = true;
    else if (word === 'optdepends') {
      fields.extra = { OPTDEPENDS: rest.slice(at + 1) };
      break;
    } else if (word === 'for') {
      at += 1;
      fields.architecture = rest[at];
    } else if (field !== undefined) {
      values = [];
      fields[field] = values;
    } else values.push(word);
  }
  return { fields: fields as unknown as Description, dependency };
}

/** What our solver does with the case, in the form of its expectation. */
export function answer({ repositories, installed, words }: SolverCase): string[] {
  const line = readCommandLine(words);
  if (line === undefined) throw new Error(`unknown pacman options: ${words.join(' ')}`);
  const names = repositories.map(({ name }) => name);
  const result = change(
    {
      targets: line.targets,
      architecture: 'x86_64',
      repositoryNames: names,
      installed,
      world: [],
      pacman: line.options,
    },
    memorySource(repositories),
  );
  return tell(result, names);
}

function tell(result: ChangeResult, repositoryNames: readonly string[]): string[] {
  if (result.ok) {
    const warnings = result.warnings.map((text) => `warning: ${text}`);
    const steps = result.changes.map((one) => tellChange(one, repositoryNames));
    return warnings.length + steps.length === 0 ? ['nothing to do'] : [...warnings, ...steps];
  }
  const reasons = result.problems.flatMap(({ kind, subject, message, terms }) => [
    `why (${kind}, ${subject}): ${message}`,
    ...terms.map(({ verdict, requirement, chain }) => `  ${chain.join(' → ')} → ${requirement} (${verdict})`),
  ]);
  return [...result.report, ...reasons];
}

function tellChange(one: Change, repositoryNames: readonly string[]): string {
  if (one.kind === 'remove') return `remove ${one.old.name} ${one.old.version}`;
  const { name, version, repositoryRank } = one.package;
  const what = `${repositoryNames[repositoryRank]}/${name} ${version}`;
  const reason = one.reason === 'dependency' ? ' (dependency)' : '';
  return one.kind === 'install'
    ? `install ${what}${reason}`
    : `replace ${name} ${one.old.version} with ${what}${reason}`;
}
