import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT_CODES } from '../../../src/cli/exit-codes.ts';
import type { CacheVerifyReport } from '../../../src/model/request.ts';
import { type Mirror, startMirror } from '../../fake/mirror.ts';
import { writeAlpineMirror, writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { cli, contents, type Ended, folder, json, KEY, noise, small } from '../harness.ts';

export interface TestHooks {
  after(fn: () => void | Promise<void>): void;
}

export const NAMES = ['a', 'b', 'c', 'd', 'e'];

/** Each depends on all before it: `a` to `e`, or as many as are asked for, `p0`, `p1`… */
export function packages(sizeBytes: number, count?: number) {
  const names = count === undefined ? NAMES : Array.from({ length: count }, (_, at) => `p${at}`);
  return names.map((name, at) =>
    small(name, {
      depends: names.slice(0, at),
      files: [{ path: 'usr/' }, { path: `usr/${name}`, content: noise(name, sizeBytes) }],
    }),
  );
}

export interface Setting {
  readonly dir: string;
  readonly cache: string;
  readonly repo: string;
  readonly keyring: string;
  readonly mirror: Mirror;
}

export async function setUp(t: TestHooks, sizeBytes: number, count?: number): Promise<Setting> {
  const dir = tempDir(t);
  const root = folder(dir, 'mirror');
  const repo = writeAlpineMirror(root, { packages: packages(sizeBytes, count), key: KEY });
  const mirror = await startMirror(root);
  t.after(() => mirror.close());
  return { dir, repo, mirror, cache: join(dir, 'cache'), keyring: writeApkKeyring(join(dir, 'keys'), [KEY]) };
}

export const options = ({ mirror, keyring }: Setting, cache: string) => [
  '--arch',
  'x86_64',
  '--repo',
  `${mirror.url}/v3.19/main`,
  '--keyring',
  keyring,
  '--cache',
  cache,
];

export function assertWhole(cache: string): void {
  for (const name of contents(cache).blobs) {
    const bytes = readFileSync(join(cache, 'blobs/sha256', name));
    assert.equal(
      createHash('sha256').update(bytes).digest('hex'),
      name,
      'a name under blobs is a whole blob',
    );
    assert.equal(statSync(join(cache, 'blobs/sha256', name)).mode & 0o777, 0o444);
  }
}

export async function verify(cache: string): Promise<CacheVerifyReport> {
  const ended = await cli(['cache', 'verify', '--cache', cache, '--json']);
  assert.equal(ended.code, 0, ended.stdout);
  return json<CacheVerifyReport>(ended);
}

/** `count` processes compose the same into one empty cache at once, that many times: all succeed, with the same bytes. */
export async function composeAtOnce(t: TestHooks, count: number, rounds: number): Promise<void> {
  const setting = await setUp(t, 20_000, 16);
  const { dir, mirror } = setting;
  mirror.faults.set('*', { bytesPerSecond: 2_000_000 });
  for (let round = 0; round < rounds; round++) {
    const cache = join(dir, `cache${round}`);
    const outs = Array.from({ length: count }, (_, at) => join(dir, `out${at}.tar`));
    const before = mirror.requests.length;
    const words = ['p15', ...options(setting, cache)];
    const ended = await Promise.all(outs.map((out) => cli([...words, '-o', out])));
    for (const { code, stderr } of ended) assert.equal(code, 0, stderr);
    for (const out of outs) assert.ok(readFileSync(out).equals(readFileSync(outs[0] as string)));
    assert.deepEqual(readdirSync(join(cache, 'partial')), []);
    const { blobs, ingest } = contents(cache);
    assert.equal(blobs.length, 16 + 1);
    assert.deepEqual(ingest, []);
    assert.deepEqual((await verify(cache)).damaged, []);
    const fetched = mirror.requests.slice(before).filter(({ url }) => url.endsWith('.apk'));
    assert.equal(fetched.length, 16, 'nothing is downloaded twice');
  }
}

/** A small file system of its own, where this machine lets a test mount one. */
export function mountSmall(t: TestHooks, sizeBytes: number): string | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const path = mkdtempSync(join(tmpdir(), 'pkgcompose-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', path]);
  t.after(() => {
    if (mounted.status === 0) spawnSync('umount', ['-l', path]);
    rmdirSync(path);
  });
  return mounted.status === 0 ? path : undefined;
}

export function assertStorage(ended: Ended, path: string): void {
  assert.equal(ended.code, EXIT_CODES.STORAGE, ended.stderr);
  assert.ok(ended.stderr.includes(path), ended.stderr);
  assert.match(ended.stderr, /no space left|ENOSPC|space/);
  assert.match(ended.stderr, /\nhint: /);
}
