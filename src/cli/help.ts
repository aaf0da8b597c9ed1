import type { Command, Listing } from './command.ts';
import { optionsOf, parserOf } from './command-line.ts';
import { LISTINGS, loadCommand } from './commands.ts';
import type { OptionSpec } from './options.ts';

declare module 'yargs' {
  // Not yet in its types.
  interface Argv<T> {
    usageConfiguration(configuration: { readonly 'hide-types': boolean }): Argv<T>;
  }
}

/** Wider lines are hard to read; narrower ones leave no room beside the option names. */
const MAX_WIDTH = 110;
const MIN_WIDTH = 60;
const DEFAULT_WIDTH = 80;

function valueUsage(option: OptionSpec): string {
  return option.choices?.join('|') ?? option.placeholder ?? 'VALUE';
}

/** `--load[=ENGINE]`, `--env NAME=VALUE` */
export function optionUsage(option: OptionSpec): string {
  if (option.value === 'none') return `--${option.name}`;
  const value = valueUsage(option);
  return option.value === 'optional' ? `--${option.name}[=${value}]` : `--${option.name} ${value}`;
}

/** `compose build RECIPE [options]` */
export function commandUsage({ name, argument }: Listing): string {
  return ['compose', name, argument, '[options]'].filter((word) => word !== '').join(' ');
}

export function optionText(option: OptionSpec): string {
  const repeat = option.repeatable === true ? ' (repeatable)' : '';
  const fallback = option.defaultText === undefined ? '' : ` [default: ${option.defaultText}]`;
  return `${option.describe}${repeat}${fallback}`;
}

/** yargs' help has no place for a value beside the option's name, so it leads the text. */
function description(option: OptionSpec): string {
  if (option.value === 'none') return optionText(option);
  const value = option.value === 'optional' ? `[=${valueUsage(option)}]` : `<${valueUsage(option)}>`;
  return `${value} ${optionText(option)}`;
}

function usageText(command: Command): string {
  const lines = [commandUsage(command), ...(command.name === '' ? ['compose COMMAND [options]'] : [])];
  const about = [
    `${command.summary}.`,
    ...(command.arguments === undefined ? [] : [command.arguments.describe]),
  ];
  return `${lines.join('\n')}\n\n${about.join('\n')}`;
}

/** The text of `compose --help` (name: empty) or of `compose NAME --help`. */
export async function helpText(name: string, columns: number | undefined): Promise<string> {
  const command = await loadCommand(name);
  const parser = parserOf(command)
    .usage(usageText(command))
    .wrap(Math.max(MIN_WIDTH, Math.min(columns ?? DEFAULT_WIDTH, MAX_WIDTH)))
    // Types and defaults are in the descriptions, which the docs share.
    .usageConfiguration({ 'hide-types': true });
  if (name === '') {
    for (const other of LISTINGS) {
      if (other.name !== '') parser.command(`${other.name} ${other.argument}`.trim(), other.summary);
    }
    parser.epilogue('compose COMMAND --help shows a command. Exit codes: docs/cli.md');
  }
  for (const option of optionsOf(command)) {
    parser.group(option.name, `${option.group}:`).describe(option.name, description(option));
  }
  // Each in two lines: a command line that is broken to fit a column cannot be copied.
  for (const [line, meaning] of command.examples) parser.example(`# ${meaning}\n${line}`, '');
  return `${await parser.getHelp()}\n`;
}
