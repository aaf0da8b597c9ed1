import { families } from '../distros/families.ts';
import { pendingOption, splitCommand } from './args/command-word.ts';
import { findOption, type Option, type Options } from './args/option.ts';
import { readArgs } from './args/parse-args.ts';
import { type Command, type CommandTable, commandNames, loadCommand } from './command.ts';

/** Names of packages in the catalog that start with a prefix; never rejects. */
export type PackageNames = (distro: string, prefix: string) => Promise<readonly string[]>;

/** A word that may be next, and what it does where that is known. */
export interface Candidate {
  readonly word: string;
  readonly describe: string;
}

const plain = (words: readonly string[]): readonly Candidate[] =>
  words.map((word) => ({ word, describe: '' }));

function valuesOf(option: Option | undefined): readonly string[] {
  return option?.choices ?? option?.suggestions ?? [];
}

/** Completes a word that begins with a dash: options, and behind `--name=` their values. */
function optionWords(options: Options, current: string): readonly Candidate[] {
  const [, name] = /^--([^=]+)=/.exec(current) ?? [];
  if (name !== undefined) {
    return plain(valuesOf(findOption(options, name)?.option).map((value) => `--${name}=${value}`));
  }
  return Object.entries(options).map(([option, { describe }]) => ({ word: `--${option}`, describe }));
}

/** Completes the word of a command; only commands that begin like it are loaded. */
function commandWords(commands: CommandTable, current: string): Promise<readonly Candidate[]> {
  const names = commandNames(commands).filter((name) => name.startsWith(current));
  return Promise.all(
    names.map(async (word) => ({ word, describe: (await loadCommand(commands, word)).summary })),
  );
}

/** Completes an argument; empty if the shell should offer files. */
async function argumentWords(
  command: Command,
  isFirst: boolean,
  offered: {
    readonly commands: () => Promise<readonly Candidate[]>;
    readonly packages: () => Promise<readonly string[]>;
  },
): Promise<readonly Candidate[]> {
  const { choices, complete } = command.arguments ?? {};
  if (choices !== undefined && isFirst) return plain(choices);
  if (complete === 'command') return isFirst ? offered.commands() : [];
  return complete === 'package' ? plain(await offered.packages()) : [];
}

/**
 * Finds what the last word can be completed to. Never throws for what the user typed, since a line that is being typed need not
 * be right yet. The first word is completed to commands if any begins like it, otherwise to packages: a hundred packages would
 * hide the commands.
 */
export async function completeWords(
  words: readonly string[],
  commands: CommandTable,
  packageNames: PackageNames,
): Promise<readonly Candidate[]> {
  const current = words.at(-1) ?? '';
  const { name, rest: before } = await splitCommand(words.slice(0, -1), commands);
  const command = await loadCommand(commands, name);
  const terminated = before.includes('--');
  const pending = terminated ? undefined : pendingOption(before.at(-1) ?? '', command.options);
  const { options, args } = readArgs(command.options, [...before, current]);
  const candidates = async (): Promise<readonly Candidate[]> => {
    if (pending !== undefined) return plain(valuesOf(pending));
    const action = command.actions[String(args[0])];
    if (!terminated && current.startsWith('-')) return optionWords((action ?? command).options, current);
    const isFirst = args.length <= 1;
    if (name === '' && isFirst && !terminated) {
      const found = await commandWords(commands, current);
      if (found.length > 0) return found;
    }
    const distro = options.get('distro')?.at(-1) ?? families()[0].id;
    return argumentWords(command, isFirst, {
      commands: () => commandWords(commands, current),
      packages: () => packageNames(distro, current),
    });
  };
  return (await candidates()).filter(({ word }) => word.startsWith(current));
}
