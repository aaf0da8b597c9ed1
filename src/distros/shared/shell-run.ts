import { matchesGlob } from '../../model/glob.ts';
import { encodePath } from '../../model/path-bytes.ts';
import type { RootDraft } from './root-draft.ts';
import type { ShellDialect } from './shell-lexer.ts';
import { parseShell } from './shell-parser.ts';
import type { AndOr, Command, Pipeline, Redirect, Script, SimpleCommand, Word } from './shell-syntax.ts';
import { undecided } from './undecided.ts';

/**
 * What a script may cost: a command 100, a value its characters, a match the product of its lengths. Real scripts
 * (a loop over some hundred directories) stay below a hundredth; all of it is spent in well under a second.
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

/** Where standard output goes. */
interface Sink {
  /** Nobody reads it */
  readonly discards: boolean;
  write(text: string | undefined): void;
}

const NOWHERE: Sink = { discards: true, write() {} };

/** Variables that change what the shell itself does, or that it sets. */
const SPECIAL =
  /^(?:IFS|PATH|PWD|OLDPWD|HOME|ENV|CDPATH|OPT[A-Z]*|PS[0-9]|PPID|LINENO|RANDOM|SECONDS|UID|EUID|GROUPS|SHELLOPTS|POSIX.*|FUNC.*|GLOB.*|DIRSTACK|EXECIGNORE|TMOUT|BASH.*|COMP.*|HIST.*|LD_.*|LC_.*|LANG|_)$/;

class Shell {
  readonly #world: ShellWorld;
  readonly #variables = new Map<string, string>();
  readonly #functions = new Map<string, Command>();
  #positional: readonly string[];
  /** Names that each running function declared local, with what they were */
  readonly #locals: Map<string, string | undefined>[] = [];
  readonly #budget: Budget;
  #status = 0;
  #calls = 0;
  #output: Sink = NOWHERE;
  #input: string | undefined;

  constructor(world: ShellWorld, args: readonly string[], budget: Budget) {
    this.#world = world;
    this.#positional = args;
    this.#budget = budget;
  }

  list(script: Script): number {
    for (const item of script) this.#status = this.#andOr(item);
    return this.#status;
  }

