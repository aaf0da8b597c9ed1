import { type CommandTable, loadCommand, loadCommands } from '../command.ts';
import { GENERAL_OPTIONS } from './general-options.ts';
import { findOption, type Option, type Options } from './option.ts';
import { isOptionWord, readArgs } from './parse-args.ts';

/** Finds the option whose value may be the next word: for `--tag`, `-t` and `-qt`, but not for `--tag=x` and `-tx`. */
export function pendingOption(word: string, options: Options): Option | undefined {
  return readArgs(options, [word]).pending;
}

/**
 * Tells whether an option before the command's word takes the word after it. A name takes a value in all commands or in none,
 * so the first command that has it decides; all of them are loaded only for options that `compose PKG…` does not have.
 */
async function takesNextWord(word: string, commands: CommandTable): Promise<boolean> {
  const key = word.startsWith('--') ? word.slice(2) : word.slice(-1);
  if (key === '' || key.includes('=')) return false;
  if (findOption(GENERAL_OPTIONS, key)) return pendingOption(word, GENERAL_OPTIONS) !== undefined;
  const { options } = await loadCommand(commands, '');
  if (findOption(options, key)) return pendingOption(word, options) !== undefined;
  const all = await loadCommands(commands);
  return all.some((command) => pendingOption(word, command.options) !== undefined);
}

/**
 * Finds the command's name, and the line without it: the first word that is neither an option nor an option's value, if it
 * names a command and is not behind `--`. Only that command is then loaded and only its options are set up.
 */
export async function splitCommand(
  argv: readonly string[],
  commands: CommandTable,
): Promise<{ readonly name: string; readonly rest: readonly string[] }> {
  let pending = false;
  for (const [index, word] of argv.entries()) {
    if (word === '--') break;
    const isOption = isOptionWord(word);
    if (!isOption && !pending) {
      const isCommand = word !== '' && Object.hasOwn(commands, word);
      return isCommand ? { name: word, rest: argv.toSpliced(index, 1) } : { name: '', rest: argv };
    }
    pending = isOption && (await takesNextWord(word, commands));
  }
  return { name: '', rest: argv };
}
