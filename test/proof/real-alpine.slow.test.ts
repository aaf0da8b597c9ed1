import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempDir } from '../fixtures/temp.ts';
import { verifyImage } from '../output/verify-image.ts';
import { composeCli, NO_ALPINE, realAlpine } from './compose-cli.ts';
import { realApkAdd } from './real-apk.ts';
import { differences, type Tree, treeOfFolder, treeOfImage } from './trees.ts';

type Allowed = readonly (readonly [path: RegExp, why: string])[];

/** Every path that may differ from what real apk leaves, and why. Nothing else may. */
const ALLOWED: Allowed = [[/^lib\/apk\/db\/scripts\.tar$/, 'apk dates the scripts in it by its clock']];
const ALLOWED_WITH_SCRIPTS: Allowed = [
  ...ALLOWED,
  [/^\.pkg(\/.*)?$/, 'the install layer: scripts to run in the container'],
];

/** What apk or a script makes has the time of the install, and apk 2.14 gives symlinks that time too. */
const FRESH = /^(lib\/apk\/db\/.*|etc\/apk\/(world|arch)|etc\/ssl\/certs\/ca-certificates\.crt)$/;

function withoutInstallTimes(tree: Tree): Tree {
  return new Map(
    [...tree].map(([path, line]) => {
      const plain = line.replace(/^(symlink \S+) \d+/, '$1');
      const fresh = FRESH.test(path) || line.startsWith('character');
      return [path, fresh ? plain.replace(/^(\S+ \S+ \S+) \d+/, '$1') : plain];
    }),
  );
}

function assertSame(ours: Tree, theirs: Tree, allowed: Allowed): void {
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

async function setUp(t: TestContext, options: readonly string[], how: readonly string[]) {
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
  const words = [...alpine.packages, ...alpine.source, ...how, '--format', 'oci-dir', '-t', 'a:1'];
  const { left } = composeCli(folder).compose([...words, '-o', layout]);
  return { folder, layout, left, theirs: treeOfFolder(real) };
}

test('the flattened image of 44 real packages is what real apk add --no-scripts leaves', async (t) => {
  const real = await setUp(t, ['--no-scripts'], ['--no-scripts']);
  if (real === undefined) return;
  const ours = treeOfImage(await verifyImage(real.layout));
  assert.ok(ours.size > 1200 && real.theirs.size > 1200);
  assertSame(withoutInstallTimes(ours), withoutInstallTimes(real.theirs), ALLOWED);
});

for (const mode of ['deferred', 'static'])
  test(`after /.pkg/install.sh it is what real apk add leaves, scripts and triggers and all: ${mode}`, async (t) => {
    if (spawnSync('umoci', ['--version']).status !== 0) return t.skip('skipped: no umoci');
    const real = await setUp(t, [], ['--install', mode]);
    if (real === undefined) return;
    const bundle = join(real.folder, 'bundle');
    const unpacked = spawnSync('umoci', ['unpack', '--image', `${real.layout}:a:1`, bundle], {
      encoding: 'utf8',
    });
    assert.equal(unpacked.status, 0, unpacked.stderr);
    const root = join(bundle, 'rootfs');
    const env = { PATH: process.env.PATH, CANARY: 'apk gives scripts an environment of their own' };
    const { status, stdout, stderr } = spawnSync('chroot', [root, '/.pkg/install.sh'], {
      encoding: 'utf8',
      env,
    });
    assert.equal(status, 0, stderr);
    assert.equal(stderr, '');
    const ran = stdout.match(/(?<=Executing ).*(?=-\d)/g)?.length ?? 0;
    assert.equal(ran, mode === 'deferred' ? 6 : real.left.length, stdout);
    const ours = withoutInstallTimes(treeOfFolder(root));
    assertSame(ours, withoutInstallTimes(real.theirs), ALLOWED_WITH_SCRIPTS);
  });
