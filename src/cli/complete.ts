import type { FallbackCompletionFunction } from 'yargs';
import { optionsOf, parserOf } from './args/command-line.ts';
import { pendingOption, splitCommand } from './args/command-word.ts';
import { OPTIONS, type OptionSpec, optionFor } from './args/options.ts';
import type { Command } from './command.ts';
import { LISTINGS, loadCommand } from './commands.ts';

/** Names of packages in the catalog that start with a prefix; never rejects. */
export type PackageNames = (distro: string, prefix: string) => Promise<readonly string[]>;

/** What may stand there, and what it does where that is known. */
export interface Candidate {
  readonly word: string;
  readonly describe: string;
}

const plain = (words: readonly string[]): readonly Candidate[] =>
  words.map((word) => ({ word, describe: '' }));

function valuesOf(option: OptionSpec | undefined): readonly string[] {
  return option?.choices ?? option?.suggestions ?? [];
}

/** A word that begins with a dash: options, and with `--name=` their values. */
function optionWords(command: Command, current: string): readonly Candidate[] {
  const [, name] = /^--([^=]+)=/.exec(current) ?? [];
  if (name !== undefined) return plain(valuesOf(OPTIONS.get(name)).map((value) => `--${name}=${value}`));
  return optionsOf(command).map((option) => ({
    word: `--${option.name}`,
    describe: optionFor(option, command.name).describe,
  }));
}

const commandWords = (current: string): readonly Candidate[] =>
  LISTINGS.filter(({ name }) => name !== '' && name.startsWith(current)).map(({ name, summary }) => ({
    word: name,
    describe: summary,
  }));

/** Empty where the shell should offer files. */
async function argumentWords(
  command: Command,
  isFirst: boolean,
  packageNames: () => Promise<readonly string[]>,
): Promise<readonly Candidate[]> {
  const { choices, complete } = command.arguments ?? {};
  if (choices !== undefined) return isFirst ? plain(choices) : [];
  if (complete === 'command') return isFirst ? commandWords('') : [];
  return complete === 'package' ? plain(await packageNames()) : [];
}

/**
 * What may stand in place of the last word. yargs reads the words before it. The candidates are from the option table:
 * yargs' own leave out options that may be repeated, values behind `=`, and differ with `$SHELL`. Never throws for what
 * the user typed: a line that is being typed is not yet right. The first word is a command as long as one begins like it,
 * then a package: a hundred packages would hide the commands.
 */
export async function completeWords(
  words: readonly string[],
  packageNames: PackageNames,
): Promise<readonly Candidate[]> {
  const current = words.at(-1) ?? '';
  const { name, rest: before } = splitCommand(words.slice(0, -1));
  const command = await loadCommand(name);
  const terminated = before.includes('--');
  const pending = terminated ? undefined : pendingOption(before.at(-1) ?? '');
  let found: readonly Candidate[] = [];
  const complete: FallbackCompletionFunction = async (_current, argv, _yargsOwn, done) => {
    found = await candidates(argv);
    done([]);
  };
  const candidates = async (argv: { readonly _: readonly unknown[]; readonly distro?: unknown }) => {
    if (pending !== undefined) return plain(valuesOf(pending));
    if (!terminated && current.startsWith('-')) return optionWords(command, current);
    const isFirst = argv._.length <= 1;
    const commands = name === '' && isFirst && !terminated ? commandWords(current) : [];
    if (commands.length > 0) return commands;
    const distro = String([argv.distro ?? 'alpine'].flat().at(-1));
    return argumentWords(command, isFirst, () => packageNames(distro, current));
  };
  await parserOf(command)
    .completion('completion', false, complete)
    .getCompletion([...before, current]);
  return found.filter(({ word }) => word.startsWith(current));
}
