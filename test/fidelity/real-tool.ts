import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { SourceOptions } from '../../src/model/request.ts';

/** The package families whose real tool is at hand to compare with. */
export type RealDistro = 'alpine' | 'arch';

/** Run in a bare root, in one with /proc mounted as pacstrap has it, or not at all. */
export type Scripts = 'none' | 'bare' | 'mounted';

/** A distribution's own package manager, its packages, and a folder where it may install into any number of roots. */
export interface RealTool {
  /** Where compose finds the packages that the tool sees. */
  readonly source: Partial<SourceOptions>;
  /**
   * Installs into an empty root, with or without scripts, triggers and hooks.
   * @returns 0; 1 when scripts failed and the rest is installed
   */
  install(
    packages: readonly string[],
    options: { readonly scripts: Scripts; readonly root: string },
  ): Promise<0 | 1>;
}

export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Tools are given the bare system's paths, English, and nothing else of the caller's environment. */
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
/** The largest set takes pacman a minute on a busy machine. */
const TIMEOUT_MS = 5 * 60_000;

/** Ends with all that it started when it takes too long. @throws Error when it cannot start, or is killed */
export function run(program: string, words: readonly string[], cwd = '/'): Promise<Ended> {
  const child = spawn(program, words, {
    cwd,
    env: ENVIRONMENT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = [child.stdout, child.stderr].map((stream) => text(stream));
  const timer = setTimeout(() => process.kill(-(child.pid as number), 'SIGKILL'), TIMEOUT_MS);
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', async (status, signal) => {
      clearTimeout(timer);
      const [stdout = '', stderr = ''] = await Promise.all(texts);
      if (status !== null) done({ status, stdout, stderr });
      else failed(new Error(`${program} ${words.join(' ')}: ended by ${signal}\n${stdout}${stderr}`));
    });
  });
}

/** @throws Error with what it printed unless it exits with 0 */
export async function runOk(program: string, words: readonly string[], cwd?: string): Promise<string> {
  const { status, stdout, stderr } = await run(program, words, cwd);
  if (status === 0) return stdout;
  throw new Error(`${program} ${words.join(' ')}: exit code ${status}\n${stdout}${stderr}`);
}

/** An engine's /dev has it while scripts run; in a bare root what they write to it would become a file. */
export async function withDevNull<T>(root: string, work: () => Promise<T>): Promise<T> {
  const path = join(root, 'dev/null');
  if (existsSync(path)) return work();
  mkdirSync(join(root, 'dev'), { recursive: true });
  await runOk('mknod', ['-m', '666', path, 'c', '1', '3']);
  try {
    return await work();
  } finally {
    rmSync(path);
  }
}
