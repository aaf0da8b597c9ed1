import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { sharedData } from '../fixtures/shared.ts';
import { ARCH_FIXTURES, writeArchRepository } from './arch-fixtures.ts';
import { type RealTool, runOk, withDevNull } from './real-tool.ts';

const DATA = 'data/arch/2017.12/x86_64';
const HOOKS = 'usr/share/libalpm/hooks/';
const DATABASE = 'pool.db.tar.gz';

/** This machine's pacman over the pool of real packages. A sentence: why there is none. */
export async function openArch(folder: string): Promise<RealTool | string> {
  if (process.getuid?.() !== 0 || process.arch !== 'x64')
    return 'real pacman needs root, and its packages x86_64';
  const data = sharedData(DATA);
  if (data === undefined) return `${DATA} of the shared data is not here`;
  if (!existsSync('/usr/bin/pacman')) return 'pacman is not installed';
  const pool = join(folder, 'pool');
  const masks = join(folder, 'masks');
  for (const path of [pool, masks]) mkdirSync(path, { recursive: true });
  for (const name of readdirSync(data))
    symlinkSync(join(data, name), join(pool, name === DATABASE ? 'pool.db' : name));
  const fixtures = join(folder, 'fixtures');
  writeArchRepository(fixtures, ARCH_FIXTURES);
  // alpm-hooks(5): a link to /dev/null masks the hook of that name.
  for (const name of await hookNames(data)) symlinkSync('/dev/null', join(masks, name));
  const config = (name: string, hookDir: string): string => {
    const path = join(folder, name);
    // The repositories are the cache, so that nothing is copied and several may run at once.
    const folders = `CacheDir = ${pool}\nCacheDir = ${fixtures}\nHookDir = ${hookDir}\n`;
    const repositories = [pool, fixtures].map((one) => `[${basename(one)}]\nServer = file://${one}\n`);
    writeFileSync(
      path,
      `[options]\nArchitecture = x86_64\nSigLevel = Never\n${folders}${repositories.join('')}`,
    );
    return path;
  };
  const configs = { with: config('with.conf', join(folder, 'none')), without: config('without.conf', masks) };
  return {
    source: { distro: 'arch', architecture: 'x86_64', allowUntrusted: true, repositories: [pool, fixtures] },
    async install(packages, { scripts, root }) {
      mkdirSync(join(root, 'var/lib/pacman'), { recursive: true });
      const words = [
        ...['--config', scripts === 'none' ? configs.without : configs.with, '--root', root],
        ...['--noconfirm', '--noprogressbar', ...(scripts === 'none' ? ['--noscriptlet'] : [])],
        ...['-Sy', ...packages],
      ];
      const pacman = async () => void (await runOk('/usr/bin/pacman', words));
      if (scripts === 'none') await pacman();
      else await withDevNull(root, () => (scripts === 'mounted' ? withProc(root, words) : pacman()));
      // A scriptlet or hook that fails after the files are there is no failure of pacman's.
      return 0;
    },
  };
}

/** As pacstrap: pacman with /proc mounted in the root, in a mount namespace of its own. */
async function withProc(root: string, words: readonly string[]): Promise<void> {
  mkdirSync(join(root, 'proc'), { mode: 0o555 });
  const script = 'mount -t proc proc "$1/proc" && shift && exec /usr/bin/pacman "$@"';
  await runOk('unshare', ['--mount', 'sh', '-c', script, 'sh', root, ...words]);
}

/** Names of the hooks that any package ships. */
async function hookNames(pool: string): Promise<readonly string[]> {
  const stdout = await runOk('tar', ['-xOf', join(pool, 'pool.files.tar.gz')]);
  const real = stdout.split('\n').filter((path) => path.startsWith(HOOKS) && path.endsWith('.hook'));
  const made = ARCH_FIXTURES.flatMap(({ files = [] }) => files.map(({ path }) => path)).filter((path) =>
    path.startsWith(HOOKS),
  );
  return [...real, ...made].map((path) => path.slice(HOOKS.length)).filter((name) => name !== '');
}
