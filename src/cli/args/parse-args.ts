import { parseArgs as parseWords } from 'node:util';
import type { ComposeSettings } from '../../app/settings/settings.ts';
import { findOption, type Option, type Options } from './option.ts';
import { missingValue, UnknownOption, unexpectedValue } from './usage-errors.ts';

/** The options and arguments of a command, as they were typed. */
export interface RawArgs {
  /** Option name → texts in order; a switch has `true` */
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly args: readonly string[];
  /** The line has a `--`: all words after it are packages, whatever they look like */
  readonly terminated: boolean;
}

/** A word that is a value or an argument although it begins with a dash. */
const NUMBER = /^-(?:\d+(?:\.\d+)?|\.\d+)$/;

/** Tells whether a word can only be an option, neither a value nor an argument. */
export function isOptionWord(word: string): boolean {
  return word.startsWith('-') && word !== '-' && !NUMBER.test(word);
}

/** A line as far as it is right. */
export interface ReadArgs extends RawArgs {
  /** What parseArgs throws */
  readonly problem: Error | undefined;
  /** The option, at the end of the line, whose value may be the next word */
  readonly pending: Option | undefined;
}

/**
 * Parses a line without its command's name.
 * @throws AppError USAGE for a missing value or one that is not needed; UnknownOption for an option that the command does not
 * have
 */
export function parseArgs(options: Options, argv: readonly string[]): RawArgs {
  const { problem, ...raw } = readArgs(options, argv);
  if (problem !== undefined) throw problem;
  return raw;
}

/**
 * Reads a line without its command's name: `--name value`, `--name=value`, `-n value`, `-n=value`, `-nvalue`, letters of switches
 * together (`-qn value`), and arguments in any place; after `--`, all words are arguments.
 */
export function readArgs(options: Options, argv: readonly string[]): ReadArgs {
  const given = new Map<string, readonly string[]>();
  const args: string[] = [];
  let terminated = false;
  let unknown: Error | undefined;
  let failure: Error | undefined;
  let pending: Option | undefined;

  function note({ name, rawName, value, inlineValue }: OptionToken): void {
    const found = findOption(options, name);
    if (found === undefined) unknown ??= new UnknownOption(rawName);
    else if (found.option.takes === 'none') {
      given.set(found.name, ['true']);
      if (value !== undefined) failure ??= unexpectedValue(rawName);
    } else {
      const isWord = inlineValue === false;
      const isEqual = inlineValue === true && !rawName.startsWith('--') && value.startsWith('=');
      const text = (isEqual ? value.slice(1) : value) ?? found.option.withoutValue;
      if (text === undefined) pending = found.option;
      if (text === undefined || (isWord && isOptionWord(text))) failure ??= missingValue(rawName, found);
      else given.set(found.name, [...(given.get(found.name) ?? []), text]);
    }
  }

  const tokens = tokensOf(options, argv);
  for (const [at, token] of tokens.entries()) {
    const word = argv[token.index]!;
    const before = tokens[at - 1];
    const isFirst = before?.index !== token.index;
    if (token.kind === 'positional') args.push(token.value);
    else if (word === '--') terminated = true;
    // Node.js takes each digit of a number for an option, and what cannot be one, as in `-q=x` and `-q-`, too.
    else if (NUMBER.test(word)) {
      if (isFirst) args.push(word);
    } else if (token.kind !== 'option') unknown ??= new UnknownOption(word);
    else if (token.name === '=' && before?.kind === 'option' && !isFirst) {
      failure ??= unexpectedValue(before.rawName);
    } else note(token);
  }
  return { options: given, args, terminated, pending, problem: failure ?? unknown };
}

type OptionToken = Extract<ReturnType<typeof tokensOf>[number], { kind: 'option' }>;

/** Has Node.js split words into options with their values and arguments. It takes any word after an option for its value. */
function tokensOf(options: Options, argv: readonly string[]) {
  const declared = Object.entries(options).flatMap(([name, { takes, short }]) => {
    // `--load` alone is like a switch.
    const type = takes === 'one' ? ('string' as const) : ('boolean' as const);
    // The letter is a name too: `--t NAME`.
    return short === undefined
      ? [[name, { type }]]
      : [
          [name, { type, short }],
          [short, { type }],
        ];
  });
  return parseWords({
    args: argv,
    options: Object.fromEntries(declared),
    tokens: true,
    strict: false,
    allowPositionals: true,
  }).tokens;
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
