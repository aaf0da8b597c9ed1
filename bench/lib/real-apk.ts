import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Output, type Run, run } from './measure.ts';

/** What the real apk 2.14 needs to run: itself and its libraries. */
const CLOSURE = /^(apk-tools|musl|libcrypto3|libssl3|zlib)-[0-9]/;

export interface RealApk {
  /** Below this machine's root: what `add` installs into */
  readonly root: string;
  /** Installs into an empty root. */
  add(packages: readonly string[]): Run;
  /** Fetches the indexes: all, or those that have changed since the last call. */
  update(which: 'all' | 'changed'): Run;
  /** Plans for an empty root; signatures of the indexes are checked. Exit code: how many errors there were. */
  simulate(packages: readonly string[]): Output;
  search(word: string): Output;
}

export interface ApkFolders {
  /** With the archives of apk itself */
  readonly tools: readonly string[];
  /** Folders, or URLs of what lies above the architecture's folder */
  readonly repositories: readonly string[];
  readonly keys: string;
  /** What `add` checks signatures with are the keys, and not nothing. */
  readonly checksSignatures?: boolean;
}

/**
 * The real apk of the Alpine data, unpacked into a folder and run in a chroot with the repositories copied below it.
 * Undefined where that is not possible (not root, no such data).
 */
export function prepareApk(folders: ApkFolders, folder: string): RealApk | undefined {
  if (process.getuid?.() !== 0) return undefined;
  mkdirSync(folder, { recursive: true });
  for (const tools of folders.tools) {
    for (const name of readdirSync(tools).filter((entry) => CLOSURE.test(entry))) {
      spawnSync('/bin/sh', ['-c', `gzip -dc '${join(tools, name)}' | tar -xf - -C '${folder}' 2>/dev/null`]);
    }
  }
  if (!existsSync(join(folder, 'sbin/apk'))) return undefined;
  const isUrl = (repository: string): boolean => repository.startsWith('http:');
  const options = folders.repositories.flatMap((repository, at) => {
    if (isUrl(repository)) return ['-X', repository];
    cpSync(repository, join(folder, `repo${at}/x86_64`), { recursive: true });
    return ['-X', `/repo${at}`];
  });
  if (!folders.repositories.some(isUrl)) options.push('--no-network');
  const apk = (root: string, ...words: readonly string[]): Output =>
    run({
      command: 'chroot',
      args: [
        folder,
        '/sbin/apk',
        ...words.slice(0, 1),
        '--root',
        root,
        ...options,
        ...(words[0] === 'update' ? [] : ['--no-cache']),
        ...words.slice(1),
      ],
      mayFail: words.includes('--simulate'),
    });
  mkdirSync(join(folder, 'plans/etc/apk'), { recursive: true });
  cpSync(folders.keys, join(folder, 'plans/etc/apk/keys'), { recursive: true });
  apk('/plans', 'add', '--initdb');
  const root = join(folder, 'root');
  const trust = folders.checksSignatures ? ['--keys-dir', '/plans/etc/apk/keys'] : ['--allow-untrusted'];
  return {
    root,
    add(packages) {
      rmSync(root, { recursive: true, force: true });
      mkdirSync(root);
      return apk('/root', 'add', '--initdb', '--no-scripts', ...trust, ...packages);
    },
    update(which) {
      const kept = join(folder, 'plans/var/cache/apk');
      if (which === 'all') rmSync(kept, { recursive: true, force: true });
      mkdirSync(kept, { recursive: true });
      return apk('/plans', 'update');
    },
    simulate: (packages) => apk('/plans', 'add', '--simulate', ...packages),
    search: (word) => apk('/plans', 'search', '--description', word),
  };
}

/** `name-version` in install order; undefined where apk refused. */
export function simulatedInstall({ status, stdout }: Output): readonly string[] | undefined {
  if (status !== 0) return undefined;
  const steps = stdout.matchAll(/^\(\d+\/\d+\) Installing (\S+) \((\S+)\)/gm);
  return [...steps].map(([, name, version]) => `${name}-${version}`);
}
