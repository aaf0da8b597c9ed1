import yargs, { type Argv } from 'yargs';
import type { ComposeSettings } from '../../app/settings/settings.ts';
import type { Options } from './option.ts';
import { missingValue, UnknownOption, unexpectedValue } from './usage-errors.ts';

/** A command's own part of the command line, texts as they were typed. */
export interface RawArgs {
  /** Option name → texts in order; a switch has `true` */
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly args: readonly string[];
  /** Whether `--` stands in the line: what follows it are packages, whatever they look like */
  readonly terminated: boolean;
}

/** No numbers, no objects for `a.b`, no camelCase twins, no `--no-` in front. */
const PARSER = {
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'dot-notation': false,
  'camel-case-expansion': false,
  'boolean-negation': false,
  'strip-aliased': true,
} as const;

/**
 * The yargs parser of one command. An option takes one word each time: yargs' arrays refuse `-` and, at the end of the line,
 * an empty text. Choices and types are left to readOptions(), which recipes share.
 */
export function parserOf(options: Options): Argv {
  const parser = yargs()
    .help(false)
    .version(false)
    .locale('en')
    .exitProcess(false)
    .scriptName('compose')
    .parserConfiguration(PARSER);
  for (const [name, { takes, short }] of Object.entries(options)) {
    const isSwitch = takes === 'none';
    parser.option(name, {
      type: isSwitch ? 'boolean' : 'string',
      nargs: isSwitch ? 0 : 1,
      ...(short === undefined ? {} : { alias: short }),
    });
  }
  return parser;
}

/** `--load` becomes `--load=auto`: yargs has no value that may be left out without taking the next word for it. */
function withImpliedValues(argv: readonly string[], options: Options): readonly string[] {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  return argv.map((word, index) => {
    const name = word.startsWith('--') && index < end ? word.slice(2) : '';
    const implied = Object.hasOwn(options, name) ? options[name]?.withoutValue : undefined;
    return implied === undefined ? word : `${word}=${implied}`;
  });
}

/** @throws AppError USAGE for missing and needless values; UnknownOption for an option that the command does not take */
export function parseArgs(options: Options, argv: readonly string[]): RawArgs {
  const parser = parserOf(options).fail((message, error) => {
    throw missingValue(message, options) ?? unexpectedValue(message) ?? error ?? new Error(message);
  });
  const { _: args, $0: _program, ...given } = parser.parseSync(withImpliedValues(argv, options));
  // yargs keeps arguments under an option's name, `_`, which `--_` would reach.
  if (!args.every((word) => typeof word === 'string')) throw new UnknownOption('_');
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(options, name));
  if (unknown !== undefined) throw new UnknownOption(unknown);
  const texts = Object.entries(given).map(([name, value]) => [name, [value].flat().map(String)] as const);
  return { options: new Map(texts), args, terminated: argv.includes('--') };
}

/** The values of options, and the settings among them as one. @throws AppError USAGE */
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
