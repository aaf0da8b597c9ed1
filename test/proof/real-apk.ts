import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RealPackages } from './compose-cli.ts';

/** What apk 2.14 needs to run: itself and its libraries. */
const CLOSURE = /^(apk-tools|musl|libcrypto3|libssl3|zlib)-[0-9]/;

/**
 * The distribution's own apk, out of its own packages, installs the set into an empty root.
 * @returns the root; undefined where a chroot is not possible
 */
export function realApkAdd(
  set: RealPackages,
  folder: string,
  options: readonly string[],
): string | undefined {
  if (process.getuid?.() !== 0 || process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  mkdirSync(folder, { recursive: true });
  set.folders.forEach((repository, at) => {
    const copy = join(folder, `repo${at}/x86_64`);
    mkdirSync(copy, { recursive: true });
    for (const name of readdirSync(repository)) {
      copyFileSync(join(repository, name), join(copy, name));
      if (CLOSURE.test(name))
        sh('gzip -dc "$1" | tar -xf - -C "$2" 2>/dev/null', join(repository, name), folder);
    }
  });
  if (!existsSync(join(folder, 'sbin/apk'))) return undefined;
  const root = join(folder, 'root');
  mkdirSync(root);
  const repositories = set.folders.flatMap((_, at) => ['-X', `/repo${at}`]);
  const words = ['add', '--root', '/root', '--initdb', '--no-network', '--no-cache', '--allow-untrusted'];
  const { status, stdout, stderr } = spawnSync(
    'chroot',
    [folder, '/sbin/apk', ...words, ...options, ...repositories, ...set.packages],
    { encoding: 'utf8', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } },
  );
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  return root;
}

function sh(script: string, ...args: readonly string[]): void {
  spawnSync('/bin/sh', ['-c', script, 'sh', ...args]);
}
