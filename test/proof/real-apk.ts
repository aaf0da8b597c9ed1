import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RealPackages } from './compose-cli.ts';

/** What apk 2.14 needs to run: itself and its libraries. */
const CLOSURE = /^(apk-tools|musl|libcrypto3|libssl3|zlib)-[0-9]/;

export interface RealApk {
  /** The chroot that it runs in. */
  readonly folder: string;
  /** Whatever comes of `apk add` on an empty root; the repositories are folders of the chroot. */
  add(
    repositories: readonly string[],
    words: readonly string[],
  ): { readonly status: number | null; readonly stdout: string; readonly stderr: string };
  /** The root of the last `add` */
  readonly root: string;
}

/** The distribution's own apk, out of its own packages, in a chroot; undefined where a chroot is not possible. */
export function realApk(set: Pick<RealPackages, 'folders'>, folder: string): RealApk | undefined {
  if (process.getuid?.() !== 0 || process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  mkdirSync(folder, { recursive: true });
  for (const repository of set.folders)
    for (const name of readdirSync(repository).filter((one) => CLOSURE.test(one)))
      sh('gzip -dc "$1" | tar -xf - -C "$2" 2>/dev/null', join(repository, name), folder);
  if (!existsSync(join(folder, 'sbin/apk'))) return undefined;
  const root = join(folder, 'root');
  return {
    folder,
    root,
    add(repositories, words) {
      rmSync(root, { recursive: true, force: true });
      mkdirSync(root);
      const common = [
        'add',
        '--root',
        '/root',
        '--initdb',
        '--no-network',
        '--no-cache',
        '--allow-untrusted',
      ];
      return spawnSync(
        'chroot',
        [folder, '/sbin/apk', ...common, ...repositories.flatMap((path) => ['-X', path]), ...words],
        { encoding: 'utf8', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } },
      );
    },
  };
}

/** The apk of version 3 that PKGCOMPOSE_APK3 names; the repositories are folders. A sentence: why there is none. */
export function realApk3(folder: string): RealApk | string {
  const apk = process.env.PKGCOMPOSE_APK3 ?? '';
  if (apk === '') return 'PKGCOMPOSE_APK3 names no apk of version 3';
  if (process.getuid?.() !== 0 || process.platform !== 'linux' || process.arch !== 'x64')
    return 'real apk needs root on Linux, x86_64';
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
  const { stdout } = spawnSync(apk, ['--version'], { encoding: 'utf8', env });
  if (!/^apk-tools 3\./.test(stdout)) return `${apk} is not apk 3: ${stdout.trim()}`;
  mkdirSync(folder, { recursive: true });
  const root = join(folder, 'root');
  return {
    folder,
    root,
    add(repositories, words) {
      rmSync(root, { recursive: true, force: true });
      mkdirSync(root);
      const common = [
        'add',
        '--root',
        root,
        '--initdb',
        '--no-network',
        '--arch',
        'x86_64',
        '--allow-untrusted',
      ];
      const named = repositories.flatMap((path) => ['-X', join(folder, path)]);
      return spawnSync(apk, [...common, ...named, ...words], { encoding: 'utf8', env });
    },
  };
}

/**
 * The distribution's own apk installs the set into an empty root.
 * @returns the root; undefined where a chroot is not possible
 */
export function realApkAdd(
  set: RealPackages,
  folder: string,
  options: readonly string[],
): string | undefined {
  const apk = realApk(set, folder);
  if (apk === undefined) return undefined;
  set.folders.forEach((repository, at) => {
    const copy = join(folder, `repo${at}/x86_64`);
    mkdirSync(copy, { recursive: true });
    for (const name of readdirSync(repository)) copyFileSync(join(repository, name), join(copy, name));
  });
  const repositories = set.folders.map((_, at) => `/repo${at}`);
  const { status, stdout, stderr } = apk.add(repositories, [...options, ...set.packages]);
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  return apk.root;
}

function sh(script: string, ...args: readonly string[]): void {
  spawnSync('/bin/sh', ['-c', script, 'sh', ...args]);
}
