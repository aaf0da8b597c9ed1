import { execFile } from 'node:child_process';
import type { SourceOptions } from '../../src/model/request.ts';

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
    options: { readonly scripts: boolean; readonly root: string },
  ): Promise<0 | 1>;
}

export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Tools are given the bare system's paths, English, and nothing else of the caller's environment. */
export const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
/** The largest set takes pacman a minute on a busy machine. */
const TIMEOUT_MS = 10 * 60_000;

export function run(
  program: string,
  words: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  const settings = { timeout: TIMEOUT_MS, maxBuffer: 1 << 28, ...options };
  return new Promise((done, failed) => {
    execFile(program, words, { ...settings, env: options.env ?? ENVIRONMENT }, (error, stdout, stderr) => {
      if (error === null) done({ status: 0, stdout, stderr });
      else if (typeof error.code === 'number') done({ status: error.code, stdout, stderr });
      else failed(error);
    });
  });
}

/** @throws Error with what it printed unless it exits with 0 */
export async function runOk(...args: Parameters<typeof run>): Promise<Ended> {
  const ended = await run(...args);
  if (ended.status === 0) return ended;
  throw new Error(
    `${args[0]} ${args[1].join(' ')}: exit code ${ended.status}\n${ended.stdout}${ended.stderr}`,
  );
}
