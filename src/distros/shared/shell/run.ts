import type { RootDraft } from '../root-draft.ts';
import { type ExpansionState, fieldsOf, matches, patternOf, textOf } from './expansion.ts';
import type { ShellDialect } from './lexer.ts';
import { FileSink, NOWHERE, type Sink } from './output.ts';
import { parseShell } from './parser.ts';
import type { AndOr, Command, Pipeline, Redirect, Script, SimpleCommand } from './syntax.ts';
import { undecided } from './undecided.ts';

/**
 * What a script may cost: a command 100 and 100 for each character of its arguments, a value its characters, a match
 * the product of its lengths. Real scripts (a loop over some hundred directories) stay below a tenth; all of it is
 * spent in about a second.
 */
const BUDGET = 10_000_000;
const COMMAND_COST = 100;
/** Functions and commands inside each other. */
const MAX_CALLS = 60;

export interface CommandResult {
  readonly status: number;
  /** Standard output; undefined: not known. Default: none */
  readonly output?: string | undefined;
}

/** What a command is told. */
export interface CommandCall {
  /** Without the name */
  readonly args: readonly string[];
  readonly root: RootDraft;
  /** Undefined: the script's own, which has nothing to read */
  readonly input: string | undefined;
  /** Real path of the file that its output goes to */
  readonly outputFile: string | undefined;
  /** Whether a command is found in PATH, and where */
  readonly find: (name: string) => string | undefined;
}

export type KnownCommand = (call: CommandCall) => CommandResult;

export interface ShellWorld {
  readonly dialect: ShellDialect;
  readonly root: RootDraft;
  /** Directories of PATH, no leading slash */
  readonly path: readonly string[];
  readonly builtins: ReadonlyMap<string, KnownCommand>;
  /**
   * What a program that is in the root does. `real`: its file; `name`: the name it is called by, a path or not.
   * Undefined: not known.
   */
  readonly program: (real: string, name: string) => KnownCommand | undefined;
}

/**
 * Runs the script on the draft. Text is bytes as model/path-bytes.ts decodes them.
 * @returns its exit status
 * @throws Undecided where its effect does not follow from its text and the root
 */
export function runShell(text: string, args: readonly string[], world: ShellWorld): number {
  const shell = new Shell(world, args, { left: BUDGET });
  const script = parseShell(text, world.dialect);
  try {
    return shell.list(script);
  } catch (error) {
    if (error instanceof Exit) return error.status;
    throw error;
  }
}

/** Shared by a script and its substitutions. */
interface Budget {
  left: number;
}

class Exit {
  readonly status: number;
  constructor(status: number) {
    this.status = status;
  }
}

class Return {
  readonly status: number;
  constructor(status: number) {
    this.status = status;
  }
}

/** Variables that change what the shell itself does, or that it sets. */
const SPECIAL =
  /^(?:IFS|PATH|PWD|OLDPWD|HOME|ENV|CDPATH|OPT[A-Z]*|PS[0-9]|PPID|LINENO|RANDOM|SECONDS|UID|EUID|GROUPS|SHELLOPTS|POSIX.*|FUNC.*|GLOB.*|DIRSTACK|EXECIGNORE|TMOUT|BASH.*|COMP.*|HIST.*|LD_.*|LC_.*|LANG|_)$/;

class Shell {
  readonly #world: ShellWorld;
  readonly #functions = new Map<string, Command>();
  /** Names that each running function declared local, with what they were */
  readonly #locals: Map<string, string | undefined>[] = [];
  readonly #budget: Budget;
  readonly #state: ExpansionState;
  #calls = 0;
  #output: Sink = NOWHERE;
  #input: string | undefined;

