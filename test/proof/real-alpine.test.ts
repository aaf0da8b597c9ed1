import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { verifyImage } from '../../src/output/verify-image.ts';
import { tempDir } from '../fixtures/temp.ts';
import { composeCli, NO_ALPINE, realAlpine } from './compose-cli.ts';
import { realApkAdd } from './real-apk.ts';
import { differences, type Tree, treeOfFolder, treeOfImage } from './trees.ts';

/** Every path that may differ from what real apk leaves, and why. Nothing else may. */
const ALLOWED: readonly (readonly [path: RegExp, why: string])[] = [
  [/^\.pkg(\/.*)?$/, 'the install layer: scripts to run in the container'],
  [
    /^dev\/(console|null|random|urandom|zero)$/,
    'apk makes device nodes in an empty root; engines mount their own /dev',
  ],
  [/^etc\/apk\/(arch|world)$/, 'the database: a later piece of work writes it'],
  [/^lib\/apk\/db$/, 'the database'],
  [/^lib\/apk\/db\/(installed|scripts\.tar|triggers)$/, 'the database'],
  [/^lib\/apk\/db\/lock$/, 'a lock file'],
  [/^var\/cache\/apk$/, 'apk --initdb makes the cache folder'],
  [/^proc$/, 'apk --initdb makes it 0555 before alpine-baselayout, which says 0755, is unpacked'],
];
/** The same once scripts have run. */
const ALLOWED_AFTER_SCRIPTS: typeof ALLOWED = [
  ...ALLOWED,
  [/^lib\/apk\/exec$/, 'apk runs scripts from there, so it makes the folder 0700 for itself'],
];

/** apk 2.14 gives symlinks the time of the install, so neither tree's count; `fresh` files are made by scripts. */
function withoutInstallTimes(tree: Tree, fresh: RegExp = /^$/): Tree {
  return new Map(
    [...tree].map(([path, line]) => {
      const plain = line.replace(/^(symlink \S+) \d+/, '$1');
      return [path, fresh.test(path) ? plain.replace(/^(file \S+ \S+) \d+/, '$1') : plain];
    }),
  );
}

function assertSame(ours: Tree, theirs: Tree, allowed: typeof ALLOWED): void {
  const found = differences(ours, theirs);
  const unexpected = found.filter(({ path }) => !allowed.some(([pattern]) => pattern.test(path)));
  assert.deepEqual(unexpected, []);
  for (const [pattern, why] of allowed) {
    assert.ok(
      found.some(({ path }) => pattern.test(path)),
      `no longer different: ${pattern}: ${why}`,
    );
  }
}

async function setUp(t: TestContext, options: readonly string[]) {
  const alpine = realAlpine();
  if (alpine === undefined) {
    t.skip(NO_ALPINE);
    return undefined;
  }
  const folder = tempDir(t);
  const real = realApkAdd(alpine, join(folder, 'apk'), options);
  if (real === undefined) {
    t.skip('skipped: real apk needs root on Linux, x86_64');
    return undefined;
  }
  const layout = join(folder, 'layout');
  const words = [...alpine.packages, ...alpine.source, '--format', 'oci-dir', '-t', 'a:1'];
  composeCli(folder).compose([...words, '-o', layout]);
  return { folder, layout, theirs: treeOfFolder(real) };
}

test('the flattened image of 44 real packages is what real apk add --no-scripts leaves', async (t) => {
  const real = await setUp(t, ['--no-scripts']);
  if (real === undefined) return;
  const ours = treeOfImage(await verifyImage(real.layout));
  assert.ok(ours.size > 1200 && real.theirs.size > 1200);
  assertSame(withoutInstallTimes(ours), withoutInstallTimes(real.theirs), ALLOWED);
});

test('after /.pkg/install.sh it is what real apk add leaves, scripts and triggers and all', async (t) => {
  if (spawnSync('umoci', ['--version']).status !== 0) return t.skip('skipped: no umoci');
  const real = await setUp(t, []);
  if (real === undefined) return;
  const bundle = join(real.folder, 'bundle');
  const unpacked = spawnSync('umoci', ['unpack', '--image', `${real.layout}:a:1`, bundle], {
    encoding: 'utf8',
  });
  assert.equal(unpacked.status, 0, unpacked.stderr);
  const root = join(bundle, 'rootfs');
  // An engine's /dev has it; a plain chroot would get a file where scripts write to it.
  assert.equal(spawnSync('mknod', ['-m', '666', join(root, 'dev/null'), 'c', '1', '3']).status, 0);
  const env = { PATH: process.env.PATH, CANARY: 'apk gives scripts an environment of their own' };
  const { status, stdout, stderr } = spawnSync('chroot', [root, '/.pkg/install.sh'], {
    encoding: 'utf8',
    env,
  });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  assert.deepEqual(stdout.match(/(?<=Executing ).*(?=-\d)/g)?.length, 6, stdout);
  const fresh = /^etc\/ssl\/certs\/ca-certificates\.crt$/;
  const ours = withoutInstallTimes(treeOfFolder(root), fresh);
  assertSame(ours, withoutInstallTimes(real.theirs, fresh), ALLOWED_AFTER_SCRIPTS);
});
