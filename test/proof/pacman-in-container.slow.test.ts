import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startMirror } from '../fake/mirror.ts';
import { tempDir } from '../fixtures/temp.ts';
import { composeCli, NO_ARCH, realArch } from './compose-cli.ts';

/** What the data's glibc and gcc-libs, cut down for size, lack of what they list, and links to it. */
const CUT = /^(?:glibc: .*\/libc\.a|gcc-libs: .*\/lib(?:asan|gfortran|go|stdc\+\+|tsan)\.so[.0-9]*) /;
const CONFIG = 'etc/test.conf';

interface Ended {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

type Pacman = (...words: readonly string[]) => Promise<Ended>;

/** Asynchronous, for the mirror is in this process. */
function run(program: string, words: readonly string[]): Promise<Ended> {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
  return new Promise((done) => {
    execFile(program, words, { env, timeout: 120_000, maxBuffer: 1 << 26 }, (error, out, err) =>
      done({ status: error === null ? 0 : Number(error.code ?? 1), out, err }),
    );
  });
}

async function ok(pacman: Pacman, ...words: readonly string[]): Promise<string> {
  const { status, out, err } = await pacman(...words);
  assert.equal(status, 0, `pacman ${words.join(' ')}\n${out}\n${err}`);
  return out;
}

async function assertUndamaged(pacman: Pacman): Promise<void> {
  const { out, err } = await pacman('-Qkk');
  const warnings = err.split('\n').flatMap((line) => /^warning: (.*)$/.exec(line)?.[1] ?? []);
  assert.deepEqual(
    warnings.filter((line) => !CUT.test(line) && !line.startsWith('database file for')),
    [],
  );
  const altered = out.match(/^\S+(?=: \d+ total files, [1-9]\d* altered)/gm) ?? [];
  assert.deepEqual(
    altered.filter((name) => name !== 'glibc' && name !== 'gcc-libs'),
    [],
  );
}

/** Everything that reads or changes the database; the root is as it was afterwards. */
async function exercise(pacman: Pacman, root: string, packages: readonly string[]): Promise<void> {
  assert.deepEqual((await ok(pacman, '-Q')).trim().split('\n').sort(), packages);
  assert.deepEqual((await ok(pacman, '-Qqe')).trim().split('\n').sort(), [
    'bash',
    'coreutils',
    'pacman',
    'which',
  ]);
  const shown = await ok(pacman, '-Qi', 'bash', 'readline');
  assert.match(shown, /Name +: bash\n[\s\S]*Depends On +: readline>=7\.0 +glibc +ncurses/);
  assert.match(
    shown,
    /Install Reason +: Explicitly installed\nInstall Script +: No\nValidated By +: SHA-256 Sum/,
  );
  assert.match(shown, /Name +: readline\n[\s\S]*Install Reason +: Installed as a dependency/);
  assert.match(await ok(pacman, '-Qo', '/usr/bin/bash'), /is owned by bash 4\.4\.012-2/);
  assert.match(await ok(pacman, '-Ql', 'which'), /\/usr\/bin\/which\n/);
  assert.match(await ok(pacman, '-Dk'), /^(No database errors have been found!\n)?$/);
  await assertUndamaged(pacman);

  await ok(pacman, '-R', '--noconfirm', 'which');
  assert.equal(existsSync(join(root, 'usr/bin/which')), false);
  assert.match((await pacman('-R', '--noconfirm', 'readline')).err, /could not satisfy dependencies/);
  await ok(pacman, '-Sy', '--noconfirm', '--noprogressbar', 'which', 'patch');
  assert.equal(existsSync(join(root, 'usr/bin/patch')), true);
  await assertUndamaged(pacman);
  await ok(pacman, '-Rs', '--noconfirm', 'patch');
  assert.deepEqual((await ok(pacman, '-Q')).trim().split('\n').sort(), packages);
}

test('in a container of the image pacman finds its database, whole, and works with it', async (t) => {
  const arch = realArch();
  const [pool] = arch?.folders ?? [];
  if (arch === undefined || pool === undefined) return t.skip(NO_ARCH);
  if (process.getuid?.() !== 0 || process.arch !== 'x64') return t.skip('skipped: not root on x86_64');
  if (spawnSync('umoci', ['--version']).status !== 0) return t.skip('skipped: no umoci');
  const machines = existsSync('/usr/bin/pacman');
  const folder = tempDir(t);
  const cli = composeCli(folder);
  const mirror = await startMirror((path) => {
    const name = path === '/pool.db' ? 'pool.db.tar.gz' : path.slice(1);
    if (name.includes('/') || !existsSync(join(pool, name))) return undefined;
    return { bytes: readFileSync(join(pool, name)) };
  });
  t.after(() => mirror.close());

  for (const mode of ['deferred', 'static']) {
    const layout = join(folder, mode);
    const words = ['--format', 'oci-dir', '--layer-encoding', 'none', '-t', 'a:1', '--install', mode];
    const { plan } = cli.compose([...arch.packages, 'which', ...arch.source, ...words, '-o', layout]);
    const packages = plan.packages.map(({ name, version }) => `${name} ${version}`).sort();
    const root = join(folder, `${mode}-root`);
    const unpacked = spawnSync('umoci', ['raw', 'unpack', '--image', `${layout}:a:1`, root], {
      encoding: 'utf8',
    });
    assert.equal(unpacked.status, 0, unpacked.stderr);
    mkdirSync(join(root, 'dev'), { recursive: true });
    assert.equal(spawnSync('mknod', ['-m', '666', join(root, 'dev/null'), 'c', '1', '3']).status, 0);
    assert.equal((await run('chroot', [root, '/.pkg/install.sh'])).status, 0);
    const head = '[options]\nArchitecture = x86_64\nSigLevel = Never\n';
    writeFileSync(join(root, CONFIG), `${head}[pool]\nServer = ${mirror.url}\n`);

    await t.test(`${mode}: the image's own pacman, 5.0.2`, () =>
      exercise(
        (...what) => run('chroot', [root, '/usr/bin/pacman', '--config', `/${CONFIG}`, ...what]),
        root,
        packages,
      ),
    );
    await t.test(`${mode}: this machine's pacman, --root`, async (t) => {
      if (!machines) return t.skip('skipped: no /usr/bin/pacman');
      const options = ['--config', join(root, CONFIG), '--root', root];
      const own = join(root, 'usr/bin/bash');
      const inRoot = (word: string): string => (word === '/usr/bin/bash' ? own : word);
      await exercise((...what) => run('/usr/bin/pacman', [...options, ...what.map(inRoot)]), root, packages);
    });
    assert.deepEqual(readdirSync(join(root, 'var/lib/pacman')).sort(), ['local', 'sync'], 'no lock is left');
  }
  assert.ok(mirror.requests.some(({ url, status }) => url.startsWith('/patch-') && status === 200));
});
