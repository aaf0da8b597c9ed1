import { spawn } from 'node:child_process';

/** A command of the demo that ended with another exit code than 0. */
export class CommandError extends Error {}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Sent to its standard input */
  readonly input?: string;
  /** Shown instead of the program's path */
  readonly shownAs?: string;
  /** True: its standard output is not shown */
  readonly quiet?: boolean;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

export function heading(text: string): void {
  console.log(`\n== ${text}`);
}

/** Prints `$ command`, then runs it with this terminal as its own. @throws CommandError */
export async function show(
  program: string,
  words: readonly string[],
  options: CommandOptions = {},
): Promise<void> {
  const line = [options.shownAs ?? program, ...words].map(quoted).join(' ');
  console.log(`$ ${line}`);
  const child = spawn(program, words, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: [
      options.input === undefined ? 'ignore' : 'pipe',
      options.quiet === true ? 'ignore' : 'inherit',
      'inherit',
    ],
  });
  child.stdin?.on('error', () => {}).end(options.input);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (...ended) => resolve(ended));
  });
  if (code !== 0) throw new CommandError(`${line}: ${signal ?? `exit code ${code}`}`);
}

/** Standard output of a quick command; undefined when it fails or is not there. */
export async function ask(program: string, words: readonly string[]): Promise<string | undefined> {
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'ignore'], timeout: 20_000 });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(null));
    child.on('close', resolve);
  });
  return code === 0 ? Buffer.concat(chunks).toString() : undefined;
}
