import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '../fixtures/temp.ts';
import { verifyImage } from '../output/verify-image.ts';
import { composeCli, NO_ALPINE, NO_ARCH, realAlpine, realArch } from './compose-cli.ts';
import { realApkAdd } from './real-apk.ts';
import { differences, type Tree, treeOfFolder, treeOfImage } from './trees.ts';

const PREFIX = 'opt/tools';
/** What apk makes in an empty root before the first package; of no use below another root. */
const BASE =
  /^(dev|proc|tmp|var|var\/cache|var\/cache\/(apk|misc)|lib\/apk|lib\/apk\/(db|exec).*|etc\/apk\/(arch|world)|dev\/.*)$/;

function below(tree: Tree): Tree {
  return new Map(
    [...tree]
      .filter(([path]) => path.startsWith(`${PREFIX}/`))
      .map(([path, line]) => [path.slice(PREFIX.length + 1), line]),
  );
}

/** apk 2.14 gives symlinks the time of the install. */
function withoutLinkTimes(tree: Tree): Tree {
  return new Map([...tree].map(([path, line]) => [path, line.replace(/^(symlink \S+) \d+/, '$1')]));
}

test('packages below a prefix: the tree of apk add, every file there, links right, blobs made once', async (t) => {
  const alpine = realAlpine();
  if (alpine === undefined) return t.skip(NO_ALPINE);
  const folder = tempDir(t);
  const cli = composeCli(folder);
  const packages = ['git', 'jq', 'make', 'ca-certificates'];
  const words = [...packages, ...alpine.source, '--format', 'oci-dir', '-t', 'a:1'];
  const layout = join(folder, 'layout');
  const prefixed = [...words, '--prefix', `/${PREFIX}`, '--no-database', '-o', layout];

  await t.test('scripts that would act on the root are refused by name', () => {
    const { status, stdout } = cli.run([...prefixed, '--json']);
    assert.notEqual(status, 0);
    const { error } = JSON.parse(stdout);
    assert.equal(error.code, 'UNSUPPORTED');
    assert.match(error.message, /busybox-1\.36\.1-r15\.post-install/);
    assert.match(error.hint, /--no-scripts/);
  });

  const report = cli.compose([...prefixed, '--no-scripts']);
  const image = await verifyImage(layout);
  const ours = treeOfImage(image);

  await t.test('nothing is beside the prefix', () => {
    assert.deepEqual(
      [...ours.keys()].filter((path) => path !== 'opt' && path !== PREFIX && !path.startsWith(`${PREFIX}/`)),
      [],
    );
  });

  await t.test('below it is what real apk add --no-scripts leaves in an empty root', (t) => {
    const root = realApkAdd({ ...alpine, packages }, join(folder, 'apk'), ['--no-scripts']);
    if (root === undefined) return t.skip('skipped: real apk needs root on Linux, x86_64');
    const theirs = treeOfFolder(root);
    const found = differences(withoutLinkTimes(below(ours)), withoutLinkTimes(theirs)).filter(
      ({ path }) => !BASE.test(path),
    );
    // Absolute symlinks alone differ, by the prefix.
    for (const { path, one, other } of found) {
      assert.match(other, /^symlink \S+ \//, path);
      assert.equal(one.replace(` /${PREFIX}/`, ' /'), other, path);
    }
    assert.ok(ours.size > 400 && theirs.size > 400);
  });

  await t.test('programs run from there through the prefix’s own loader', (t) => {
    if (process.platform !== 'linux' || process.arch !== 'x64') return t.skip('skipped: not Linux on x86_64');
    if (spawnSync('umoci', ['--version']).status !== 0) return t.skip('skipped: no umoci');
    const bundle = join(folder, 'bundle');
    const { status, stderr } = spawnSync('umoci', ['unpack', '--image', `${layout}:a:1`, bundle], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    const at = join(bundle, 'rootfs', PREFIX);
    const ran = spawnSync(
      join(at, 'lib/ld-musl-x86_64.so.1'),
      ['--library-path', `${at}/lib:${at}/usr/lib`, `${at}/usr/bin/git`, '--version'],
      { encoding: 'utf8' },
    );
    assert.match(ran.stdout, /^git version 2\.43\./);
  });

  await t.test('again: the same image, nothing rewritten', () => {
    const blobs = () => readdirSync(join(cli.cache, 'blobs/sha256')).length;
    const before = blobs();
    const again = cli.compose([...prefixed, '--no-scripts', '-o', join(folder, 'again')]);
    assert.equal(again.digest, report.digest);
    assert.equal(blobs(), before);
    for (const { kind, derived } of report.layers) {
      if (kind === 'package') assert.equal(derived, `relocated to /${PREFIX}`);
    }
    assert.equal(report.notes.length, 1, report.notes.join('\n'));
  });

  await t.test('bundled or in one layer it is the same tree', async () => {
    for (const layers of ['bundle', 'single']) {
      cli.compose([...prefixed, '--no-scripts', '--layers', layers, '-o', join(folder, `as-${layers}`)]);
      assert.deepEqual(differences(treeOfImage(await verifyImage(join(folder, `as-${layers}`))), ours), []);
    }
  });
});

test('Arch below a prefix: hard links and links between packages hold', async (t) => {
  const arch = realArch();
  if (arch === undefined) return t.skip(NO_ARCH);
  const folder = tempDir(t);
  const cli = composeCli(folder);
  const words = ['coreutils', 'which', ...arch.source, '--layer-encoding', 'gzip', '--no-scripts'];
  const image = async (name: string, ...more: readonly string[]) => {
    cli.compose([...words, ...more, '-o', join(folder, name)]);
    return verifyImage(join(folder, name));
  };
  const plain = await image('plain.tar', '--no-database');
  const moved = await image('moved.tar', '--no-database', '--prefix', `/${PREFIX}/`);
  const links = (rootfs: typeof plain.rootfs) =>
    [...rootfs].filter(([, { hardLinkOf }]) => hardLinkOf !== '');
  assert.equal(links(moved.rootfs).length, links(plain.rootfs).length);
  const dangling = (rootfs: typeof plain.rootfs, prefix: string) =>
    [...rootfs].filter(
      ([, { type, linkTarget }]) =>
        type === 'symlink' && linkTarget.startsWith(`/${prefix}usr/`) && !rootfs.has(linkTarget.slice(1)),
    ).length;
  assert.equal(dangling(moved.rootfs, `${PREFIX}/`), 0);
  assert.equal(below(treeOfImage(moved)).size, [...plain.rootfs.keys()].length);
});
