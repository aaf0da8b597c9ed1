import { Budget, COMMAND_COST } from './budget.ts';
import { Exit, Return, type ShellActions, STATE_BUILTINS, UNFOLLOWED_BUILTINS } from './builtins.ts';
import type { KnownCommand, ShellEnvironment } from './command.ts';
import { type ExpansionState, fieldsOf, matches, patternOf, textOf } from './expansion.ts';
import { parseShell } from './parser.ts';
import { findInPath, programCalled } from './programs.ts';
import { Streams } from './streams.ts';
import type { AndOr, Command, Pipeline, Redirect, Script, SimpleCommand } from './syntax.ts';
import { undecided } from './undecided.ts';
import { Variables } from './variables.ts';

/** Nesting of functions and commands. */
const MAX_CALLS = 60;

/**
 * Runs a script on the draft of the environment (README.md defines the subset of the language).
 * @param text the script's bytes, as model/path-bytes.ts decodes them
 * @returns the script's exit status
 * @throws Undecided when its effect does not follow from its text and the root
 */
export function runShell(text: string, args: readonly string[], environment: ShellEnvironment): number {
  const shell = new Shell(environment, args, new Budget());
  const script = parseShell(text, environment.dialect);
  try {
    return shell.list(script);
  } catch (error) {
    if (error instanceof Exit) return error.status;
    throw error;
  }
}

class Shell implements ShellActions {
  readonly #environment: ShellEnvironment;
  readonly #functions = new Map<string, Command>();
  readonly #variables: Variables;
  readonly #streams: Streams;
  /** Budget, which substitutions share */
  readonly #budget: Budget;
  readonly #state: ExpansionState & { readonly variables: Variables };
  #calls = 0;

  constructor(
    environment: ShellEnvironment,
    args: readonly string[],
    budget: Budget,
    { variables = new Variables(), streams = new Streams() } = {},
  ) {
    this.#environment = environment;
    this.#budget = budget;
    this.#variables = variables;
    this.#streams = streams;
    this.#state = {
      dialect: environment.dialect,
      variables,
      positional: args,
      status: 0,
      spend: (cost) => this.#budget.spend(cost),
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
    this.#budget.spend(COMMAND_COST);
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
        return this.#redirected(command.redirects, () => this.#for(command));
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

  #for({ name, words, body }: Extract<Command, { kind: 'for' }>): number {
    const values =
      words === undefined ? this.#state.positional : words.flatMap((word) => fieldsOf(word, this.#state));
    let status = 0;
    for (const value of values) {
      this.#variables.assign(name, value);
      status = this.#body(body);
    }
    return status;
  }

  /** Runs a body. Returns status 0 if it is empty. */
  #body(script: Script): number {
    this.#state.status = script.length === 0 ? 0 : this.#state.status;
    return this.list(script);
  }

  #simple({ assignments, words, redirects }: SimpleCommand): number {
    const [first] = words;
    if (first === undefined) {
      this.#state.status = 0;
      if (redirects.length > 0) undecided('a redirect without a command');
      for (const { name, value } of assignments) this.#variables.assign(name, textOf(value, this.#state));
      return this.#state.status;
    }
    if (assignments.length > 0) undecided('a variable for one command');
    const [name, ...args] = words.flatMap((word) => fieldsOf(word, this.#state));
    if (name === undefined) return undecided('an empty command');
    return this.#redirected(redirects, () => this.#call(name, args), !this.#functions.has(name));
  }

  #call(name: string, args: readonly string[]): number {
    const stateBuiltin = STATE_BUILTINS.get(name);
    if (stateBuiltin !== undefined) return stateBuiltin(args, this.#state, this);
    if (UNFOLLOWED_BUILTINS.has(name)) undecided(name);
    const body = this.#functions.get(name);
    if (body !== undefined) return this.#callFunction(body, args);
    const builtin = this.#environment.builtins.get(name);
    if (builtin !== undefined) return this.#run(builtin, args);
    return this.runProgram(name, args);
  }

  #callFunction(body: Command, args: readonly string[]): number {
    const { positional } = this.#state;
    const calls = this.#calls;
    this.#state.positional = args;
    this.#variables.enterFunction();
    try {
      return this.#command(body);
    } catch (error) {
      if (!(error instanceof Return)) throw error;
      return error.status;
    } finally {
      this.#state.positional = positional;
      this.#calls = calls;
      this.#variables.leaveFunction();
    }
  }

  runProgram(name: string, args: readonly string[]): number {
    const program = programCalled(name, this.#environment);
    return typeof program === 'number' ? program : this.#run(program, args);
  }

  find(name: string): string | undefined {
    return findInPath(name, this.#environment);
  }

  print(text: string): void {
    this.#streams.output.write(text);
  }

  #run(command: KnownCommand, args: readonly string[]): number {
    const { root } = this.#environment;
    const { input, output, outputFile } = this.#streams;
    for (const arg of args) this.#budget.spend(arg.length * COMMAND_COST);
    const result = command({ args, root, input, outputFile, find: (name) => this.find(name) });
    if ('output' in result) output.write(result.output);
    return result.status;
  }

  /** Runs with redirected streams. `mayWriteFile` is as in Streams.redirect. */
  #redirected(redirects: readonly Redirect[], run: () => number, mayWriteFile = false): number {
    const { root } = this.#environment;
    return this.#streams.scoped(() => {
      for (const redirect of redirects)
        this.#streams.redirect(redirect, textOf(redirect.target, this.#state), { root, mayWriteFile });
      return run();
    });
  }

  /** Runs a script like a separate process, whose variables do not affect this shell. @returns its output */
  #substitute(script: Script): string {
    let text = '';
    const output = {
      discards: false,
      write(more: string | undefined) {
        text += more ?? undecided('an output of unknown text is read');
      },
    };
    const inner = new Shell(this.#environment, this.#state.positional, this.#budget, {
      variables: this.#variables.copy(),
      streams: new Streams(output, this.#streams.input),
    });
    for (const [name, body] of this.#functions) inner.#functions.set(name, body);
    inner.#calls = this.#calls + 1;
    inner.#state.status = this.#state.status;
    try {
      this.#state.status = inner.list(script);
    } catch (error) {
      if (!(error instanceof Exit)) throw error;
      this.#state.status = error.status;
    }
    this.#budget.spend(text.length);
    return text.replace(/\n+$/, '');
  }

  isDefined(name: string): boolean {
    return this.#functions.has(name) || this.#isBuiltin(name);
  }

  #isBuiltin(name: string): boolean {
    return STATE_BUILTINS.has(name) || UNFOLLOWED_BUILTINS.has(name) || this.#environment.builtins.has(name);
  }
}
