import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { makeFolder } from '../files/make-folder.ts';
import { EXIT_BUG, EXIT_OK } from './exit-codes.ts';

const HELD_UP_MS = 200;

/** Puts V8's code cache into the user's own cache folder, since the system's temporary one is shared with other users. */
function enableCodeCache(env: NodeJS.ProcessEnv): void {
  const home = env.XDG_CACHE_HOME || (env.HOME ? join(env.HOME, '.cache') : '');
  const base = env.PKGCOMPOSE_CACHE || (home === '' ? '' : join(home, 'pkgcompose'));
  if (base === '') return;
  const folder = join(base, 'node-code');
  try {
    makeFolder(folder);
  } catch {
    // Starts without it: the code that needs the cache folder reports the error.
    return;
  }
  enableCompileCache(folder);
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** The first signal cancels the work, which cleans up after itself; a second one ends the process at once. */
function cancelOnSignals(controller: AbortController): void {
  const stop = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) endBy(signal);
    else controller.abort(signal);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
}

/** Ends the process by the signal itself: process.exit would wait for threads, and one of them may be what hangs. */
function endBy(signal: NodeJS.Signals): void {
  // ECMA-48 private mode 25: progress bars hide the cursor.
  if (process.stderr.isTTY) process.stderr.write('\u001b[?25h');
  process.emit('exit', 0);
  letSignalsEnd();
  process.kill(process.pid, signal);
}

function letSignalsEnd(): void {
  for (const signal of SIGNALS) process.removeAllListeners(signal);
}

/**
 * Watches a stream for errors, but ignores a reader that closes it early (`compose cache ls | head`). Returns a function that
 * returns the error, if any.
 */
function watchOutput(stream: NodeJS.WriteStream): () => unknown {
  let failure: unknown;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') failure ??= error;
    else if (stream === process.stdout) process.exit(EXIT_OK);
  });
  return () => failure;
}

/** Reports what nothing caught, in a callback or an event, as a bug. */
function reportBugs(signal: AbortSignal): void {
  process.on('uncaughtException', async (error) => {
    const { errorText } = await import('./render/error.ts');
    process.stderr.write(errorText(error, { verbose: true, signal }), () => process.exit(EXIT_BUG));
  });
}

/** Resolves when everything is written, or known to be lost. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => setImmediate(resolve)));
}

async function ask(question: string, hidden: boolean, signal: AbortSignal): Promise<string> {
  const { isatty } = await import('node:tty');
  // Not process.stdin.isTTY, which would open it.
  if (!isatty(0)) return (await import('./run.ts')).noTerminal(question);
  const { askTerminal } = await import('./prompt.ts');
  return askTerminal(question, hidden, signal);
}

/** Runs the command line of this process and ends it with the command's exit code. Signals cancel the work. */
export async function main(): Promise<void> {
  enableCodeCache(process.env);
  const { lostOutput, run } = await import('./run.ts');
  const controller = new AbortController();
  cancelOnSignals(controller);
  reportBugs(controller.signal);
  const lost = watchOutput(process.stdout);
  watchOutput(process.stderr);
  const { stdout, stderr, env } = process;
  let exitCode = await run(process.argv.slice(2), {
    stdout,
    stderr,
    stdin: () => process.stdin,
    ask,
    env,
    signal: controller.signal,
  });
  await flushed(stdout);
  if (lost() !== undefined && exitCode === EXIT_OK) {
    const { errorExitCode, errorText } = await import('./render/error.ts');
    const error = lostOutput(lost());
    stderr.write(errorText(error, { verbose: false, signal: controller.signal }));
    exitCode = errorExitCode(error, controller.signal);
  }
  await flushed(stderr);
  leave(exitCode);
}

/**
 * Lets the process end by itself: process.exit waits for V8's threads without serving them, and one that waits for a collection by
 * this thread would wait forever. Whatever still holds the event loop then, such as an unread standard input, is cut off.
 */
function leave(exitCode: number): void {
  process.exitCode = exitCode;
  letSignalsEnd();
  setTimeout(() => process.exit(), HELD_UP_MS).unref();
}
