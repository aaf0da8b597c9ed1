import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface PacmanSet {
  /** Folder with pool.db and the archives. */
  readonly repository: string;
  readonly packages: readonly string[];
}

/** This machine's pacman installs the set into `folder`/root, with or without scriptlets and hooks. @returns the root */
export function realPacmanInstall(
  set: PacmanSet,
  folder: string,
  options: { readonly scripts: boolean; readonly hooks: readonly string[] },
): string {
  const root = join(folder, 'root');
  const hooks = join(folder, 'hooks');
  const cache = join(folder, 'cache');
  for (const path of [join(root, 'var/lib/pacman'), hooks, cache]) mkdirSync(path, { recursive: true });
  // alpm-hooks(5): a link to /dev/null masks the hook of that name.
  if (!options.scripts) for (const name of options.hooks) symlinkSync('/dev/null', join(hooks, name));
  const config = join(folder, 'pacman.conf');
  const head = `[options]\nArchitecture = x86_64\nSigLevel = Never\nHookDir = ${hooks}\n`;
  writeFileSync(config, `${head}[pool]\nServer = file://${set.repository}\n`);
  const words = ['--config', config, '--root', root, '--cachedir', cache, '--noconfirm', '--noprogressbar'];
  if (!options.scripts) words.push('--noscriptlet');
  const { status, stdout, stderr } = spawnSync('/usr/bin/pacman', [...words, '-Sy', ...set.packages], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  return root;
}
