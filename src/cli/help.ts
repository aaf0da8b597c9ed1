import type { Argv } from 'yargs';
import type { Option, OptionGroup, Options, OptionText } from './args/option.ts';
import { type Command, type CommandTable, loadCommand, loadCommands } from './command.ts';

declare module 'yargs' {
  // Missing in its types.
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

function valueUsage(option: Option): string {
  return option.choices?.join('|') ?? option.placeholder ?? 'VALUE';
}

/** Headings above the options of a command. */
const GROUP_TITLES: Readonly<Record<OptionGroup, string>> = {
  Packages: 'Where packages come from:',
  Image: 'Image options:',
  Output: 'Output options:',
  Registry: 'Registry options:',
  Server: 'Server options:',
  Cache: 'Cache options:',
  Query: 'Query options:',
  General: 'General options:',
};

/** Usage of an option: `--load[=ENGINE]`, `--env NAME=VALUE`. */
export function optionUsage(name: string, option: Option): string {
  if (option.takes === 'none') return `--${name}`;
  const value = valueUsage(option);
  return option.takes === 'optional' ? `--${name}[=${value}]` : `--${name} ${value}`;
}

/** Usage of a command: `compose build RECIPE [options]`. */
export function commandUsage({ name, argument }: Pick<Command, 'name' | 'argument'>): string {
  return ['compose', name, argument, '[options]'].filter((word) => word !== '').join(' ');
}

/** Says what an option does, whether it may be repeated, and its default. */
export function optionText(option: OptionText): string {
  const repeat = option.repeatable === true ? ' (repeatable)' : '';
  const fallback = option.defaultText === undefined ? '' : ` [default: ${option.defaultText}]`;
  return `${option.describe}${repeat}${fallback}`;
}

/** yargs' help has no place for a value beside the option's name, so it leads the text. */
function description(option: Option): string {
  if (option.takes === 'none') return optionText(option);
  const value = option.takes === 'optional' ? `[=${valueUsage(option)}]` : `<${valueUsage(option)}>`;
  return `${value} ${optionText(option)}`;
}

/** Shows each example in two lines: a command line broken to fit a column could not be copied. */
function exampleText(examples: Command['examples']): string {
  return `Examples:\n${examples.map(([line, meaning]) => `  # ${meaning}\n  ${line}`).join('\n')}\n`;
}

/** Headings of `compose help`, in the order of the commands. */
export function commandGroups(commands: readonly Command[]): readonly Command['group'][] {
  return [...new Set(commands.map(({ group }) => group))];
}

/** Renders `compose help`: every command in one line, and the options that are used most. Fits 80 columns. */
async function overview(table: CommandTable): Promise<string> {
  const commands = await loadCommands(table);
  const { examples, options } = await loadCommand(table, '');
  const common = Object.entries(options).filter(([, option]) => option.common);
  const usages = commands.map(({ name, argument }) => `${name || DEFAULT_COMMAND} ${argument}`.trim());
  const names = common.map(([name, { short }]) => `${short === undefined ? '    ' : `-${short}, `}--${name}`);
  const width = [...usages, ...names].reduce((most, text) => Math.max(most, text.length), 0);
  const groups = commandGroups(commands).map((group) => {
    const lines = commands
      .map((command, index) => ({ ...command, usage: usages[index]! }))
      .filter((command) => command.group === group)
      .map(({ usage, summary }) => `  ${usage.padEnd(width)}  ${summary}\n`);
    return `${group}:\n${lines.join('')}`;
  });
  const optionLines = common.map(
    ([, { describe }], index) => `  ${names[index]!.padEnd(width)}  ${describe.replace(/[;:,] .*/, '')}\n`,
  );
  return [
    'Usage: compose PKG… [options]\n       compose COMMAND [options]\n',
    ...groups,
    `Common options of compose PKG…:\n${optionLines.join('')}`,
    exampleText(examples.slice(0, 3)),
    `compose help COMMAND describes a command; compose help ${DEFAULT_COMMAND}, all options.\n`,
  ].join('\n');
}

/** Sets up yargs, which lays out the help. */
async function layoutOf(options: Options): Promise<Argv> {
  const { default: yargs } = await import('yargs');
  const all = Object.entries(options);
  const names = (isSwitch: boolean) =>
    all.filter(([, { takes }]) => (takes === 'none') === isSwitch).map(([name]) => name);
  const aliases = all.flatMap(([name, { short }]) => (short === undefined ? [] : [[name, short] as const]));
  // Not option() for each: it costs twice the time.
  return yargs()
    .help(false)
    .version(false)
    .locale('en')
    .exitProcess(false)
    .scriptName('compose')
    .string(names(false))
    .boolean(names(true))
    .nargs(Object.fromEntries(all.map(([name, { takes }]) => [name, takes === 'none' ? 0 : 1])))
    .alias(Object.fromEntries(aliases));
}

async function commandHelp(command: Command, columns: number | undefined): Promise<string> {
  const about = [`${command.summary}.`, command.arguments?.describe ?? ''].filter((text) => text !== '');
  const layout = await layoutOf(command.options);
  const parser = layout
    .usage(`Usage: ${commandUsage(command)}\n\n${about.join('\n')}`)
    .wrap(Math.max(MIN_WIDTH, Math.min(columns ?? DEFAULT_WIDTH, MAX_WIDTH)))
    // Types and defaults are in the descriptions, which the docs share.
    .usageConfiguration({ 'hide-types': true });
  for (const [name, option] of Object.entries(command.options)) {
    parser.group(name, GROUP_TITLES[option.group]).describe(name, description(option));
  }
  return `${await parser.getHelp()}\n\n${exampleText(command.examples)}`;
}

/** Renders the help of a command, or, if `name` is undefined, the overview. @param columns width of the terminal */
export async function helpText(
  commands: CommandTable,
  name: string | undefined,
  columns: number | undefined,
): Promise<string> {
  if (name === undefined) return overview(commands);
  return commandHelp(await loadCommand(commands, name === DEFAULT_COMMAND ? '' : name), columns);
}
