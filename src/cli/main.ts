import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { isatty } from 'node:tty';
import { setFlagsFromString } from 'node:v8';
import { EXIT_BUG, EXIT_OK, EXIT_SIGINT, EXIT_SIGTERM } from './exit-codes.ts';

type StopSignal = 'SIGINT' | 'SIGTERM';

/** V8's code cache in the user's own cache folder: the system's temporary one is shared with other users. */
function enableCodeCache(env: NodeJS.ProcessEnv): void {
  const home = env.XDG_CACHE_HOME || (env.HOME ? join(env.HOME, '.cache') : '');
  const base = env.PKGCOMPOSE_CACHE || (home === '' ? '' : join(home, 'pkgcompose'));
  if (base !== '') enableCompileCache(join(base, 'node-code'));
}

/**
 * V8 lets short-lived objects take 64 MiB and more before it looks which of them are left, and the others double: here
 * that only makes the process large (by 100 MB and more where a thousand plans are asked for) and nothing faster.
 */
function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=60');
}

/** The first signal cancels the work, which cleans up after itself; a second one ends the process at once. */
function cancelOnSignals(controller: AbortController): void {
  const stop = (signal: StopSignal) => {
    if (controller.signal.aborted) {
      // ECMA-48 private mode 25: progress bars hide the cursor.
      if (process.stderr.isTTY) process.stderr.write('\u001b[?25h');
      process.exit(signal === 'SIGTERM' ? EXIT_SIGTERM : EXIT_SIGINT);
    }
    controller.abort(signal);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

/** A reader that has seen enough (`compose cache ls | head`) is no error. Returns what else went wrong, when it does. */
function watchOutput(stream: NodeJS.WriteStream): () => unknown {
  let failure: unknown;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') failure ??= error;
    else if (stream === process.stdout) process.exit(EXIT_OK);
  });
  return () => failure;
}

/** What nothing caught, in a callback or an event, is a bug like any other. */
function reportBugs(signal: AbortSignal): void {
  process.on('uncaughtException', async (error) => {
    const { errorText } = await import('./render-error.ts');
    process.stderr.write(errorText(error, { verbose: true, signal }), () => process.exit(EXIT_BUG));
  });
}

/** Ends when all is written, or is known to be lost. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => setImmediate(resolve)));
}

async function ask(question: string, hidden: boolean, signal: AbortSignal): Promise<string> {
  const { askTerminal } = await import('./prompt.ts');
  return askTerminal(question, hidden, signal);
}

export async function main(): Promise<void> {
  keepHeapSmall();
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
    // Without a look at process.stdin, which would open it.
    ...(isatty(0) ? { ask } : {}),
    env,
    signal: controller.signal,
  });
  await flushed(stdout);
  if (lost() !== undefined && exitCode === EXIT_OK) {
    const { errorExitCode, errorText } = await import('./render-error.ts');
    const error = lostOutput(lost());
    stderr.write(errorText(error, { verbose: false, signal: controller.signal }));
    exitCode = errorExitCode(error, controller.signal);
  }
  await flushed(stderr);
  // Idle keep-alive connections would hold the process for seconds.
  process.exit(exitCode);
}
