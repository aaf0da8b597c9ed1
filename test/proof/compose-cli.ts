import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ComposeReport } from '../../src/model/request.ts';
import { sharedData } from '../fixtures/shared.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');
/** A command that hangs ends the test, not the suite. */
const TIMEOUT_MS = 240_000;

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Cli {
  readonly cache: string;
  /** Whatever comes of it. */
  run(words: readonly string[], env?: NodeJS.ProcessEnv): CliResult;
  /** Its standard output; anything but exit code 0 fails the test with what it printed. */
  ok(words: readonly string[], env?: NodeJS.ProcessEnv): string;
  /** The report of a command that composes exactly what the real tools would install: without a base. */
  compose(words: readonly string[], env?: NodeJS.ProcessEnv): ComposeReport;
}

/** The command as a user of an empty home and cache below `folder` runs it; shell words before it: `umask 077`. */
export function composeCli(folder: string, shell = ''): Cli {
  const home = join(folder, 'home');
  const cache = join(folder, 'cache');
  mkdirSync(home, { recursive: true });
  const run: Cli['run'] = (words, env = {}) => {
    const command = [process.execPath, MAIN, ...words];
    const { status, stdout, stderr, error } = spawnSync(
      '/bin/sh',
      ['-c', `${shell === '' ? '' : `${shell}; `}exec "$@"`, 'sh', ...command],
      {
        cwd: home,
        env: { PATH: process.env.PATH, HOME: home, PKGCOMPOSE_CACHE: cache, ...env },
        encoding: 'utf8',
        timeout: TIMEOUT_MS,
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    assert.equal(error, undefined);
    return { status, stdout, stderr };
  };
  const ok: Cli['ok'] = (words, env) => {
    const { status, stdout, stderr } = run(words, env);
    assert.equal(status, 0, `compose ${words.join(' ')}\n${stderr}\n${stdout}`);
    return stdout;
  };
  return {
    cache,
    run,
    ok,
    compose: (words, env) => JSON.parse(ok([...words, '--base', 'none', '--json'], env)),
  };
}

export interface RealPackages {
  /** What every command needs to find them. */
  readonly source: readonly string[];
  readonly packages: readonly string[];
  /** Where the archives lie. */
  readonly folders: readonly string[];
}

/** The Alpine 3.19 set; the second folder's index is not signed. Undefined without the data. */
export function realAlpine(): RealPackages | undefined {
  const iso = sharedData('data/alpine/v3.19-iso/x86_64');
  const pool = sharedData('data/alpine/v3.19-pool/x86_64');
  const keys = sharedData('data/alpine/keys');
  if (iso === undefined || pool === undefined || keys === undefined) return undefined;
  const folders = [iso, pool];
  return {
    folders,
    packages: ['alpine-base', 'git', 'make', 'binutils', 'musl-dev', 'jq'],
    source: [
      ...['--distro', 'alpine', '--release', 'v3.19', '--arch', 'x86_64', '--allow-untrusted'],
      ...['--keyring', keys],
      ...folders.flatMap((folder) => ['--repo', folder]),
    ],
  };
}

/** The Arch 2017.12 set: 58 original .xz archives and four .zst. */
export function realArch(): RealPackages | undefined {
  const folder = sharedData('data/arch/2017.12/x86_64');
  if (folder === undefined) return undefined;
  return {
    folders: [folder],
    packages: ['bash', 'coreutils', 'pacman'],
    source: ['--distro', 'arch', '--arch', 'x86_64', '--allow-untrusted', '--repo', folder],
  };
}

export const NO_ALPINE = 'skipped: data/alpine of the shared data is not here';
export const NO_ARCH = 'skipped: data/arch/2017.12 of the shared data is not here';
