import { AppError } from '../../model/app-error.ts';

/**
 * The arguments that a usage such as `IMAGE REF`, `PKG…` or `[COMMAND]` stands for: capital words are required, `…` is one or
 * more, brackets may be left out. An optional one in the middle, as in `A [OP] B`, leaves only the number of words to check.
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

/** `IMAGE and REF`, `at least one PKG`: what a usage asks for, in words. */
function expectedText(usage: string): string {
  if (usage === '') return 'no arguments';
  if (/(^| )\[/.test(usage)) return usage;
  const words = usage.split(' ').map((word) => word.replace(/^(.*)…$/, 'at least one $1'));
  return words.length === 1 ? words[0]!.replace(/^(?!at least)/, 'one ') : words.join(' and ');
}

/** @throws AppError USAGE unless there are as many arguments as the usage of `command` says */
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
