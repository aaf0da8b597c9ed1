import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { targetTree } from '../../src/compose/target-tree.ts';
import type { Tree as InodeTree } from '../../src/compose/tree.ts';
import { arch } from '../../src/distros/arch/distro.ts';
import { installer } from '../../src/distros/arch/installer.ts';
import { parseSigLevel } from '../../src/distros/arch/sig-level.ts';
import type { InstalledPackage } from '../../src/distros/install.ts';
import { isAppError } from '../../src/model/app-error.ts';
import { archFileName, makeArchPackage } from '../fixtures/arch.ts';
import { tempDir } from '../fixtures/temp.ts';
import { CASES, specsOf } from './pacman-cases.ts';
import { FOREIGN } from './pacman-foreign-cases.ts';
import { differences, type Facts, factsOfFolder, type PathFacts, treeOfFacts } from './trees.ts';

/** No package's time */
const INSTALLED_AT = 1_790_000_000;
const LOCAL = 'var/lib/pacman/local';
const NEVER = { allowUntrusted: false, sigLevel: parseSigLevel('Never') };

for (const [name, one] of Object.entries({ ...CASES, ...FOREIGN })) {
  test(`as real pacman -U: ${name}`, async (t) => {
    if (process.getuid?.() !== 0) return t.skip('skipped: not root');
    if (!existsSync('/usr/bin/pacman')) return t.skip('skipped: no /usr/bin/pacman');
    const folder = tempDir(t);
    const archives = specsOf(one).map((spec) => ({
      path: join(folder, archFileName(spec, 'none')),
      bytes: makeArchPackage(spec, 'none'),
    }));
    for (const { path, bytes } of archives) writeFileSync(path, bytes);
    const real = realInstall(
      folder,
      archives.map(({ path }) => path),
    );
    const packages = await Promise.all(archives.map(({ path, bytes }) => installedFrom(path, bytes)));
    const build = () => treeOf(packages);
    if (one.refused !== undefined) {
      assert.match(real.output, /warning given when extracting/);
      assert.throws(
        build,
        (error) => isAppError(error, 'CONFLICT') && error.message.startsWith(`${one.refused}:`),
      );
      return;
    }
    if (real.status !== 0) {
      const clash = /root(\/.*?)\/? exists in both '(.+)' and '(.+)'/.exec(real.output);
      assert.ok(clash !== null || real.output.includes('not overwriting dir'), real.output);
      assert.throws(build, (error) => {
        // Without a second package the archive itself is at fault.
        if (clash === null) return isAppError(error, 'BAD_ARCHIVE') || isAppError(error, 'CONFLICT');
        if (!isAppError(error, 'CONFLICT')) return false;
        const [, path, ...names] = clash;
        return error.message.startsWith(`${path}: ${names[0]}-1-1 and ${names[1]}-1-1 cannot be installed`);
      });
      return;
    }
    assert.deepEqual(differences(treeOfFacts(factsOfTree(build())), treeOfFacts(factsOfRoot(real.root))), []);
  });
}

async function installedFrom(where: string, bytes: Buffer): Promise<InstalledPackage> {
  async function* chunks() {
    yield bytes;
  }
  const facts = await arch.archives.read({ chunks: chunks(), policy: NEVER, where });
  return { facts, reason: 'explicit', listed: false };
}

function treeOf(packages: readonly InstalledPackage[]): InodeTree {
  const own = installer({
    packages,
    targets: [],
    architecture: 'x86_64',
    system: { release: 'rolling', packageManager: '' },
    repositories: [],
    keys: [],
    mode: 'deferred',
    scripts: false,
    database: true,
    time: INSTALLED_AT,
  });
  return targetTree({ packages, rules: arch.install.tree, installer: own, time: INSTALLED_AT }).tree;
}

function realInstall(folder: string, archives: readonly string[]) {
  const root = join(folder, 'root');
  mkdirSync(join(root, 'var/lib/pacman/sync'), { recursive: true });
  const config = join(folder, 'pacman.conf');
  writeFileSync(config, '[options]\nArchitecture = x86_64\nSigLevel = Never\nLocalFileSigLevel = Never\n');
  const words = ['--config', config, '--root', root, '--cachedir', folder, '--noconfirm', '--noprogressbar'];
  const { status, stdout, stderr } = spawnSync(
    '/usr/bin/pacman',
    [...words, '--noscriptlet', '-U', ...archives],
    {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' },
    },
  );
  return { root, status, output: stdout + stderr };
}

/** With the time of our install in `desc`, and on whatever is new. */
function factsOfRoot(root: string): Facts {
  for (const name of readdirSync(join(root, LOCAL))) {
    const path = join(root, LOCAL, name, 'desc');
    if (!existsSync(path)) continue;
    const text = readFileSync(path, 'latin1').replace(/(?<=^%INSTALLDATE%\n)\d+$/m, `${INSTALLED_AT}`);
    writeFileSync(path, text, 'latin1');
  }
  return new Map(
    [...factsOfFolder(root)].map(([path, one]): [string, PathFacts] => [
      path,
      typeof one.mtime === 'number' && one.mtime > INSTALLED_AT ? { ...one, mtime: INSTALLED_AT } : one,
    ]),
  );
}

function factsOfTree(tree: InodeTree): Facts {
  const first = new Map<object, string>();
  const names = [...tree].sort(([a], [b]) => (a < b ? -1 : 1));
  const count = new Map<object, number>();
  for (const [, inode] of names) count.set(inode, (count.get(inode) ?? 0) + 1);
  return new Map(
    names.map(([path, inode]): [string, PathFacts] => {
      if (!first.has(inode)) first.set(inode, path);
      return [
        path,
        {
          type: inode.type,
          mode: inode.mode,
          uid: inode.uid,
          gid: inode.gid,
          mtime: Math.floor(inode.mtime),
          sizeBytes: inode.sizeBytes,
          device: `${inode.deviceMajor}:${inode.deviceMinor}`,
          content: inode.sha256 || inode.linkTarget,
          group: (count.get(inode) ?? 0) > 1 ? (first.get(inode) ?? '') : '',
          xattrs: inode.xattrs,
        },
      ];
    }),
  );
}