  #andOr(item: AndOr): number {
    if (item.background) undecided('a background job');
    let status = this.#pipeline(item.first);
    this.#status = status;
    for (const { operator, pipeline } of item.rest) {
      if ((status === 0) !== (operator === '&&')) continue;
      status = this.#pipeline(pipeline);
      this.#status = status;
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
              ? this.#positional
              : command.words.flatMap((word) => this.#fields(word));
          let status = 0;
          for (const value of values) {
            this.#assign(command.name, value);
            status = this.#body(command.body);
          }
          return status;
        });
      case 'case':
        return this.#redirected(command.redirects, () => {
          const subject = this.#text(command.subject);
          const taken = command.branches.find(({ patterns }) =>
            patterns.some((pattern) => this.#matches(this.#pattern(pattern), subject)),
          );
          return this.#body(taken?.body ?? []);
        });
    }
  }

  /** Status 0 where nothing runs. */
  #body(script: Script): number {
    this.#status = script.length === 0 ? 0 : this.#status;
    return this.list(script);
  }

  #simple({ assignments, words, redirects }: SimpleCommand): number {
    const [first] = words;
    if (first === undefined) {
      this.#status = 0;
      if (redirects.length > 0) undecided('a redirect without a command');
      for (const { name, value } of assignments) this.#assign(name, this.#text(value));
      return this.#status;
    }
    if (assignments.length > 0) undecided('a variable for one command');
    const [name, ...args] = words.flatMap((word) => this.#fields(word));
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
        if (args.length > 0 || this.#positional.length === 0) return undecided('shift');
        this.#positional = this.#positional.slice(1);
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
    if (status === undefined) return this.#status;
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
        if (!scope.has(name)) scope.set(name, this.#variables.get(name));
      }
      if (equals < 0) undecided(`${kind} without a value`);
      this.#assign(name, arg.slice(equals + 1));
    }
    return 0;
  }

  #callFunction(body: Command, args: readonly string[]): number {
    const positional = this.#positional;
    const calls = this.#calls;
    const scope = new Map<string, string | undefined>();
    this.#positional = args;
    this.#locals.push(scope);
    try {
      return this.#command(body);
    } catch (error) {
      if (!(error instanceof Return)) throw error;
      return error.status;
    } finally {
      this.#positional = positional;
      this.#calls = calls;
      this.#locals.pop();
      for (const [name, before] of scope) {
        if (before === undefined) this.#variables.delete(name);
        else this.#variables.set(name, before);
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
    const result = command({ args, root, input, find: (name) => this.#find(name) });
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
    const text = this.#text(target);
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
    this.#variables.set(name, value);
  }

  /** The fields of a word of a command: one, none for an empty unquoted expansion, several for `"$@"`. */
  #fields(word: Word): readonly string[] {
    if (word.length > 0 && word.some((part) => part.kind === 'parameter' && part.name === '@')) {
      const significant = word.filter((part) => part.kind !== 'text' || part.text !== '');
      const [only] = significant;
      if (significant.length !== 1 || only?.kind !== 'parameter' || !only.quoted || only.operator !== '')
        undecided('$@ inside a word');
      return this.#positional;
    }
    let text = '';
    let present = false;
    for (const part of word) {
      const value = this.#part(part);
      if (part.kind !== 'opaque' && part.quoted) present = true;
      else if (part.kind !== 'text') {
        if (/[*?[\\\s]/.test(value)) undecided('a value that is split');
      } else if (word.length > 1 || !['[', '{', '}'].includes(value)) {
        if (/[*?[]/.test(value)) undecided('a pattern for file names');
        if (this.#world.dialect === 'bash' && value.includes('{')) undecided('braces');
      }
      text += value;
    }
    return present || text !== '' ? [text] : [];
  }

  /** A word where nothing is split: assignments, redirects, the subject of `case`. */
  #text(word: Word): string {
    let text = '';
    for (const part of word) {
      if (part.kind === 'parameter' && (part.name === '@' || part.name === '*')) undecided(`$${part.name}`);
      text += this.#part(part);
    }
    return text;
  }

  /** A word as a pattern: what is quoted stands for itself. */
  #pattern(word: Word): string {
    let pattern = '';
    for (const part of word) {
      const value = this.#part(part);
      if (part.kind === 'opaque' || part.quoted) pattern += value.replace(/[*?[\]\\]/g, '\\$&');
      else if (/[[\\]/.test(value)) undecided('a pattern with brackets');
      else pattern += value;
    }
    return pattern;
  }

  #part(part: Word[number]): string {
    const value = this.#expand(part);
    this.#spend(value.length);
    return value;
  }

  #expand(part: Word[number]): string {
    switch (part.kind) {
      case 'text':
        return part.text;
      case 'opaque':
        return undecided(part.what);
      case 'substitution':
        return this.#substitute(part.body);
      case 'parameter':
        return this.#parameter(part);
    }
  }

  #parameter({ name, operator, operand }: Extract<Word[number], { kind: 'parameter' }>): string {
    if (operator === '-' || operator === ':-') {
      const value = this.#value(name, true);
      return value === undefined || (operator === ':-' && value === '') ? this.#text(operand) : value;
    }
    const value = this.#value(name, false) ?? undecided(`$${name}, which nothing sets`);
    if (operator === '') return value;
    const pattern = this.#pattern(operand);
    this.#spend(value.length * value.length * (pattern.length + 1));
    return cut(value, pattern, operator);
  }

  /** Undefined: not set. The environment is not known, so a name that the script never sets is Undecided. */
  #value(name: string, mayBeUnset: boolean): string | undefined {
    if (/^[1-9][0-9]?$/.test(name))
      return this.#positional[Number(name) - 1] ?? (mayBeUnset ? undefined : '');
    if (name === '#') return String(this.#positional.length);
    if (name === '?') return String(this.#status);
    if (!/^[A-Za-z_]/.test(name)) undecided(`$${name}`);
    return this.#variables.get(name) ?? undecided(`$${name}, which nothing sets`);
  }

  /** Its own process: what it sets is not seen outside. */
  #substitute(script: Script): string {
    let text = '';
    const inner = new Shell(this.#world, this.#positional, this.#budget);
    for (const [name, value] of this.#variables) inner.#variables.set(name, value);
    for (const [name, body] of this.#functions) inner.#functions.set(name, body);
    inner.#input = this.#input;
    inner.#calls = this.#calls + 1;
    inner.#status = this.#status;
    inner.#output = {
      discards: false,
      write(more) {
        text += more ?? undecided('an output of unknown text is read');
      },
    };
    try {
      this.#status = inner.list(script);
    } catch (error) {
      if (!(error instanceof Exit)) throw error;
      this.#status = error.status;
    }
    this.#spend(text.length);
    return text.replace(/\n+$/, '');
  }

  #matches(pattern: string, text: string): boolean {
    this.#spend((pattern.length + 1) * (text.length + 1));
    if (pattern.includes('?') && /[^\0-\x7f]/.test(text)) undecided('a character of several bytes');
    return matchesGlob(pattern, text);
  }

  #isBuiltin(name: string): boolean {
    return OWN_BUILTINS.has(name) || UNKNOWN_BUILTINS.has(name) || this.#world.builtins.has(name);
  }

  #spend(cost: number): void {
    this.#budget.left -= cost;
    if (this.#budget.left < 0) undecided('a script that does too much');
  }
}

