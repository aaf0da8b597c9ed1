import type { FallbackCompletionFunction } from 'yargs';
import type { Command } from './command.ts';
import { optionsOf, parserOf } from './command-line.ts';
import { pendingOption, splitCommand } from './command-word.ts';
import { COMMAND_NAMES, loadCommand } from './commands.ts';
import { OPTIONS } from './options.ts';

/** Names of packages in the catalog that start with a prefix; never rejects. */
export type PackageNames = (distro: string, prefix: string) => Promise<readonly string[]>;

/** A word that begins with a dash: options, and with `--name=` their values. */
function optionWords(command: Command, current: string): readonly string[] {
  const [, name] = /^--([^=]+)=/.exec(current) ?? [];
  if (name === undefined) return optionsOf(command).map((option) => `--${option.name}`);
  return (OPTIONS.get(name)?.choices ?? []).map((value) => `--${name}=${value}`);
}

/** Empty where the shell should offer files. */
async function argumentWords(
  command: Command,
  isFirst: boolean,
  packageNames: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const { choices, complete } = command.arguments ?? {};
  if (choices !== undefined) return isFirst ? choices : [];
  return complete === 'package' ? packageNames() : [];
}

/**
 * What may stand in place of the last word. yargs reads the words before it. The candidates are from the option table:
 * yargs' own leave out options that may be repeated, values behind `=`, and differ with `$SHELL`. Never throws for what
 * the user typed: a line that is being typed is not yet right.
 */
export async function completeWords(
  words: readonly string[],
  packageNames: PackageNames,
): Promise<readonly string[]> {
  const current = words.at(-1) ?? '';
  const { name, rest: before } = splitCommand(words.slice(0, -1));
  const command = await loadCommand(name);
  const terminated = before.includes('--');
  const pending = terminated ? undefined : pendingOption(before.at(-1) ?? '');
  const complete: FallbackCompletionFunction = async (_current, argv, _yargsOwn, done) => {
    if (pending !== undefined) return done([...(pending.choices ?? [])]);
    if (!terminated && current.startsWith('-')) return done([...optionWords(command, current)]);
    const isFirst = argv._.length <= 1;
    const commands = name === '' && isFirst && !terminated ? COMMAND_NAMES : [];
    const distro = String([argv.distro ?? 'alpine'].flat().at(-1));
    return done([
      ...commands,
      ...(await argumentWords(command, isFirst, () => packageNames(distro, current))),
    ]);
  };
  const parser = parserOf(command).completion('completion', false, complete);
  const found = await parser.getCompletion([...before, current]);
  return found.filter((word) => word.startsWith(current));
}
