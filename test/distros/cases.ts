import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Change, ChangeResult, InstalledEntry } from '../../src/distros/transaction.ts';
import type { Description, MemoryRepository } from './memory-source.ts';

/** One case of <distro>/cases/*.txt; the format is told in cases.txt. */
export interface SolverCase {
  readonly name: string;
  readonly repositories: readonly MemoryRepository[];
  readonly installed: readonly (Omit<InstalledEntry, 'package'> & { readonly package: Description })[];
  readonly world: readonly string[];
  /** The tool's name on the command line: `apk`, `apk-2.14.0` */
  readonly tool: string;
  /** Words of the command line, without the tool */
  readonly words: readonly string[];
  readonly expected: readonly string[];
}

/** A test for each case of a folder: `answer` says what our solver does, in the form of the case's expectation. */
export function testCases(folder: string, answer: (one: SolverCase) => readonly string[]): void {
  const files = readdirSync(folder);
  assert.ok(files.length > 0, folder);
  for (const file of files) {
    const cases = readCases(readFileSync(path.join(folder, file), 'utf8'));
    assert.ok(cases.length > 0, file);
    for (const one of cases) test(`${file}: ${one.name}`, () => assert.deepEqual(answer(one), one.expected));
  }
}

export function readCases(text: string): SolverCase[] {
  return text
    .split(/^== /m)
    .slice(1)
    .map((part) => readCase(part.split('\n')));
}

function readCase([name = '', ...lines]: readonly string[]): SolverCase {
  const repositories: { name: string; tag: string; packages: Description[] }[] = [];
  const installed: SolverCase['installed'][number][] = [];
  const world: string[] = [];
  const expected: string[] = [];
  let tool = '';
  let words: readonly string[] | undefined;
  let section = '';
  for (const line of lines.filter((text) => text.trim() !== '' && !text.startsWith('#'))) {
    const header = /^\[(.+)\]$/.exec(line)?.[1];
    if (words !== undefined) expected.push(line);
    else if (line.startsWith('$ ')) [, tool = '', ...words] = line.split(' ');
    else if (header !== undefined) {
      section = header;
      const [repository = '', tag = ''] = header.split(' @');
      if (!['installed', 'world'].includes(header))
        repositories.push({ name: repository, tag, packages: [] });
    } else if (section === 'world') world.push(...line.split(' '));
    else if (section === 'installed') installed.push(readInstalled(line));
    else repositories.at(-1)?.packages.push(readPackage(line));
  }
  if (words === undefined) throw new Error(`case ${name} asks nothing`);
  return { name, repositories, installed, world, tool, words, expected };
}

/** `(dependency)` and `(@tag)` may end the line. */
function readInstalled(line: string): SolverCase['installed'][number] {
  const [, description = '', mark = ''] = /^(.*?)(?: \((.+)\))?$/.exec(line) ?? [];
  return {
    package: readPackage(description),
    reason: mark === 'dependency' ? 'dependency' : 'explicit',
    tag: mark.startsWith('@') ? mark.slice(1) : '',
  };
}

const LISTS: Readonly<Record<string, keyof Description>> = {
  depends: 'depends',
  provides: 'provides',
  conflicts: 'conflicts',
  replaces: 'replaces',
  groups: 'groups',
  install_if: 'installIf',
};

function readPackage(line: string): Description {
  const [name = '', version = '', ...rest] = line.trim().split(/ +/);
  const fields: Record<string, unknown> = {};
  let values: string[] = [];
  for (let at = 0; at < rest.length; at += 1) {
    const word = rest[at] ?? '';
    const list = LISTS[word];
    if (list !== undefined) {
      values = [];
      fields[list] = values;
    } else if (word === 'optdepends') {
      fields.extra = { OPTDEPENDS: rest.slice(at + 1) };
      break;
    } else if (['for', 'priority', 'size', 'checksum', 'field'].includes(word)) {
      at += 1;
      const value = rest[at] ?? '';
      if (word === 'for') fields.architecture = value;
      else if (word === 'priority') fields.providerPriority = Number(value);
      else if (word === 'size') fields.installedSizeBytes = Number(value);
      else if (word === 'checksum') fields.checksum = value;
      else fields.extra = { [value]: ['1'] };
    } else values.push(word);
  }
  return { name, version, ...fields };
}

/** What a solver answered, in the form of a case's expectation. */
export function tell(result: ChangeResult, repositories: readonly MemoryRepository[]): string[] {
  if (result.ok) {
    const warnings = result.warnings.map((text) => `warning: ${text}`);
    const steps = result.changes.map((one) => tellChange(one, repositories));
    return warnings.length + steps.length === 0 ? ['nothing to do'] : [...warnings, ...steps];
  }
  const reasons = result.problems.flatMap(({ kind, subject, message, terms }) => [
    `why (${kind}, ${subject}): ${message}`,
    ...terms.map(({ verdict, requirement, chain }) => `  ${chain.join(' → ')} → ${requirement} (${verdict})`),
  ]);
  return [...result.report, ...reasons];
}

function tellChange(one: Change, repositories: readonly MemoryRepository[]): string {
  if (one.kind === 'remove') return `remove ${one.old.name} ${one.old.version}`;
  const { name, version, repositoryRank } = one.package;
  const what = `${repositories[repositoryRank]?.name}/${name} ${version}`;
  const reason = one.reason === 'dependency' ? ' (dependency)' : '';
  return one.kind === 'install'
    ? `install ${what}${reason}`
    : `replace ${name} ${one.old.version} with ${what}${reason}`;
}
