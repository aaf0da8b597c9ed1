import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Run, run } from './measure.ts';

/** What the real apk 2.14 needs to run: itself and its libraries. */
const CLOSURE = /^(apk-tools|musl|libcrypto3|libssl3|zlib)-[0-9]/;

/**
 * The real apk of the Alpine data, unpacked into a folder and run in a chroot with the packages bound below it.
 * Undefined where that is not possible (not root, no such data).
 */
export function prepareApk(
  repositories: readonly string[],
  folder: string,
): { add(packages: readonly string[]): Run } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  mkdirSync(folder, { recursive: true });
  const archives = repositories.flatMap((repository) =>
    readdirSync(repository)
      .filter((name) => CLOSURE.test(name))
      .map((name) => join(repository, name)),
  );
  for (const archive of archives) {
    spawnSync('/bin/sh', ['-c', `gzip -dc '${archive}' | tar -xf - -C '${folder}' 2>/dev/null`]);
  }
  if (!existsSync(join(folder, 'sbin/apk'))) return undefined;
  repositories.forEach((repository, at) => {
    mkdirSync(join(folder, `repo${at}/x86_64`), { recursive: true });
    spawnSync('/bin/sh', ['-c', `cp '${repository}'/* '${folder}/repo${at}/x86_64/'`]);
  });
  const options = repositories.flatMap((_, at) => ['-X', `/repo${at}`]);
  return {
    add(packages) {
      rmSync(join(folder, 'root'), { recursive: true, force: true });
      mkdirSync(join(folder, 'root'));
      return run({
        command: 'chroot',
        args: [
          folder,
          '/sbin/apk',
          'add',
          '--root',
          '/root',
          '--initdb',
          '--no-scripts',
          '--no-network',
          '--no-cache',
          '--allow-untrusted',
          ...options,
          ...packages,
        ],
      });
    },
  };
}
