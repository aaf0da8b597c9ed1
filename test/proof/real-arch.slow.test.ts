import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempDir } from '../fixtures/temp.ts';
import { verifyImage } from '../output/verify-image.ts';
import { composeCli, NO_ARCH, realArch } from './compose-cli.ts';
import { realPacmanInstall } from './real-pacman.ts';
import { differences, type Tree, treeOfFolder, treeOfImage } from './trees.ts';

type Allowed = readonly (readonly [path: RegExp, why: string])[];

/** Every path that may differ from what real pacman leaves, and why. Nothing else may. */
const ALLOWED: Allowed = [
  [/^\.pkg(\/.*)?$/, 'the install layer: scripts to run in the container'],
  [/^var\/lib\/pacman\/sync\/pool\.db$/, 'the repositories’ databases, which pacman downloads'],
  [/^var\/log\/pacman\.log$/, 'the log'],
];
const BEFORE_SCRIPTS: Allowed = [
  ...ALLOWED,
  [/^var\/cache\/ldconfig\/aux-cache$/, 'ldconfig notes inode numbers and times'],
];
const AFTER_SCRIPTS: Allowed = [
  ...ALLOWED,
  [/^var\/cache\/ldconfig\/aux-cache$/, 'ldconfig notes inode numbers and times'],
  [/^etc\/ssl\/certs\/java\/cacerts$/, 'a Java key store holds the time at which each certificate was added'],
];
/** Of our install: `%INSTALLDATE%` of both */
const INSTALLED_AT = 1_790_000_000;
/** Packages are of 2017; what is younger was made by a script of this run. */
const FRESH = 1_700_000_000;
const HOOKS = 'usr/share/libalpm/hooks/';

function withoutFreshTimes(tree: Tree): Tree {
  return new Map(
    [...tree].map(([path, line]) => [
      path,
      line.replace(/^(symlink \S+|(?:file|character) \S+ \S+) (\d+)/, (all, head: string, time: string) =>
        Number(time) > FRESH ? `${head} fresh` : all,
      ),
    ]),
  );
}

function assertSame(ours: Tree, theirs: Tree, allowed: Allowed): void {
  const found = differences(withoutFreshTimes(ours), withoutFreshTimes(theirs));
  const unexpected = found.filter(({ path }) => !allowed.some(([pattern]) => pattern.test(path)));
  assert.deepEqual(unexpected, []);
  for (const [pattern, why] of allowed) {
    assert.ok(
      found.some(({ path }) => pattern.test(path)),
      `no longer different: ${pattern}: ${why}`,
    );
  }
}

/** %INSTALLDATE% is the clock's, in the same place of every `desc`. */
function sameInstallDate(root: string): void {
  const local = join(root, 'var/lib/pacman/local');
  for (const name of readdirSync(local)) {
    const path = join(local, name, 'desc');
    if (!existsSync(path)) continue;
    const text = readFileSync(path, 'latin1');
    writeFileSync(path, text.replace(/(?<=^%INSTALLDATE%\n)\d+$/m, `${INSTALLED_AT}`), 'latin1');
  }
}

function makeDevNull(root: string): void {
  mkdirSync(join(root, 'dev'), { recursive: true });
  const { status } = spawnSync('mknod', ['-m', '666', join(root, 'dev/null'), 'c', '1', '3']);
  assert.equal(status, 0);
}

test('the image of 62 real packages, before and after install.sh, is what real pacman -S leaves', async (t: TestContext) => {
  const arch = realArch();
  const [pool] = arch?.folders ?? [];
  if (arch === undefined || pool === undefined) return t.skip(NO_ARCH);
  if (process.getuid?.() !== 0 || process.arch !== 'x64') return t.skip('skipped: not root on x86_64');
  const missing = ['/usr/bin/pacman', '/usr/bin/umoci'].find((path) => !existsSync(path));
  if (missing !== undefined) return t.skip(`skipped: no ${missing}`);

  const folder = tempDir(t);
  const layout = join(folder, 'layout');
  const words = [
    ...arch.packages,
    ...arch.source,
    '--install',
    'deferred',
    '--format',
    'oci-dir',
    '--layer-encoding',
    'gzip',
    '-t',
    'a:1',
  ];
  composeCli(folder).compose([...words, '-o', layout], { SOURCE_DATE_EPOCH: `${INSTALLED_AT}` });
  const image = await verifyImage(layout);
  const ours = treeOfImage(image);
  const hooks = [...ours.keys()]
    .filter((path) => path.startsWith(HOOKS))
    .map((path) => path.slice(HOOKS.length));
  assert.ok(hooks.length >= 2);

  const repository = join(folder, 'repository');
  mkdirSync(repository);
  for (const name of readdirSync(pool)) {
    copyFileSync(join(pool, name), join(repository, name === 'pool.db.tar.gz' ? 'pool.db' : name));
  }
  const set = { repository, packages: arch.packages };

  await t.test('as composed: pacman -S --noscriptlet, hooks masked', () => {
    const root = realPacmanInstall(set, join(folder, 'plain'), { scripts: false, hooks });
    sameInstallDate(root);
    const theirs = treeOfFolder(root);
    assert.ok(ours.size > 19_000 && theirs.size > 19_000);
    assertSame(ours, theirs, BEFORE_SCRIPTS);
  });

  await t.test('after /.pkg/install.sh: pacman -S with scriptlets and hooks', () => {
    const complete = join(folder, 'complete');
    makeDevNull(join(complete, 'root'));
    const real = realPacmanInstall(set, complete, { scripts: true, hooks });
    sameInstallDate(real);
    const theirs = treeOfFolder(real);

    const bundle = join(folder, 'bundle');
    const unpacked = spawnSync('umoci', ['unpack', '--image', `${layout}:a:1`, bundle], { encoding: 'utf8' });
    assert.equal(unpacked.status, 0, unpacked.stderr);
    const root = join(bundle, 'rootfs');
    makeDevNull(root);
    const { status, stdout, stderr } = spawnSync('chroot', [root, '/.pkg/install.sh'], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
    });
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /command failed to execute/);
    assert.match(stdout, /^post_install gnupg-\S+\npost_install archlinux-keyring-/);
    assertSame(treeOfFolder(root), theirs, AFTER_SCRIPTS);
  });
});
