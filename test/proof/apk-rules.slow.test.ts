import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { targetTree } from '../../src/compose/target-tree.ts';
import type { Tree } from '../../src/compose/tree.ts';
import { alpine } from '../../src/distros/alpine/distro.ts';
import { installer } from '../../src/distros/alpine/installer.ts';
import type { ApkGeneration } from '../../src/distros/alpine/releases.ts';
import type { Installation } from '../../src/distros/install.ts';
import { isAppError } from '../../src/model/app-error.ts';
import { installed, UNTRUSTED } from '../distros/alpine/installed.ts';
import { type ApkSpec, makeApk, makeApkIndex } from '../fixtures/apk.ts';
import { tempDir } from '../fixtures/temp.ts';
import { wholeIndex } from '../fixtures/whole-index.ts';
import { RULE_CASES } from './apk-cases.ts';
import { NO_ALPINE, realAlpine } from './compose-cli.ts';
import { type RealApk, realApk, realApk3 } from './real-apk.ts';
import { type Facts, factsOfFolder, type PathFacts, treeOfFacts } from './trees.ts';

const MADE_BY_APK = /^(lib\/apk\/db|etc\/apk|dev)\//;
/** Each script in scripts.tar has the time of the install, scripts.tar.gz the compressor's choices; a log has times. */
const UNCOMPARED = ['lib/apk/db/scripts.tar', 'lib/apk/db/scripts.tar.gz', 'var/log/apk.log'];

test('packages made to meet apk’s rules: the same tree and database, or the same refusal', async (t) => {
  const set = realAlpine();
  if (set === undefined) return t.skip(NO_ALPINE);
  const apk = realApk(set, join(tempDir(t), 'apk'));
  if (apk === undefined) return t.skip('skipped: real apk needs root on Linux, x86_64');
  await checkRules(t, apk, '2');
});

test('the same beside real apk 3, for a release that has it', async (t) => {
  const apk = realApk3(join(tempDir(t), 'apk'));
  if (typeof apk === 'string') return t.skip(`skipped: ${apk}`);
  await checkRules(t, apk, '3');
});

async function checkRules(t: TestContext, apk: RealApk, generation: ApkGeneration): Promise<void> {
  const system = { release: generation === '2' ? 'v3.22' : 'v3.23', packageManager: '' };
  for (const { name, packages, targets = [packages.at(-1)?.name ?? ''], ...more } of RULE_CASES) {
    const { refused, apk3 } = more;
    if ((more.only ?? generation) !== generation) continue;
    await t.test(name, async () => {
      const specs = packages.map((one): ApkSpec => ({ version: '1-r0', ...one }));
      const real = addReal(apk, specs, targets);
      const order = [...real.stdout.matchAll(/Installing (\S+) \(/g)].map(([, one]) => one);
      const read = async () => {
        const index = readFileSync(join(apk.folder, 'cases/x86_64/APKINDEX.tar.gz'));
        const { packages } = await wholeIndex(
          alpine.repositories.readIndex({
            bytes: index,
            policy: UNTRUSTED,
            where: 'the index',
          }),
        );
        const wanted = order.map((one) => specs.find((spec) => spec.name === one) as ApkSpec);
        return (await installed(...wanted)).map((one) => {
          const entry = packages.find((candidate) => candidate.name === one.facts.name);
          return entry === undefined ? one : { ...one, index: { entry, tag: '' } };
        });
      };
      const tree = async () => treeOf({ packages: await read(), targets, system });
      if (refused !== undefined && (generation === '2' || apk3 !== 'taken')) {
        assert.notEqual(real.status, 0, 'apk takes it');
        await assert.rejects(tree, (error) => isAppError(error) && refused.test(error.message));
        return;
      }
      assert.equal(real.status, 0, real.stderr);
      const ours = await tree();
      for (const path of ['lib/apk/db/installed', 'lib/apk/db/triggers', 'etc/apk/world'])
        assert.equal(contentOf(ours, path), readFileSync(join(apk.root, path), 'utf8'), path);
      const theirs = new Map(factsOfFolder(apk.root));
      if (generation === '3')
        assert.deepEqual(
          gunzipSync(bytesOf(ours, 'lib/apk/db/scripts.tar.gz')),
          gunzipSync(readFileSync(join(apk.root, 'lib/apk/db/scripts.tar.gz'))),
        );
      for (const path of UNCOMPARED) for (const facts of [ours, theirs]) facts.delete(path);
      assert.deepEqual(comparable(factsOfTree(ours)), comparable(theirs));
    });
  }
}

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

function treeOf({ packages, targets, system }: Pick<Installation, 'packages' | 'targets' | 'system'>): Tree {
  const time = 1_700_000_000;
  const own = installer({
    packages,
    targets,
    architecture: 'x86_64',
    system,
    repositories: [],
    keys: [],
    mode: 'static',
    scripts: false,
    database: true,
    time,
  });
  return targetTree({ packages, rules: alpine.install.tree, installer: own, time }).tree;
}

function contentOf(tree: Tree, path: string): string {
  return bytesOf(tree, path).toString('utf8');
}

function bytesOf(tree: Tree, path: string): Buffer {
  const content = tree.get(path)?.content;
  assert.equal(content?.kind, 'bytes', path);
  return content?.kind === 'bytes' ? Buffer.from(content.bytes) : Buffer.alloc(0);
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
