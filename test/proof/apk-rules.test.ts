import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { targetTree } from '../../src/compose/target-tree.ts';
import type { Tree } from '../../src/compose/tree.ts';
import { alpine } from '../../src/distros/alpine/distro.ts';
import type { InstalledPackage } from '../../src/distros/install.ts';
import { isAppError } from '../../src/model/app-error.ts';
import { installed } from '../distros/alpine/installed.ts';
import { type ApkSpec, makeApk, makeApkIndex } from '../fixtures/apk.ts';
import { tempDir } from '../fixtures/temp.ts';
import { RULE_CASES } from './apk-cases.ts';
import { NO_ALPINE, realAlpine } from './compose-cli.ts';
import { type RealApk, realApk } from './real-apk.ts';
import { type Facts, factsOfFolder, type PathFacts, treeOfFacts } from './trees.ts';

const MADE_BY_APK = /^(lib\/apk\/db|etc\/apk|dev)\//;

test('packages made to meet apk’s rules: the same tree and database, or the same refusal', async (t) => {
  const set = realAlpine();
  if (set === undefined) return t.skip(NO_ALPINE);
  const apk = realApk(set, join(tempDir(t), 'apk'));
  if (apk === undefined) return t.skip('skipped: real apk needs root on Linux, x86_64');
  for (const { name, packages, targets = [packages.at(-1)?.name ?? ''], refused } of RULE_CASES) {
    await t.test(name, async () => {
      const specs = packages.map((one): ApkSpec => ({ version: '1-r0', ...one }));
      const real = addReal(apk, specs, targets);
      const order = [...real.stdout.matchAll(/Installing (\S+) \(/g)].map(([, one]) => one);
      const read = () => installed(...order.map((one) => specs.find((spec) => spec.name === one) as ApkSpec));
      if (refused !== undefined) {
        assert.notEqual(real.status, 0, 'apk takes it');
        await assert.rejects(
          async () => treeOf(await read(), targets),
          (error) => isAppError(error) && refused.test(error.message),
        );
        return;
      }
      assert.equal(real.status, 0, real.stderr);
      const tree = treeOf(await read(), targets);
      for (const path of ['lib/apk/db/installed', 'lib/apk/db/triggers', 'etc/apk/world'])
        assert.equal(contentOf(tree, path), readFileSync(join(apk.root, path), 'utf8'), path);
      // Each script in it has the time of the install.
      tree.delete('lib/apk/db/scripts.tar');
      const theirs = new Map(factsOfFolder(apk.root));
      theirs.delete('lib/apk/db/scripts.tar');
      assert.deepEqual(comparable(factsOfTree(tree)), comparable(theirs));
    });
  }
});

function addReal(apk: RealApk, specs: readonly ApkSpec[], targets: readonly string[]) {
  const folder = join(apk.folder, 'cases/x86_64');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const entries = specs.map((spec) => ({ spec, bytes: makeApk(spec) }));
  for (const { spec, bytes } of entries)
    writeFileSync(join(folder, `${spec.name}-${spec.version}.apk`), bytes);
  writeFileSync(join(folder, 'APKINDEX.tar.gz'), makeApkIndex(entries));
  return apk.add(['/cases'], ['--no-scripts', ...targets]);
}

function treeOf(packages: readonly InstalledPackage[], targets: readonly string[]): Tree {
  const time = 1_700_000_000;
  const installer = alpine.installer({
    packages,
    targets,
    architecture: 'x86_64',
    system: { release: 'v3.19', packageManager: '' },
    repositories: [],
    keys: [],
    mode: 'static',
    scripts: false,
    database: true,
    time,
  });
  return targetTree({ packages, rules: alpine.tree, installer, time }).tree;
}

function contentOf(tree: Tree, path: string): string {
  const content = tree.get(path)?.content;
  assert.equal(content?.kind, 'bytes', path);
  return content?.kind === 'bytes' ? Buffer.from(content.bytes).toString('utf8') : '';
}

/** In the words of treeOfFolder; what the install itself makes has no time of its own, and symlinks get that time. */
function comparable(facts: Facts): ReadonlyMap<string, string> {
  const timeless = [...facts].map(([path, one]): [string, PathFacts] => {
    const fresh = one.type === 'symlink' || MADE_BY_APK.test(path);
    return [path, fresh ? { ...one, mode: one.type === 'symlink' ? 0o777 : one.mode, mtime: 'now' } : one];
  });
  return treeOfFacts(new Map(timeless.sort(([a], [b]) => (a < b ? -1 : 1))));
}

function factsOfTree(tree: Tree): Facts {
  const names = new Map<unknown, string[]>();
  for (const [path, inode] of tree) names.set(inode, [...(names.get(inode) ?? []), path].sort());
  return new Map(
    [...tree].map(([path, inode]): [string, PathFacts] => {
      const group = names.get(inode) as readonly string[];
      return [
        path,
        {
          ...inode,
          mtime: Math.floor(inode.mtime),
          device: `${inode.deviceMajor}:${inode.deviceMinor}`,
          content: inode.sha256 || inode.linkTarget,
          group: group.length > 1 && inode.type !== 'directory' ? (group[0] as string) : '',
        },
      ];
    }),
  );
}
