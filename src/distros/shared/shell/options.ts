import { undecided } from './undecided.ts';

/**
 * Separates the options of a command from its operands (POSIX.1-2017, XBD 12.2): single letters, those in `flags` without a
 * value, those in `valued` with one, attached or in the next argument.
 * @throws Undecided for any other option, and for an option after an operand
 */
export function readOptions(
  args: readonly string[],
  flags: string,
  valued = '',
): { readonly options: ReadonlyMap<string, string>; readonly operands: readonly string[] } {
  const options = new Map<string, string>();
  const left = [...args];
  while (/^-./.test(left[0] ?? '')) {
    const arg = left.shift() ?? '';
    if (arg === '--') return { options, operands: left };
    for (let index = 1; index < arg.length; index++) {
      const letter = arg.charAt(index);
      if (valued.includes(letter)) {
        const attached = arg.slice(index + 1);
        options.set(letter, attached === '' ? (left.shift() ?? undecided(`-${letter} alone`)) : attached);
        break;
      }
      if (!flags.includes(letter)) undecided(`the option -${letter}`);
      options.set(letter, '');
    }
  }
  if (left.some((operand) => /^-./.test(operand))) undecided('an option behind an operand');
  return { options, operands: left };
}