/** Standard output into a file: it keeps owner and mode of what is there. */
class FileSink implements Sink {
  readonly discards = false;
  readonly #root: RootDraft;
  readonly #path: string;
  readonly #owner: { readonly mode: number; readonly uid: number; readonly gid: number };
  readonly #before: Buffer;

  constructor(root: RootDraft, path: string, appends: boolean) {
    const real = root.real(path, true);
    if (real === undefined || path.endsWith('/')) undecided(`writes ${path}`);
    const there = root.statFollow(real);
    if (there !== undefined && there.type !== 'file') undecided(`writes to a ${there.type}`);
    if (there !== undefined && (there.mode & 0o6000) !== 0) undecided('writes to a setuid file');
    this.#root = root;
    this.#path = real;
    this.#owner = { mode: there?.mode ?? 0o644, uid: there?.uid ?? 0, gid: there?.gid ?? 0 };
    this.#before = appends && there !== undefined ? Buffer.from(root.read(real) ?? []) : Buffer.alloc(0);
    if (!appends || there === undefined) this.#put('');
  }

  /** Called once: a simple command has one output. */
  write(text: string | undefined): void {
    if (text !== '') this.#put(text ?? undecided('an output of unknown text is kept'));
  }

  #put(text: string): void {
    const content = Buffer.concat([this.#before, encodePath(text)]);
    this.#root.put(this.#path, { type: 'file', ...this.#owner, content });
  }
}

/** Takes the shortest (`#`, `%`) or longest (`##`, `%%`) match of the pattern off. */
function cut(value: string, pattern: string, operator: '#' | '##' | '%' | '%%'): string {
  const lengths = Array.from({ length: value.length + 1 }, (_, length) => length);
  if (operator.length === 2) lengths.reverse();
  const front = operator.startsWith('#');
  for (const length of lengths) {
    const matched = front ? value.slice(0, length) : value.slice(value.length - length);
    if (!matchesGlob(pattern, matched)) continue;
    return front ? value.slice(length) : value.slice(0, value.length - length);
  }
  return value;
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
