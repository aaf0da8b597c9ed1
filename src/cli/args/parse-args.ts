import type { ComposeSettings } from '../../app/settings/settings.ts';
import { type FoundOption, findOption, type Options } from './option.ts';
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
/** The rest of a word of letters that is the value of the letter before it: `-j4`, `-j-4`, `-r/x` */
const ATTACHED = /^(?:-$|-?\d+(?:\.\d*)?(?:e-?\d+)?$|\W[\s\S])/;

/** A line as far as it is right. */
export interface ReadArgs extends RawArgs {
  /** What parseArgs throws */
  readonly problem: Error | undefined;
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
 * Reads a line without its command's name: `--name value`, `--name=value`, `-n value`, `-n=value`, letters of switches together
 * (`-qn value`), and arguments in any place; after `--`, all words are arguments.
 */
export function readArgs(options: Options, argv: readonly string[]): ReadArgs {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const words = argv.slice(0, end);
  const given = new Map<string, string[]>();
  const args: string[] = [];
  let unknown: string | undefined;
  let failure: Error | undefined;
  let next = 0;

  function note(key: string, value: (found: FoundOption) => string | undefined): void {
    const found = findOption(options, key);
    if (found === undefined) unknown ??= key;
    else if (found.option.takes === 'none') given.set(found.name, ['true']);
    else {
      const text = value(found);
      if (text === undefined) failure = missingValue(key, options);
      else given.set(found.name, [...(given.get(found.name) ?? []), text]);
    }
  }

  function nextWord(): string | undefined {
    const word = words[next];
    const isOption = word === undefined || (/^-[^0-9]/.test(word) && !NUMBER.test(word));
    return isOption ? undefined : words[next++];
  }

  function noteName(name: string, value: string | undefined): void {
    note(
      name,
      (found) => value ?? (found.name === name ? found.option.withoutValue : undefined) ?? nextWord(),
    );
    if (value !== undefined && findOption(options, name)?.option.takes === 'none')
      failure = unexpectedValue(name);
  }

  /** Notes the options of a word such as `-qo`, of which the last may have a value. */
  function noteLetters(word: string): void {
    for (let at = 1; at < word.length; at++) {
      const letter = word[at]!;
      const rest = word.slice(at + 1);
      const isLast = rest === '';
      if (/^=[\s\S]/.test(rest)) noteName(letter, rest.slice(1));
      else if (ATTACHED.test(rest)) note(letter, () => rest);
      else {
        note(letter, () => (isLast ? nextWord() : ''));
        continue;
      }
      return;
    }
  }

  while (next < words.length) {
    const word = words[next++]!;
    const [, name, value] = /^--(-?[^-=][^=]*|=.*)(?:=([\s\S]*))?$/.exec(word) ?? [];
    if (name !== undefined) noteName(name, value);
    else if (!/^-[^-]/.test(word) || NUMBER.test(word)) args.push(word);
    else if (word[2] === '.') unknown ??= word.slice(1).replace(/=[\s\S]*/, '');
    else noteLetters(word);
  }
  return {
    options: given,
    args: [...args, ...argv.slice(end + 1)],
    terminated: end < argv.length,
    problem: failure ?? (unknown === undefined ? undefined : new UnknownOption(unknown)),
  };
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
