import type { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Mirror, startMirror } from '../fake/mirror.ts';
import { writeAlpineMirror, writeApkKeyring } from '../fixtures/mirror-dir.ts';
import { tempDir } from '../fixtures/temp.ts';
import { folder, KEY, noise, small } from './harness.ts';

/** Where the mirror has the package `a` */
export const A = '/v3.19/main/x86_64/a-1.0-r0.apk';

export interface Setting {
  readonly dir: string;
  readonly cache: string;
  readonly mirror: Mirror;
  readonly words: readonly string[];
}

/** A mirror of two signed packages, `b` needing `a`, and the words that compose `b`. */
export async function setUp(t: TestContext): Promise<Setting> {
  const dir = tempDir(t);
  const root = folder(dir, 'mirror');
  const files = (name: string) => [{ path: 'usr/' }, { path: `usr/${name}`, content: noise(name, 100_000) }];
  const packages = [small('a', { files: files('a') }), small('b', { files: files('b'), depends: ['a'] })];
  writeAlpineMirror(root, { packages, key: KEY });
  const mirror = await startMirror(root);
  t.after(() => mirror.close());
  const cache = join(dir, 'cache');
  const keyring = writeApkKeyring(join(dir, 'keys'), [KEY]);
  const repo = `${mirror.url}/v3.19/main`;
  const words = ['b', '--arch', 'x86_64', '--repo', repo, '--keyring', keyring, '--cache', cache];
  return { dir, cache, mirror, words };
}

/** Ends with the signal that is sent, or with its exit code. */
export async function endsBy(child: ReturnType<typeof spawn>, ms: number): Promise<boolean> {
  for (let waited = 0; waited < ms && child.exitCode === null && child.signalCode === null; waited += 20)
    await sleep(20);
  return child.exitCode !== null || child.signalCode !== null;
}
