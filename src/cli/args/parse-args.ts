import yargs, { type Argv } from 'yargs';
import type { ComposeSettings } from '../../app/settings/settings.ts';
import type { Options } from './option.ts';
import { UnknownOption, yargsError } from './usage-errors.ts';

/** The options and arguments of a command, as they were typed. */
export interface RawArgs {
  /** Option name → texts in order; a switch has `true` */
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly args: readonly string[];
  /** The line has a `--`: all words after it are packages, whatever they look like */
  readonly terminated: boolean;
}

/** Settings of yargs: no numbers, no objects for `a.b`, no camelCase twins, no `--no-` prefix. */
const PARSER = {
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'dot-notation': false,
  'camel-case-expansion': false,
  'boolean-negation': false,
  'strip-aliased': true,
} as const;

/**
 * Sets up yargs for one command. Repeatable options are strings, since yargs' arrays refuse `-` and, at the end of the line, an
 * empty value. What a value may be is checked by readOptions(), with the functions that check recipes.
 */
export function parserOf(options: Options): Argv {
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
    .parserConfiguration(PARSER)
    .string(names(false))
    .boolean(names(true))
    .nargs(Object.fromEntries(all.map(([name, { takes }]) => [name, takes === 'none' ? 0 : 1])))
    .alias(Object.fromEntries(aliases))
    .strictOptions();
}

/** Turns `--load` into `--load=auto`: yargs would take the next word for an optional value. */
function withImpliedValues(argv: readonly string[], options: Options): readonly string[] {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  return argv.map((word, index) => {
    const name = word.startsWith('--') && index < end ? word.slice(2) : '';
    const implied = Object.hasOwn(options, name) ? options[name]?.withoutValue : undefined;
    return implied === undefined ? word : `${word}=${implied}`;
  });
}

/**
 * Parses a line without its command's name.
 * @throws AppError USAGE for a missing value or one that is not needed; UnknownOption for an option that the command does not
 * have
 */
export function parseArgs(options: Options, argv: readonly string[]): RawArgs {
  const parser = parserOf(options).fail((message, error) => {
    throw yargsError(message, options) ?? error ?? new Error(message);
  });
  const { _: args, $0: _program, ...given } = parser.parseSync(withImpliedValues(argv, options));
  // yargs keeps arguments under the option name `_`, which `--_` could set.
  if (!args.every((word) => typeof word === 'string')) throw new UnknownOption('_');
  const texts = Object.entries(given).map(([name, value]) => [name, [value].flat().map(String)] as const);
  return { options: new Map(texts), args, terminated: argv.includes('--') };
}

/** Parses the values of options, and merges the settings among them. @throws AppError USAGE */
export function readOptions(
  options: Options,
  given: RawArgs['options'],
): { readonly values: Readonly<Record<string, unknown>>; readonly settings: ComposeSettings } {
  const values: Record<string, unknown> = {};
  const settings: ComposeSettings = {};
  for (const [name, option] of Object.entries(options)) {
    values[name] = option.read(given.get(name) ?? [], `--${name}`);
    if (option.isSetting) Object.assign(settings, values[name]);
  }
  return { values, settings };
}
