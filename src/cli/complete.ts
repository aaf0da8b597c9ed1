import type { Command } from './command.ts';
import { COMMAND_NAMES, loadCommand } from './commands.ts';
import { OPTIONS, type OptionSpec } from './options.ts';

/** Names of packages in the catalog that start with a prefix. */
export type PackageNames = (distro: string, prefix: string) => Promise<readonly string[]>;

interface Position {
  readonly commandName: string;
  /** Arguments of the command before the current word */
  readonly args: number;
  /** The option whose value the current word is */
  readonly pending: OptionSpec | undefined;
  readonly terminated: boolean;
  readonly distro: string;
}

function optionOf(word: string): OptionSpec | undefined {
  if (word.startsWith('--')) return OPTIONS.get(word.slice(2));
  const letter = /^-([A-Za-z])$/.exec(word)?.[1];
  return letter === undefined ? undefined : [...OPTIONS.values()].find((option) => option.short === letter);
}

/** Walks the words before the current one, leniently: a line that is being typed is not yet right. */
function positionAfter(words: readonly string[]): Position {
  let commandName: string | undefined;
  let args = 0;
  let pending: OptionSpec | undefined;
  let terminated = false;
  let distro = 'alpine';
  for (const word of words) {
    if (pending !== undefined) {
      if (pending.name === 'distro') distro = word;
      pending = undefined;
    } else if (!terminated && word === '--') terminated = true;
    else if (!terminated && word.startsWith('-')) {
      const option = optionOf(word);
      if (option?.value === 'one') pending = option;
      if (word.startsWith('--distro=')) distro = word.slice('--distro='.length);
    } else if (commandName === undefined && !terminated && COMMAND_NAMES.includes(word)) commandName = word;
    else {
      commandName ??= '';
      args += 1;
    }
  }
  return { commandName: commandName ?? '', args, pending, terminated, distro };
}

function valuesOf(option: OptionSpec): readonly string[] {
  return option.choices ?? [];
}

function optionWords(command: Command): string[] {
  return command.options.map((name) => `--${name}`);
}

/**
 * What may stand in place of the last word; empty where the shell should offer files. Never throws for what the
 * user typed.
 */
export async function completeWords(
  words: readonly string[],
  packageNames: PackageNames,
): Promise<readonly string[]> {
  const current = words.at(-1) ?? '';
  const { commandName, args, pending, terminated, distro } = positionAfter(words.slice(0, -1));
  const startsWith = (candidates: readonly string[]) => candidates.filter((text) => text.startsWith(current));
  if (pending !== undefined) return startsWith(valuesOf(pending));
  const command = await loadCommand(commandName);
  const [, name] = /^--([^=]+)=/.exec(current) ?? [];
  if (!terminated && name !== undefined) {
    const option = OPTIONS.get(name);
    return option === undefined ? [] : startsWith(valuesOf(option).map((value) => `--${name}=${value}`));
  }
  if (!terminated && current.startsWith('-')) return startsWith(optionWords(command));
  const first = commandName === '' && args === 0 && !terminated ? COMMAND_NAMES : [];
  if (command.positional?.choices) return args === 0 ? startsWith(command.positional.choices) : [];
  if (command.positional?.complete !== 'package') return [];
  return startsWith([...first, ...(await packageNames(distro, current))]);
}
