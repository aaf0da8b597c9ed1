import { choice } from '../app/settings/setting-values.ts';
import type { ComposeSettings } from '../app/settings/settings.ts';
import { checkArguments } from './args/arguments.ts';
import { splitCommand } from './args/command-word.ts';
import type { GENERAL_OPTIONS } from './args/general-options.ts';
import { findOption, type Options, type OptionValues } from './args/option.ts';
import { parseArgs, type RawArgs, readOptions } from './args/parse-args.ts';
import { UnknownOption, unknownOption } from './args/usage-errors.ts';
import { type Action, type Command, type CommandTable, loadCommand, loadCommands } from './command.ts';

/** A command line, read and checked: what to run, and with what. */
export interface CommandLine {
  /** The words of the command: `plan`, `cache gc`; empty: `compose PKG…` */
  readonly name: string;
  readonly runnable: Action;
  readonly values: OptionValues<Options & typeof GENERAL_OPTIONS>;
  readonly settings: ComposeSettings;
  /** Arguments without the word of the action */
  readonly args: readonly string[];
  readonly terminated: boolean;
}

/** A command line that asks for the help of a command, or, if the command is undefined, for the overview. */
export interface HelpLine {
  readonly help: string | undefined;
}

/** Reads a command line: finds its command and action, parses their options and checks all values. @throws AppError USAGE */
export async function readCommandLine(
  argv: readonly string[],
  commands: CommandTable,
): Promise<CommandLine | HelpLine> {
  const { name, rest } = await splitCommand(argv, commands);
  const command = await loadCommand(commands, name);
  const raw = await parsed(command, rest, commands);
  if (raw.options.has('help')) return { help: name === '' && raw.args.length === 0 ? undefined : name };
  const chosen = chooseAction(command, raw);
  const { values, settings } = readOptions(chosen.runnable.options, raw.options);
  const line = { ...chosen, values: values as CommandLine['values'], settings, terminated: raw.terminated };
  const usage = line.runnable.argumentWith?.(line.values) ?? line.runnable.argument;
  // `compose PKG…` refuses a request without packages itself, as it does for recipes.
  if (name !== '') checkArguments(line.name, usage, line.args);
  return line;
}

async function parsed(command: Command, words: readonly string[], commands: CommandTable): Promise<RawArgs> {
  try {
    return parseArgs(command.options, words);
  } catch (error) {
    if (!(error instanceof UnknownOption)) throw error;
    const all = await loadCommands(commands);
    const owners = all.filter(({ options }) => findOption(options, error.key) !== undefined);
    throw unknownOption(
      error,
      command,
      owners.map(({ name }) => name),
    );
  }
}

/** Returns the command itself, or the action that its first argument names. @throws AppError USAGE */
function chooseAction(
  command: Command,
  { options, args }: RawArgs,
): Pick<CommandLine, 'name' | 'runnable' | 'args'> {
  const { name, actions, run } = command;
  if (run !== undefined) return { name, runnable: { ...command, run }, args };
  const action = choice(Object.keys(actions), args.slice(0, 1), `compose ${name}`);
  const runnable = actions[action]!;
  const chosen = { name: `${name} ${action}`, runnable, args: args.slice(1) };
  const foreign = [...options.keys()].find((option) => !Object.hasOwn(runnable.options, option));
  if (foreign === undefined) return chosen;
  const owners = Object.keys(actions).filter((other) => Object.hasOwn(actions[other]!.options, foreign));
  throw unknownOption(
    new UnknownOption(`--${foreign}`),
    { name: chosen.name, options: runnable.options },
    owners.map((owner) => `${name} ${owner}`),
  );
}
