import { EventEmitter, once } from 'node:events';
import type { ContextOptions } from '../app/context.ts';
import { systemError } from '../files/system-error.ts';
import { AppError } from '../model/app-error.ts';
import { type App, createApp } from '../use-cases.ts';
import { paintMessages, paintTitles, wantsColour } from './colour.ts';
import type { CommandTable, Result, StreamResult } from './command.ts';
import type { CommandLine } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { GET_COMPLETIONS } from './completion-scripts.ts';
import { exitCodeOf, jsonText, type PrintOptions, resultText } from './print.ts';
import { createProgress } from './progress.ts';

/** Standard output or standard error. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Surroundings of a command: those of the process, or those of a test. */
export interface RunOptions {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Opens standard input, when it is called; default: empty */
  readonly stdin?: () => AsyncIterable<Uint8Array>;
  /** Prompts as Invocation.ask does; absent if there is no terminal */
  readonly ask?: (question: string, hidden: boolean, signal: AbortSignal) => Promise<string>;
  /** Default: the product's own commands */
  readonly commands?: CommandTable;
  /** Default: the real use cases */
  readonly app?: (options: ContextOptions) => App;
}

async function execute(
  line: CommandLine,
  options: RunOptions & { print: PrintOptions; commands: CommandTable },
): Promise<Result> {
  const { stderr, env, print, commands } = options;
  const signal = options.signal ?? new AbortController().signal;
  const { runnable, values, settings, args } = line;
  const drawing = !print.quiet && !values['no-progress'];
  const progress = createProgress({ stderr, quiet: print.quiet, drawing });
  const log = values.verbose ? await import('./request-log.ts') : undefined;
  const stopShowing = log?.showRequests((text) => progress.message('http', text));
  try {
    const cacheDirectory = values.cache || undefined;
    const context = { env, progress, signal, cacheDirectory };
    const app = (options.app ?? createApp)(context);
    const ask = (question: string, hidden: boolean) => (options.ask ?? noTerminal)(question, hidden, signal);
    const { columns } = options.stdout;
    const input = options.stdin ?? noInput;
    if (line.name === '') await refuseMistyped(line, commands, app);
    const result = await runnable.run({
      options: values,
      settings,
      args,
      env,
      app,
      context,
      commands,
      columns,
      input,
      ask,
    });
    if (signal.aborted && runnable.endsWhenAborted !== true) throw new AppError('CANCELLED', 'interrupted');
    return result;
  } finally {
    stopShowing?.();
    progress.close();
  }
}

/** Refuses `compose biuld x` before anything is fetched for a package `biuld`. @throws AppError USAGE */
async function refuseMistyped(line: CommandLine, commands: CommandTable, app: App): Promise<void> {
  const [first] = line.args;
  if (first === undefined || line.terminated) return;
  const [{ refuseMistypedCommand }, { families }] = await Promise.all([
    import('./args/mistyped.ts'),
    import('../distros/families.ts'),
  ]);
  const { distro = families()[0].id } = line.settings;
  await refuseMistypedCommand(first, commands, async (prefix) =>
    (await app.packageNames({ distro, prefix }).catch((): readonly string[] => [])).includes(prefix),
  );
}

async function complete(
  words: readonly string[],
  options: RunOptions & { commands: CommandTable },
): Promise<number> {
  const { completeWords } = await import('./complete.ts');
  const { silentProgress } = await import('../model/progress.ts');
  const { env, signal = new AbortController().signal } = options;
  const app = (options.app ?? createApp)({ env, progress: silentProgress, signal });
  // An unreadable catalog is ignored: a shell has no place to show errors.
  const names = (distro: string, prefix: string) => app.packageNames({ distro, prefix }).catch(() => []);
  for (const { word, describe } of await completeWords(words, options.commands, names)) {
    options.stdout.write(describe === '' ? `${word}\n` : `${word}\t${describe}\n`);
  }
  return 0;
}

/** Runs the command that the line names, or renders help or the version. @throws AppError; any other error is a bug */
async function resultOf(
  argv: readonly string[],
  options: RunOptions & { print: PrintOptions; commands: CommandTable },
): Promise<Result> {
  if (switchGiven(argv, 'version', 'V')) return (await import('./version.ts')).versionResult();
  if (argv.length === 0) {
    throw new AppError('USAGE', 'nothing to do: name a package or a command', {
      hint: 'For example: compose gcc --distro alpine. All commands: compose help',
      details: { expected: 'a package or a command', got: [] },
    });
  }
  const { readCommandLine } = await import('./command-line.ts');
  const line = await readCommandLine(argv, options.commands);
  if (!('help' in line)) return execute(line, options);
  const { helpText } = await import('./help.ts');
  const text = await helpText(options.commands, line.help, options.stdout.columns);
  return { kind: 'text', data: { help: text }, text };
}

