import { type CommandCall, type CommandResult, DONE, FAILED, type KnownCommand } from './command.ts';
import { chmod, chown } from './mode-commands.ts';
import { ln, mkdir, readlink, rm, touch } from './path-commands.ts';
import { holds } from './test-command.ts';
import { cat, echo, grep, printf } from './text-commands.ts';
import { undecided } from './undecided.ts';

/** Commands that are built into every shell, as far as busybox, bash and POSIX.1-2017 agree on their effects. */
export const SHELL_BUILTINS: ReadonlyMap<string, KnownCommand> = new Map<string, KnownCommand>([
  [':', () => DONE],
  ['true', () => DONE],
  ['false', () => FAILED],
  ['echo', echo],
  ['printf', printf],
  ['test', ({ args, root }) => ({ status: Number(!holds(args, root)) })],
  ['[', bracket],
]);

/** SHELL_BUILTINS, and programs of busybox and coreutils whose effect, as root with umask 022, is known. */
export const FILE_COMMANDS: ReadonlyMap<string, KnownCommand> = new Map<string, KnownCommand>([
  ...SHELL_BUILTINS,
  ['cat', cat],
  ['chmod', chmod],
  ['chown', chown],
  ['grep', grep],
  ['ln', ln],
  ['mkdir', mkdir],
  ['readlink', readlink],
  ['rm', rm],
  ['touch', touch],
]);

function bracket({ args, root }: CommandCall): CommandResult {
  if (args.at(-1) !== ']') undecided('[ without ]');
  return { status: Number(!holds(args.slice(0, -1), root)) };
}
