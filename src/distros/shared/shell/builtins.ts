import type { ShellDialect } from './lexer.ts';
import { undecided } from './undecided.ts';
import type { Variables } from './variables.ts';

/** State of the shell that builtins change. */
export interface ShellState {
  readonly dialect: ShellDialect;
  readonly variables: Variables;
  positional: readonly string[];
  /** Exit status of the last command */
  status: number;
}

/** Actions of the shell that builtins use. */
export interface ShellActions {
  /** Runs a program, never a function or builtin. @returns its status */
  runProgram(name: string, args: readonly string[]): number;
  /** Returns whether the name is a function or builtin. */
  isDefined(name: string): boolean;
  /** Returns the path of a command in PATH; undefined if there is none. */
  find(name: string): string | undefined;
  print(text: string): void;
}

/** Thrown by `exit` and `exec`: the shell ends. */
export class Exit {
  readonly status: number;
  constructor(status: number) {
    this.status = status;
  }
}

/** Thrown by `return`: the function ends. */
export class Return {
  readonly status: number;
  constructor(status: number) {
    this.status = status;
  }
}

type StateBuiltin = (args: readonly string[], state: ShellState, actions: ShellActions) => number;

/** Builtins that change or query the shell (POSIX.1-2017, 2.14, and bash's `local`). They return their exit status. */
export const STATE_BUILTINS: ReadonlyMap<string, StateBuiltin> = new Map<string, StateBuiltin>([
  [
    'exit',
    (args, state) => {
      throw new Exit(statusArgument(args, state));
    },
  ],
  [
    'return',
    (args, state) => {
      if (!state.variables.isInFunction) return undecided('return outside of a function');
      throw new Return(statusArgument(args, state));
    },
  ],
  [
    'exec',
    ([program, ...args], _state, actions) => {
      if (program === undefined || program.startsWith('-')) return undecided('exec of the shell itself');
      throw new Exit(actions.runProgram(program, args));
    },
  ],
  ['local', (args, state) => declare('local', args, state)],
  ['export', (args, state) => declare('export', args, state)],
  ['readonly', () => undecided('readonly')],
  ['shift', shift],
  ['cd', (args) => (args.length === 1 && args[0] === '/' ? 0 : undecided('cd'))],
  ['umask', (args) => (args.length === 1 && /^0*22$/.test(args[0] ?? '') ? 0 : undecided('umask'))],
  ['command', locate],
]);

/** Builtins of bash and ash whose effect on the rest of the script is not known, so that calls are Undecided. */
export const UNFOLLOWED_BUILTINS: ReadonlySet<string> = new Set(
  (
    '. source eval set unset trap read alias unalias bg fg jobs wait kill times ulimit getopts hash type let break ' +
    'continue declare typeset mapfile readarray shopt enable builtin caller bind compgen complete compopt dirs ' +
    'disown fc help history logout popd pushd suspend time until while printenv chdir pwd'
  ).split(' '),
);

function statusArgument(args: readonly string[], state: ShellState): number {
  const [status] = args;
  if (status === undefined) return state.status;
  return args.length === 1 && /^\d{1,3}$/.test(status) && Number(status) < 256
    ? Number(status)
    : undecided('an exit status of unknown form');
}

function declare(kind: 'local' | 'export', args: readonly string[], { variables }: ShellState): number {
  if (args.length === 0) undecided(kind);
  for (const arg of args) {
    const equals = arg.indexOf('=');
    const name = equals < 0 ? arg : arg.slice(0, equals);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) undecided(`${kind} of unknown form`);
    if (kind === 'local') variables.declareLocal(name);
    if (equals < 0) undecided(`${kind} without a value`);
    variables.assign(name, arg.slice(equals + 1));
  }
  return 0;
}

function shift(args: readonly string[], state: ShellState): number {
  if (args.length > 0 || state.positional.length === 0) return undecided('shift');
  state.positional = state.positional.slice(1);
  return 0;
}

/** Runs `command -v NAME` for a program. */
function locate(
  [option, name, ...rest]: readonly string[],
  { dialect }: ShellState,
  actions: ShellActions,
): number {
  if (option !== '-v' || name === undefined || rest.length > 0) return undecided('command');
  if (name.includes('/') || actions.isDefined(name)) undecided('command -v');
  const found = actions.find(name);
  if (found === undefined) return dialect === 'sh' ? 127 : 1;
  actions.print(`/${found}\n`);
  return 0;
}
