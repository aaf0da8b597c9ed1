import { COMMAND_NAMES } from '../commands.ts';
import { OPTIONS, type OptionSpec } from './options.ts';

/** The option whose value may be the next word: of `--tag`, `-t` and `-qt`, but not of `--tag=x`. */
export function pendingOption(word: string): OptionSpec | undefined {
  const [, letter] = /^-[A-Za-z]*([A-Za-z])$/.exec(word) ?? [];
  const option = word.startsWith('--')
    ? OPTIONS.get(word.slice(2))
    : [...OPTIONS.values()].find(({ short }) => short !== undefined && short === letter);
  return option?.value === 'one' ? option : undefined;
}

/**
 * The command's name and the line without it: the first word that is neither an option nor an option's value, where it
 * names a command and does not stand behind `--`. Only that command is then loaded and only its options are set up.
 */
export function splitCommand(argv: readonly string[]): {
  readonly name: string;
  readonly rest: readonly string[];
} {
  let pending = false;
  for (const [at, word] of argv.entries()) {
    if (word === '--') break;
    // As yargs-parser takes values: a word with a dash is one only when it is a number, or the dash alone.
    const isOption = /^-[^0-9]/.test(word);
    if (!isOption && !pending) {
      return COMMAND_NAMES.includes(word)
        ? { name: word, rest: argv.toSpliced(at, 1) }
        : { name: '', rest: argv };
    }
    pending = isOption && pendingOption(word) !== undefined;
  }
  return { name: '', rest: argv };
}