  constructor(world: ShellWorld, args: readonly string[], budget: Budget) {
    this.#world = world;
    this.#budget = budget;
    this.#state = {
      dialect: world.dialect,
      variables: new Map(),
      positional: args,
      status: 0,
      spend: (cost) => this.#spend(cost),
      substitute: (script) => this.#substitute(script),
    };
  }

  list(script: Script): number {
    for (const item of script) this.#state.status = this.#andOr(item);
    return this.#state.status;
  }

  #andOr(item: AndOr): number {
    if (item.background) undecided('a background job');
    let status = this.#pipeline(item.first);
    this.#state.status = status;
    for (const { operator, pipeline } of item.rest) {
      if ((status === 0) !== (operator === '&&')) continue;
      status = this.#pipeline(pipeline);
      this.#state.status = status;
    }
    return status;
  }

  #pipeline({ negated, commands }: Pipeline): number {
    const [command] = commands;
    if (command === undefined || commands.length > 1) undecided('a pipe');
    const status = this.#command(command);
    return negated ? Number(status === 0) : status;
  }

  #command(command: Command): number {
    this.#spend(COMMAND_COST);
    this.#calls += 1;
    if (this.#calls > MAX_CALLS) undecided('calls too deep');
    const status = this.#dispatch(command);
    this.#calls -= 1;
    return status;
  }

  #dispatch(command: Command): number {
    switch (command.kind) {
      case 'simple':
        return this.#simple(command);
      case 'function':
        if (this.#isBuiltin(command.name)) undecided(`a function ${command.name}`);
        this.#functions.set(command.name, command.body);
        return 0;
      case 'opaque':
        return undecided(command.what);
      case 'group':
        return this.#redirected(command.redirects, () => this.#body(command.body));
      case 'if':
        return this.#redirected(command.redirects, () => {
          const taken = command.branches.find(({ condition }) => this.#body(condition) === 0);
          return this.#body(taken?.body ?? command.otherwise);
        });
      case 'for':
        return this.#redirected(command.redirects, () => {
          const values =
            command.words === undefined
              ? this.#state.positional
              : command.words.flatMap((word) => fieldsOf(word, this.#state));
          let status = 0;
          for (const value of values) {
            this.#assign(command.name, value);
            status = this.#body(command.body);
          }
          return status;
        });
      case 'case':
        return this.#redirected(command.redirects, () => {
          const subject = textOf(command.subject, this.#state);
          const taken = command.branches.find(({ patterns }) =>
            patterns.some((pattern) => matches(patternOf(pattern, this.#state), subject, this.#state)),
          );
          return this.#body(taken?.body ?? []);
        });
    }
  }

  /** Status 0 where nothing runs. */
  #body(script: Script): number {
    this.#state.status = script.length === 0 ? 0 : this.#state.status;
    return this.list(script);
  }

  #simple({ assignments, words, redirects }: SimpleCommand): number {
    const [first] = words;
    if (first === undefined) {
      this.#state.status = 0;
      if (redirects.length > 0) undecided('a redirect without a command');
      for (const { name, value } of assignments) this.#assign(name, textOf(value, this.#state));
      return this.#state.status;
    }
    if (assignments.length > 0) undecided('a variable for one command');
    const [name, ...args] = words.flatMap((word) => fieldsOf(word, this.#state));
    if (name === undefined) return undecided('an empty command');
    return this.#redirected(redirects, () => this.#call(name, args), !this.#functions.has(name));
  }

  #call(name: string, args: readonly string[]): number {
    const own = this.#own(name, args);
    if (own !== undefined) return own;
    const known = this.#functions.get(name);
    if (known !== undefined) return this.#callFunction(known, args);
    const builtin = this.#world.builtins.get(name);
    if (builtin !== undefined) return this.#run(builtin, args);
    return this.#program(name, args);
  }

  /** The builtins that change the shell. */
  #own(name: string, args: readonly string[]): number | undefined {
    switch (name) {
      case 'exit':
        throw new Exit(this.#statusArgument(args));
      case 'return':
        if (this.#locals.length === 0) return undecided('return outside of a function');
        throw new Return(this.#statusArgument(args));
      case 'exec': {
        const [program, ...rest] = args;
        if (program === undefined || program.startsWith('-')) return undecided('exec of the shell itself');
        throw new Exit(this.#program(program, rest));
      }
      case 'local':
      case 'export':
      case 'readonly':
        return this.#declare(name, args);
      case 'shift': {
        if (args.length > 0 || this.#state.positional.length === 0) return undecided('shift');
        this.#state.positional = this.#state.positional.slice(1);
        return 0;
      }
      case 'cd':
        return args.length === 1 && args[0] === '/' ? 0 : undecided('cd');
      case 'umask':
        return args.length === 1 && /^0*22$/.test(args[0] ?? '') ? 0 : undecided('umask');
      case 'command': {
        const [option, wanted] = args;
        if (option !== '-v' || wanted === undefined || args.length > 2) return undecided('command');
        return this.#locate(wanted);
      }
      default:
        return UNKNOWN_BUILTINS.has(name) ? undecided(name) : undefined;
    }
  }

  #locate(name: string): number {
    if (name.includes('/') || this.#functions.has(name) || this.#isBuiltin(name)) undecided('command -v');
    const found = this.#find(name);
    if (found === undefined) return this.#world.dialect === 'sh' ? 127 : 1;
    this.#output.write(`/${found}\n`);
    return 0;
  }

  #statusArgument(args: readonly string[]): number {
    const [status] = args;
    if (status === undefined) return this.#state.status;
    return args.length === 1 && /^\d{1,3}$/.test(status) && Number(status) < 256
      ? Number(status)
      : undecided('an exit status of unknown form');
  }

  #declare(kind: string, args: readonly string[]): number {
    if (kind === 'readonly' || args.length === 0) undecided(kind);
    for (const arg of args) {
      const equals = arg.indexOf('=');
      const name = equals < 0 ? arg : arg.slice(0, equals);
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) undecided(`${kind} of unknown form`);
      if (kind === 'local') {
        const scope = this.#locals.at(-1) ?? undecided('local outside of a function');
        if (!scope.has(name)) scope.set(name, this.#state.variables.get(name));
      }
      if (equals < 0) undecided(`${kind} without a value`);
      this.#assign(name, arg.slice(equals + 1));
    }
    return 0;
  }

  #callFunction(body: Command, args: readonly string[]): number {
    const positional = this.#state.positional;
    const calls = this.#calls;
    const scope = new Map<string, string | undefined>();
    this.#state.positional = args;
    this.#locals.push(scope);
    try {
      return this.#command(body);
    } catch (error) {
      if (!(error instanceof Return)) throw error;
      return error.status;
    } finally {
      this.#state.positional = positional;
      this.#calls = calls;
      this.#locals.pop();
      for (const [name, before] of scope) {
        if (before === undefined) this.#state.variables.delete(name);
        else this.#state.variables.set(name, before);
      }
    }
  }

  #program(name: string, args: readonly string[]): number {
    const path = name.includes('/') ? name : this.#find(name);
    if (path === undefined) return 127;
    const { root } = this.#world;
    const file = root.statFollow(path);
    if (file === undefined) return 127;
    if (file.type !== 'file' || (file.mode & 0o111) === 0) return 126;
    const real = root.real(path, true) ?? undecided(`${path} went away`);
    const known = this.#world.program(real, name) ?? undecided(`runs ${name}`);
    return this.#run(known, args);
  }

  #find(name: string): string | undefined {
    const { root, path } = this.#world;
    for (const directory of path) {
      const file = root.statFollow(`${directory}/${name}`);
      if (file?.type === 'file' && (file.mode & 0o111) !== 0) return `${directory}/${name}`;
      if (file !== undefined && file.type !== 'directory') undecided(`${name} in PATH cannot be run`);
    }
    return undefined;
  }

  #run(command: KnownCommand, args: readonly string[]): number {
    const { root } = this.#world;
    const input = this.#input;
    for (const arg of args) this.#spend(arg.length * COMMAND_COST);
    const outputFile = this.#output instanceof FileSink ? this.#output.path : undefined;
    const result = command({ args, root, input, outputFile, find: (name) => this.#find(name) });
    if (!('output' in result)) return result.status;
    this.#output.write(result.output);
    return result.status;
  }

  /** `toFile`: whether the output may be kept in a file, which nothing else that runs meanwhile must touch. */
  #redirected(redirects: readonly Redirect[], run: () => number, toFile = false): number {
    const output = this.#output;
    const input = this.#input;
    try {
      for (const redirect of redirects) this.#redirect(redirect, toFile);
      return run();
    } finally {
      this.#output = output;
      this.#input = input;
    }
  }

  #redirect({ descriptor, operator, target }: Redirect, toFile: boolean): void {
    const text = textOf(target, this.#state);
    if (operator === '<<') {
      if (descriptor !== 0) undecided('a here-document elsewhere than on standard input');
      this.#input = text;
    } else if (operator === '<' && descriptor === 0 && text === '/dev/null') this.#input = '';
    else if (operator === '>&' && descriptor === 1 && text === '2') this.#output = NOWHERE;
    else if (operator === '>&' && descriptor === 2 && text === '1') {
      if (!this.#output.discards) undecided('messages of unknown text are read');
    } else if ((operator === '>' || operator === '>>') && text === '/dev/null') {
      if (descriptor !== 2) this.#output = NOWHERE;
    } else if ((operator === '>' || operator === '>>') && descriptor === 1) {
      if (!toFile || this.#output instanceof FileSink) undecided('a redirect of several commands');
      this.#output = new FileSink(this.#world.root, text, operator === '>>');
    } else undecided(`redirects ${operator} ${text}`);
  }

  #assign(name: string, value: string): void {
    if (SPECIAL.test(name)) undecided(`sets ${name}`);
    this.#state.variables.set(name, value);
  }

  /** Its own process: what it sets is not seen outside. */
  #substitute(script: Script): string {
    let text = '';
    const inner = new Shell(this.#world, this.#state.positional, this.#budget);
    for (const [name, value] of this.#state.variables) inner.#state.variables.set(name, value);
    for (const [name, body] of this.#functions) inner.#functions.set(name, body);
    inner.#input = this.#input;
    inner.#calls = this.#calls + 1;
    inner.#state.status = this.#state.status;
    inner.#output = {
      discards: false,
      write(more) {
        text += more ?? undecided('an output of unknown text is read');
      },
    };
    try {
      this.#state.status = inner.list(script);
    } catch (error) {
      if (!(error instanceof Exit)) throw error;
      this.#state.status = error.status;
    }
    this.#spend(text.length);
    return text.replace(/\n+$/, '');
  }

  #isBuiltin(name: string): boolean {
    return OWN_BUILTINS.has(name) || UNKNOWN_BUILTINS.has(name) || this.#world.builtins.has(name);
  }

  #spend(cost: number): void {
    this.#budget.left -= cost;
    if (this.#budget.left < 0) undecided('a script that does too much');
  }
}

const OWN_BUILTINS = new Set([
  'exit',
  'return',
  'exec',
  'local',
  'export',
  'readonly',
  'shift',
  'cd',
  'umask',
  'command',
]);
/** Builtins of bash and ash whose effect on the rest of the script is not followed. */
const UNKNOWN_BUILTINS = new Set(
  (
    '. source eval set unset trap read alias unalias bg fg jobs wait kill times ulimit getopts hash type let break ' +
    'continue declare typeset mapfile readarray shopt enable builtin caller bind compgen complete compopt dirs ' +
    'disown fc help history logout popd pushd suspend time until while printenv chdir pwd'
  ).split(' '),
);