/** Runs one command line and returns the exit code; never throws. Standard output gets the result, nothing else. */
export async function run(argv: readonly string[], options: RunOptions): Promise<number> {
  const completing = argv.findIndex((word) => word.startsWith(GET_COMPLETIONS));
  const commands = options.commands ?? COMMANDS;
  if (completing >= 0) return complete(argv.slice(completing + 2), { ...options, commands });
  const stdout = outputGiven(argv) ? options.stderr : options.stdout;
  const print = {
    // Read before the line is parsed, since an error in it must be reported in the form that was asked for.
    json: switchGiven(argv, 'json'),
    quiet: switchGiven(argv, 'quiet', 'q'),
    verbose: switchGiven(argv, 'verbose'),
  };
  const stderr = wantsColour(options.stderr, options.env) ? painted(options.stderr) : options.stderr;
  try {
    const result = await resultOf(argv, { ...options, stderr, print, commands });
    if (result.kind === 'stream') return await pour(result, options);
    const text = await resultText(result, print);
    stdout.write(!print.json && wantsColour(stdout, options.env) ? paintTitles(text) : text);
    return exitCodeOf(result);
  } catch (caught) {
    const { errorExitCode, errorJson, errorText } = await import('./render/error.ts');
    const error = systemError(caught);
    const signal = options.signal ?? new AbortController().signal;
    if (print.json) stdout.write(jsonText(errorJson(error, signal)));
    else stderr.write(errorText(error, { verbose: print.verbose, signal }));
    return errorExitCode(error, signal);
  }
}

/** Returns the same stream with coloured messages; progress bars draw on it as well. */
function painted(stream: Output): Output {
  return new Proxy(stream, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name === 'write')
        return (text: unknown) =>
          target.write(typeof text === 'string' ? paintMessages(text) : (text as string));
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

async function* noInput(): AsyncGenerator<Uint8Array> {}

/** Prompts nobody. @throws AppError USAGE */
export async function noTerminal(question: string): Promise<string> {
  throw new AppError('USAGE', `${question}: cannot prompt: standard input is not a terminal`, {
    hint: 'Give it as an option, or pipe it in: compose login REG -u USER --password-stdin',
  });
}

/** Makes the error for standard output that could not be written. */
export function lostOutput(error: unknown): AppError {
  return new AppError('STORAGE', `standard output cannot be written: ${(error as Error).message}`, {
    cause: error,
    hint: 'The output is incomplete. Write it to a place with enough room.',
  });
}

/** Writes a stream, holding one chunk at a time, however slow the reader is. @throws AppError CANCELLED */
async function pour(result: StreamResult, options: RunOptions): Promise<number> {
  const { stdout, signal = new AbortController().signal } = options;
  const chunks = result.chunks[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { value, done } = await unlessAborted(chunks.next(), signal);
      if (done === true) return result.exitCode();
      const full = stdout.write(value) === false;
      if (full && stdout instanceof EventEmitter) await unlessAborted(once(stdout, 'drain'), signal);
    }
  } catch (error) {
    throw (error as NodeJS.ErrnoException).syscall === 'write' ? lostOutput(error) : error;
  } finally {
    // Not awaited, since it may be waiting for a line that never comes.
    void chunks.return?.();
  }
}

/** Works as Promise.race, but leaves no listener on a signal that outlives the promise. */
function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new AppError('CANCELLED', 'interrupted'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** Tells whether standard output takes a file (`-o -`, `cp FROM -`), so that the report goes to standard error. */
function outputGiven(argv: readonly string[]): boolean {
  if (argv.includes('cp') && argv.includes('-')) return true;
  const end = argv.indexOf('--');
  const words = argv.slice(0, end < 0 ? argv.length : end);
  return words.some(
    (word, index) =>
      word === '--output=-' ||
      /^-[A-Za-z]*o=?-$/.test(word) ||
      (words[index + 1] === '-' && (word === '--output' || /^-[A-Za-z]*o$/.test(word))),
  );
}

/** Tells whether a switch is given, without parsing: a word that begins with a dash is never an option's value. */
function switchGiven(argv: readonly string[], name: string, letter?: string): boolean {
  const end = argv.indexOf('--');
  return argv
    .slice(0, end < 0 ? argv.length : end)
    .some(
      (word) =>
        word === `--${name}` || (letter !== undefined && /^-[A-Za-z]+$/.test(word) && word.includes(letter)),
    );
}
