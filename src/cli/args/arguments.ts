import { AppError } from '../../model/app-error.ts';

/**
 * Type of the arguments for a usage such as `IMAGE REF`, `PKG…` or `[COMMAND]`: each word is one argument, `…` one or more, and
 * those in brackets are optional. Arguments after an optional one in the middle, as in `A [OP] B`, have no fixed positions.
 */
export type ArgumentsOf<Usage extends string> = string extends Usage
  ? readonly string[]
  : Usage extends ''
    ? readonly []
    : Usage extends `[${string}] ${string}`
      ? readonly string[]
      : Usage extends `${infer First} ${infer Rest}`
        ? readonly [...ArgumentsOf<First>, ...ArgumentsOf<Rest>]
        : Usage extends `[${string}…]`
          ? readonly string[]
          : Usage extends `[${string}]`
            ? readonly [string?]
            : Usage extends `${string}…`
              ? readonly [string, ...string[]]
              : readonly [string];

/** Puts a usage in words: `IMAGE and REF`, `at least one PKG`. */
function expectedText(usage: string): string {
  if (usage === '') return 'no arguments';
  if (/(^| )\[/.test(usage)) return usage;
  const words = usage.split(' ').map((word) => word.replace(/^(.*)…$/, 'at least one $1'));
  return words.length === 1 ? words[0]!.replace(/^(?!at least)/, 'one ') : words.join(' and ');
}

/** Checks the number of arguments against the usage of `command`, such as `cache gc`. @throws AppError USAGE */
export function checkArguments(command: string, usage: string, args: readonly string[]): void {
  const words = usage.split(' ').filter((word) => word !== '');
  const least = words.filter((word) => !word.startsWith('[')).length;
  const isOpen = words.some((word) => /…\]?$/.test(word));
  if (args.length >= least && (isOpen || args.length <= words.length)) return;
  const expected = expectedText(usage);
  const got = args.length === 0 ? 'none' : JSON.stringify(args.join(' '));
  throw new AppError('USAGE', `compose ${command}: expected ${expected}, got ${got}`, {
    hint:
      usage === '' && !command.includes(' ')
        ? `To compose a package called ${command}: compose -- ${command}`
        : `See compose ${command.split(' ')[0]} --help.`,
    details: { expected, got: args },
  });
}
