import { optionsOf, parserOf } from './args/command-line.ts';
import { OPTIONS, type OptionGroup, type OptionSpec, optionFor } from './args/options.ts';
import type { Command, Listing } from './command.ts';
import { COMMAND_GROUPS, LISTINGS, loadCommand } from './commands.ts';

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
/** The name of `compose PKG…` in `compose help compose`. */
const DEFAULT_COMMAND = 'compose';

function valueUsage(option: OptionSpec): string {
  return option.choices?.join('|') ?? option.placeholder ?? 'VALUE';
}

/** Headings above the options of a command. */
const GROUP_TITLES: Readonly<Record<OptionGroup, string>> = {
  Packages: 'Where packages come from:',
  Image: 'Image options:',
  Output: 'Output options:',
  Registry: 'Registry options:',
  Cache: 'Cache options:',
  Query: 'Query options:',
  General: 'General options:',
};

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

/** What an option does, whether it may be repeated, and its default. */
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

/** Each in two lines: a command line that is broken to fit a column cannot be copied. */
function exampleText(examples: Command['examples']): string {
  return `Examples:\n${examples.map(([line, meaning]) => `  # ${meaning}\n  ${line}`).join('\n')}\n`;
}

/** `compose help`: every command in one line, and the options that are used most. Fits 80 columns. */
async function overview(): Promise<string> {
  const { examples } = await loadCommand('');
  const usages = LISTINGS.map(({ name, argument }) => `${name || DEFAULT_COMMAND} ${argument}`.trim());
  const commonOptions = [...OPTIONS.values()].filter(({ common }) => common);
  const names = commonOptions.map(
    (one) => `${one.short === undefined ? '    ' : `-${one.short}, `}--${one.name}`,
  );
  const width = [...usages, ...names].reduce((most, text) => Math.max(most, text.length), 0);
  const groups = COMMAND_GROUPS.map((group) => {
    const lines = LISTINGS.map((listing, at) => ({ ...listing, usage: usages[at]! }))
      .filter((listing) => listing.group === group)
      .map(({ usage, summary }) => `  ${usage.padEnd(width)}  ${summary}\n`);
    return `${group}:\n${lines.join('')}`;
  });
  const options = commonOptions.map(
    ({ describe }, at) => `  ${names[at]!.padEnd(width)}  ${describe.replace(/[;:,] .*/, '')}\n`,
  );
  return [
    'Usage: compose PKG… [options]\n       compose COMMAND [options]\n',
    ...groups,
    `Common options of compose PKG…:\n${options.join('')}`,
    exampleText(examples.slice(0, 3)),
    `compose help COMMAND describes a command; compose help ${DEFAULT_COMMAND}, all options.\n`,
  ].join('\n');
}

async function commandHelp(name: string, columns: number | undefined): Promise<string> {
  const command = await loadCommand(name);
  const about = [
    `${command.summary}.`,
    ...(command.arguments === undefined ? [] : [command.arguments.describe]),
  ];
  const parser = parserOf(command)
    .usage(`Usage: ${commandUsage(command)}\n\n${about.join('\n')}`)
    .wrap(Math.max(MIN_WIDTH, Math.min(columns ?? DEFAULT_WIDTH, MAX_WIDTH)))
    // Types and defaults are in the descriptions, which the docs share.
    .usageConfiguration({ 'hide-types': true });
  for (const option of optionsOf(command)) {
    const own = optionFor(option, name);
    parser.group(own.name, GROUP_TITLES[own.group]).describe(own.name, description(own));
  }
  return `${await parser.getHelp()}\n\n${exampleText(command.examples)}`;
}

/** What `compose help NAME` prints; undefined and empty: the overview. */
export function helpText(name: string | undefined, columns: number | undefined): Promise<string> {
  if (name === undefined) return overview();
  return commandHelp(name === DEFAULT_COMMAND ? '' : name, columns);
}
