import yargs, { type Argv } from 'yargs';
import { nearest } from '../../app/settings/nearest.ts';
import { AppError } from '../../model/app-error.ts';
import type { Command } from '../command.ts';
import { OPTIONS, type OptionSpec } from './options.ts';

/** A command's own part of the command line: options that it takes, values not yet checked. */
export interface Words {
  /** Option name → texts in order; a switch has `true` */
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly args: readonly string[];
  /** Whether `--` stands in the line: what follows it are packages, whatever they look like */
  readonly terminated: boolean;
}

/** Texts stay as they were typed: no numbers, no objects for `a.b`, no camelCase twins, no `--no-` in front. */
const PARSER = {
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'dot-notation': false,
  'camel-case-expansion': false,
  'boolean-negation': false,
  'strip-aliased': true,
} as const;

type TakingOptions = Pick<Command, 'name' | 'options'>;

export function optionsOf(command: Pick<Command, 'options'>): readonly OptionSpec[] {
  return command.options.map((name) => OPTIONS.get(name)!);
}

/**
 * The yargs parser of one command. Values are yargs strings of one word each, never its arrays, which would take all
 * words that follow; what they may be is said by app/settings.ts, for recipes and command lines alike.
 */
export function parserOf(command: TakingOptions): Argv {
  const options = optionsOf(command);
  const taking = (what: boolean) => options.filter(({ value }) => (value !== 'none') === what);
  const names = (some: readonly OptionSpec[]) => some.map(({ name }) => name);
  const counts = options.map(({ name, value }) => [name, value === 'none' ? 0 : 1] as const);
  const aliases = options.flatMap(({ name, short }) => (short === undefined ? [] : [[name, short] as const]));
  return yargs()
    .help(false)
    .version(false)
    .locale('en')
    .exitProcess(false)
    .scriptName('compose')
    .parserConfiguration(PARSER)
    .string(names(taking(true)))
    .boolean(names(taking(false)))
    .nargs(Object.fromEntries(counts))
    .alias(Object.fromEntries(aliases))
    .strictOptions();
}

const spelled = (key: string): string => (key.length === 1 ? `-${key}` : `--${key}`);

function lineOf({ name }: TakingOptions): string {
  return name === '' ? 'compose' : `compose ${name}`;
}

function unknownOption(key: string, command: TakingOptions): AppError {
  const rawName = spelled(key);
  const expected = command.options.map((name) => `--${name}`);
  const known = OPTIONS.get(key) ?? [...OPTIONS.values()].find(({ short }) => short === key);
  if (known !== undefined) {
    const line = command.name === '' ? 'compose PKG…' : lineOf(command);
    return new AppError('USAGE', `not an option of ${line}: ${rawName}`, {
      hint: `${lineOf(command)} --help lists its options`,
      details: { option: rawName, expected, got: rawName },
    });
  }
  const near = nearest(key, command.options);
  return new AppError('USAGE', `unknown option ${rawName}`, {
    hint: near === undefined ? `${lineOf(command)} --help lists the options` : `did you mean --${near}?`,
    details: { option: rawName, expected, got: rawName },
  });
}

function missingValue(key: string, command: TakingOptions): AppError {
  const spec = optionsOf(command).find(({ name, short }) => name === key || short === key);
  const placeholder = spec?.placeholder ?? 'VALUE';
  return new AppError('USAGE', `${spelled(key)}: expected a value, got none`, {
    hint: `write --${spec?.name ?? key}=${placeholder}; a value that starts with a dash needs this form, with =`,
    details: { option: spelled(key), expected: placeholder, got: null },
  });
}

function unexpectedValue(key: string): AppError {
  return new AppError('USAGE', `${spelled(key)}: expected no value, got one`, {
    hint: `write ${spelled(key)} alone`,
    details: { option: spelled(key), expected: 'no value', got: 'a value' },
  });
}

/** yargs says what is wrong in words alone; these are its words for what parserOf() sets up. */
function usageError(message: string, command: TakingOptions): AppError {
  const [, unknown] = /^Unknown arguments?: ([^,]+)/.exec(message) ?? [];
  if (unknown !== undefined) return unknownOption(unknown, command);
  const [, empty] = /^Not enough arguments following: (.+)$/.exec(message) ?? [];
  if (empty !== undefined) return missingValue(empty, command);
  const [, full] = /^Argument unexpected for: (.+)$/.exec(message) ?? [];
  if (full !== undefined) return unexpectedValue(full);
  return new AppError('USAGE', message, { hint: `${lineOf(command)} --help shows the usage` });
}

/** `--load` becomes `--load=auto`: yargs has no value that may be left out without taking the next word for it. */
function withImpliedValues(argv: readonly string[], options: readonly OptionSpec[]): readonly string[] {
  const implied = new Map<string, string>(
    options.flatMap(({ name, withoutValue }) =>
      withoutValue === undefined ? [] : [[`--${name}`, `--${name}=${withoutValue}`] as const],
    ),
  );
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  return argv.map((word, at) => (at < end ? (implied.get(word) ?? word) : word));
}

/** @throws AppError USAGE for options that the command does not take, and missing or needless values */
export function readWords(command: TakingOptions, argv: readonly string[]): Words {
  const parser = parserOf(command).fail((message, error) => {
    throw message ? usageError(message, command) : error;
  });
  const { _: args, $0: _program, ...given } = parser.parseSync(withImpliedValues(argv, optionsOf(command)));
  // yargs keeps arguments under an option's name, `_`, which `--_` would reach.
  if (!args.every((word) => typeof word === 'string')) throw unknownOption('_', command);
  const options = Object.entries(given).map(([name, value]) => [name, [value].flat().map(String)] as const);
  return { options: new Map(options), args, terminated: argv.includes('--') };
}
