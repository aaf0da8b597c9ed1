import assert from 'node:assert/strict';
import type { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheList } from '../../src/app/cache/cache.ts';
import type { CacheEntryReport } from '../../src/model/request.ts';
import { type Mirror, startMirror } from '../fake/mirror.ts';
import { writeAlpineMirror, writeApkKeyring } from '../fixtures/mirror-dir.ts';
import { tempDir } from '../fixtures/temp.ts';
import { cli, type Ended, folder, json, KEY, noise, small, use } from './harness.ts';

/** Where the mirror has the package `a` */
export const A = '/v3.19/main/x86_64/a-1.0-r0.apk';

export interface Setting {
  readonly dir: string;
  readonly cache: string;
  readonly mirror: Mirror;
  /** Folder of the repository that the mirror serves */
  readonly repo: string;
  readonly from: { readonly repositories: readonly string[]; readonly keyring: string };
  readonly words: readonly string[];
}

/** A mirror of two signed packages of that size, `b` needing `a`, and the words that compose `b`. */
export async function setUp(t: TestContext, sizeBytes = 100_000): Promise<Setting> {
  const dir = tempDir(t);
  const root = folder(dir, 'mirror');
  const files = (name: string) => [
    { path: 'usr/' },
    { path: `usr/${name}`, content: noise(name, sizeBytes) },
  ];
  const packages = [small('a', { files: files('a') }), small('b', { files: files('b'), depends: ['a'] })];
  const repo = writeAlpineMirror(root, { packages, key: KEY });
  const mirror = await startMirror(root);
  t.after(() => mirror.close().catch(() => undefined));
  const cache = join(dir, 'cache');
  const keyring = writeApkKeyring(join(dir, 'keys'), [KEY]);
  const url = `${mirror.url}/v3.19/main`;
  const from = { repositories: [url], keyring };
  const words = ['b', '--arch', 'x86_64', '--repo', url, '--keyring', keyring, '--cache', cache];
  return { dir, cache, mirror, repo, from, words };
}

/** Ends with the signal that is sent, or with its exit code. */
export async function endsBy(child: ReturnType<typeof spawn>, ms: number): Promise<boolean> {
  for (let waited = 0; waited < ms && child.exitCode === null && child.signalCode === null; waited += 20)
    await sleep(20);
  return child.exitCode !== null || child.signalCode !== null;
}

/** Path of the blob in the cache that holds the package's archive. */
export async function blobOf(cache: string, name: string): Promise<string> {
  const entries = await use({ cache }, cacheList);
  const found = entries.find(({ holds }) => holds.startsWith(`${name}-`));
  assert.ok(found, name);
  return join(cache, 'blobs/sha256', found.digest.slice('sha256:'.length));
}

/** Paths of the blobs in the cache whose description matches. */
export async function blobsOf(cache: string, holds: RegExp): Promise<readonly string[]> {
  const entries = json<readonly CacheEntryReport[]>(await cli(['cache', 'ls', '--cache', cache, '--json']));
  const found = entries.filter((entry) => holds.test(entry.holds));
  assert.ok(found.length > 0);
  return found.map(({ digest }) => join(cache, 'blobs', digest.replace(':', '/')));
}

export function assertDone(ended: Ended): void {
  assert.equal(ended.code, 0, ended.stderr);
}

/** Fails unless every blob in the cache is intact. */
export async function isSound(cache: string): Promise<void> {
  const ended = await cli(['cache', 'verify', '--cache', cache]);
  assert.equal(ended.code, 0, ended.stdout);
}
