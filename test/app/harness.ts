import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { compose } from '../../src/app/compose/compose.ts';
import { type Context, withContext } from '../../src/app/context.ts';
import { indexRepositories } from '../../src/app/repositories/index-repositories.ts';
import { AppError, type ErrorCode } from '../../src/model/app-error.ts';
import { silentProgress } from '../../src/model/progress.ts';
import type { ComposeReport, ComposeRequest, IndexReport, SourceOptions } from '../../src/model/request.ts';
import { type ApkSpec, makeFixtureKey } from '../fixtures/apk.ts';

/** What the fixtures' mirrors are signed with unless a test says otherwise. */
export const KEY = makeFixtureKey('test-1.rsa.pub');

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment of a user with nothing set up but a place for compiled code. */
export function environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: join(tmpdir(), 'pkgcompose-test-home'),
    NODE_COMPILE_CACHE: join(tmpdir(), 'pkgcompose-test-code'),
    ...more,
  };
}

/** Starts `compose …` as a process of its own, in `cwd`. */
export function start(
  words: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
) {
  const child = spawn(process.execPath, [MAIN, ...words], {
    cwd: options.cwd ?? tmpdir(),
    env: environment(options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (bytes) => {
    stdout += bytes;
  });
  child.stderr.on('data', (bytes) => {
    stderr += bytes;
  });
  const ended = new Promise<Ended>((done, failed) => {
    child.on('error', failed);
    child.on('close', (code) => done({ code, stdout, stderr }));
  });
  return { child, ended };
}

export function cli(
  words: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Ended> {
  return start(words, options).ended;
}

/** The one JSON document on standard output. */
export function json<T>(ended: Ended): T {
  return JSON.parse(ended.stdout) as T;
}

export interface Use {
  readonly cache: string;
  readonly notes?: string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs use cases in this process, over a cache folder. */
export function use<T>({ cache, notes, env }: Use, work: (context: Context) => Promise<T>): Promise<T> {
  const progress = { ...silentProgress, note: (line: string) => void notes?.push(line) };
  const signal = new AbortController().signal;
  return withContext({ env: env ?? environment(), progress, signal, cacheDirectory: cache }, work);
}

export function source(more: Partial<SourceOptions> = {}): SourceOptions {
  return {
    distro: 'alpine',
    release: '',
    architecture: 'x86_64',
    mirrors: [],
    repositories: [],
    keyring: '',
    allowUntrusted: false,
    sigLevel: '',
    ...more,
  };
}

export function index(cache: string, more: Partial<SourceOptions>): Promise<readonly IndexReport[]> {
  return use({ cache }, (context) => indexRepositories(context, source(more)));
}

export function request(
  packages: readonly string[],
  from: Partial<SourceOptions>,
  more: Partial<ComposeRequest> = {},
): ComposeRequest {
  return {
    source: source(from),
    packages,
    base: 'none',
    tags: [],
    layers: 'package',
    maxLayers: 100,
    layerEncoding: 'keep',
    install: 'static',
    scripts: true,
    database: true,
    prefix: '',
    config: {
      env: [],
      entrypoint: undefined,
      cmd: undefined,
      user: '',
      workdir: '',
      labels: {},
      expose: [],
      annotations: {},
    },
    output: { path: undefined, format: 'tar', load: undefined },
    sourceDateEpoch: undefined,
    dryRun: false,
    ...more,
  };
}

export function composed(
  cache: string,
  packages: readonly string[],
  from: Partial<SourceOptions>,
): Promise<ComposeReport> {
  return use({ cache }, (context) => compose(context, request(packages, from)));
}

/** The AppError of that code with which `promise` ends, its message and hint matching. */
export async function refused(
  promise: Promise<unknown>,
  code: ErrorCode,
  ...patterns: readonly (RegExp | string)[]
): Promise<AppError> {
  const error = await promise.then(
    (value) => assert.fail(`expected ${code}, got ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw error;
  assert.equal(error.code, code, error.message);
  const text = `${error.message}\nhint: ${error.hint ?? ''}`;
  for (const pattern of patterns) {
    if (typeof pattern === 'string')
      assert.ok(text.includes(pattern), `${JSON.stringify(pattern)} in ${text}`);
    else assert.match(text, pattern);
  }
  return error;
}

/** Names in the cache's folders */
export function contents(cache: string): { blobs: string[]; ingest: string[]; partial: string[] } {
  const list = (...parts: string[]) => {
    const path = join(cache, ...parts);
    return existsSync(path) ? readdirSync(path).sort() : [];
  };
  return {
    blobs: list('blobs', 'sha256'),
    ingest: list('ingest'),
    partial: list('partial'),
  };
}

export function folder(...parts: string[]): string {
  const path = join(...parts);
  mkdirSync(path, { recursive: true });
  return path;
}

/** A package with one file, `usr/share/<name>`. */
export function small(name: string, more: Partial<ApkSpec> = {}): ApkSpec {
  return {
    name,
    version: '1.0-r0',
    files: [{ path: 'usr/' }, { path: 'usr/share/' }, { path: `usr/share/${name}`, content: `${name}\n` }],
    ...more,
  };
}

/** Bytes that do not compress, the same on every run. */
export function noise(name: string, sizeBytes: number): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at * 64 < sizeBytes; at++)
    blocks.push(createHash('sha512').update(`${name} ${at}`).digest());
  return Buffer.concat(blocks).subarray(0, sizeBytes);
}
