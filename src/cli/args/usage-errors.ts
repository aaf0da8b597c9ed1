import { nearest } from '../../app/settings/nearest.ts';
import { AppError } from '../../model/app-error.ts';
import type { FoundOption, Options } from './option.ts';

/** Error for an option that the command does not have. unknownOption() finds out whether another command has it. */
export class UnknownOption extends Error {
  /** As typed: `-t`, `--tag` */
  readonly option: string;
  /** Without dashes */
  readonly key: string;

  constructor(option: string) {
    super(`unknown option ${option}`);
    this.option = option;
    this.key = option.replace(/^--?/, '');
  }
}

interface Asked {
  /** As typed: `cache gc`; empty for `compose PKG…` */
  readonly name: string;
  readonly options: Options;
}

const lineOf = (name: string): string => (name === '' ? 'compose' : `compose ${name}`);

/** Makes the AppError USAGE for an option that the command does not have; `owners` are the commands that have it. */
export function unknownOption(
  { option, key }: UnknownOption,
  { name, options }: Asked,
  owners: readonly string[],
): AppError {
  const details = { option, expected: Object.keys(options).map((known) => `--${known}`), got: option };
  const help = `${lineOf(name.split(' ')[0]!)} --help`;
  if (owners.length > 0) {
    const line = name === '' ? 'compose PKG…' : lineOf(name);
    const ofActions = owners.filter((owner) => owner.includes(' ')).map(lineOf);
    return new AppError('USAGE', `not an option of ${line}: ${option}`, {
      hint: ofActions.length === 0 ? `See ${help}.` : `It is an option of ${ofActions.join(' and ')}.`,
      details,
    });
  }
  const near = nearest(key, Object.keys(options));
  return new AppError('USAGE', `unknown option ${option}`, {
    hint: near === undefined ? `See ${help}.` : `Did you mean --${near}?`,
    details,
  });
}

/** Makes the AppError USAGE for an option, as typed, whose value is missing. */
export function missingValue(typed: string, { name, option }: FoundOption): AppError {
  const expected = option.placeholder ?? 'VALUE';
  return new AppError('USAGE', `${typed}: expected a value, got none`, {
    hint: `Write --${name}=${expected}; a value that starts with a dash needs this form, with =.`,
    details: { option: typed, expected, got: null },
  });
}

/** Makes the AppError USAGE for a switch, as typed, that was given a value. */
export function unexpectedValue(typed: string): AppError {
  return new AppError('USAGE', `${typed}: expected no value, got one`, {
    hint: `Write ${typed} alone.`,
    details: { option: typed, expected: 'no value', got: 'a value' },
  });
}
