import { AppError } from '../model/app-error.ts';
import { type App, type AppOptions, createApp } from './app-port.ts';
import type { Command, Result } from './command.ts';
import { COMMAND_NAMES, loadCommand } from './commands.ts';
import { GET_COMPLETIONS } from './completion-scripts.ts';
import { checkOptions, parseWords, type Words } from './parse.ts';
import { exitCodeOf, jsonText, type PrintOptions, resultText } from './print.ts';
import { createProgress } from './progress.ts';

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface RunOptions {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** In place of the real use cases */
  readonly app?: (options: AppOptions) => App;
}

/** The command and its own arguments: the first word, unless it stands behind `--`. */
function commandOf(words: Words): { readonly name: string; readonly args: readonly string[] } {
  const [first = ''] = words.positionals;
  if (words.beforeTerminator === 0 || !COMMAND_NAMES.includes(first))
    return { name: '', args: words.positionals };
  return { name: first, args: words.positionals.slice(1) };
}

async function information(words: Words, name: string, options: RunOptions): Promise<Result | undefined> {
  if (words.options.has('version')) {
    const { version } = await import('./version.ts');
    return {
      kind: 'text',
      data: { version: version(), node: process.versions.node },
      text: `${version()}\n`,
    };
  }
  if (!words.options.has('help') && words.positionals.length > 0) return undefined;
  if (!words.options.has('help') && words.options.size > 0) return undefined;
  const { helpText } = await import('./help.ts');
  const text = await helpText(name, options.stdout.columns);
  if (!words.options.has('help')) {
    throw new AppError('USAGE', 'no packages and no command: expected at least one, got none', {
      hint: 'compose --help shows how it is used; for example: compose gcc --distro alpine',
      details: { expected: 'a package or a command', got: [] },
    });
  }
  return { kind: 'text', data: { help: text }, text };
}

async function execute(
  words: Words,
  command: Command,
  options: RunOptions & { print: PrintOptions; args: readonly string[] },
): Promise<Result> {
  const { stderr, env, print, args } = options;
  checkOptions(words, { name: command.name, options: command.options });
  const signal = options.signal ?? new AbortController().signal;
  const drawing = !print.quiet && !words.options.has('no-progress');
  const progress = createProgress({ stderr, quiet: print.quiet, drawing });
  try {
    const cacheDirectory = words.options.get('cache')?.at(-1) ?? '';
    const app = (options.app ?? createApp)({ env, progress, signal, cacheDirectory });
    const result = await command.run({ words, args, env, app });
    if (signal.aborted) throw new AppError('CANCELLED', 'interrupted');
    return result;
  } finally {
    progress.close();
  }
}

async function complete(words: readonly string[], options: RunOptions): Promise<number> {
  const { completeWords } = await import('./complete.ts');
  const { silentProgress } = await import('../model/progress.ts');
  const { env, signal = new AbortController().signal } = options;
  const app = (options.app ?? createApp)({ env, progress: silentProgress, signal, cacheDirectory: '' });
  // Completion is silent about a catalog that cannot be read: a shell has no place for errors.
  const names = (distro: string, prefix: string) =>
    app.packageNames({ distro: distro === 'arch' ? 'arch' : 'alpine', prefix }).catch(() => []);
  for (const word of await completeWords(words, names)) options.stdout.write(`${word}\n`);
  return 0;
}

/** Runs one command line and returns the exit code; never throws. Standard output gets the result, nothing else. */
export async function run(argv: readonly string[], options: RunOptions): Promise<number> {
  if (argv[0] === GET_COMPLETIONS) return complete(argv.slice(argv[1] === '--' ? 2 : 1), options);
  const { stdout, stderr } = options;
  const print = {
    // Before the line is parsed: an error in it must be reported in the form that was asked for.
    json: switchGiven(argv, ['--json']),
    quiet: switchGiven(argv, ['--quiet', '-q']),
    verbose: switchGiven(argv, ['--verbose']),
  };
  try {
    const words = parseWords(argv);
    const { name, args } = commandOf(words);
    const quiet = words.options.has('quiet');
    const chosen = { ...print, quiet };
    const result =
      (await information(words, name, options)) ??
      (await execute(words, await loadCommand(name), { ...options, print: chosen, args }));
    stdout.write(await resultText(result, chosen));
    return exitCodeOf(result);
  } catch (error) {
    const { errorExitCode, errorJson, errorText } = await import('./render-error.ts');
    const signal = options.signal ?? new AbortController().signal;
    if (print.json) stdout.write(jsonText(errorJson(error, signal)));
    else stderr.write(errorText(error, { verbose: print.verbose, signal }));
    return errorExitCode(error, signal);
  }
}

function switchGiven(argv: readonly string[], names: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).some((word) => names.includes(word));
}
