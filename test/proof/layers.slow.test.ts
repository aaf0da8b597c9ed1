import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ComposeReport } from '../../src/model/request.ts';
import { type ApkSpec, makeApk, makeApkIndex } from '../fixtures/apk.ts';
import { startDocker, type TestEngine } from '../fixtures/engine.ts';
import { tempDir } from '../fixtures/temp.ts';
import { type VerifiedImage, verifyImage } from '../output/verify-image.ts';
import { type Cli, composeCli, NO_ALPINE, realAlpine } from './compose-cli.ts';
import { differences, type Tree, type TreeDifference, treeOfFolder, treeOfImage } from './trees.ts';

const COUNT = 130;
/** What docker itself puts into every container. */
const DOCKERS_OWN = /^(\.dockerenv|dev(\/.*)?|proc|sys|etc\/(hostname|hosts|mtab|resolv\.conf)|etc)$/;

/** A repository of many small packages, each a chain link, a shared folder, own and hard-linked files. */
function manyPackages(folder: string): string {
  const specs: readonly ApkSpec[] = Array.from({ length: COUNT }, (_, at) => {
    const name = `p${String(at).padStart(3, '0')}`;
    return {
      name,
      version: '1.0-r0',
      depends: at === 0 ? [] : [`p${String(at - 1).padStart(3, '0')}`],
      files: [
        { path: 'srv/', mode: 0o711 },
        { path: 'srv/all/', mode: 0o1770, gid: 5, gname: 'tty' },
        { path: `srv/all/${name}`, content: `content of ${name}\n`, mode: at % 2 === 0 ? 0o644 : 0o4755 },
        {
          path: `srv/all/${name}.again`,
          type: 'hardlink',
          linkTarget: `srv/all/${name}`,
          mode: at % 2 === 0 ? 0o644 : 0o4755,
        },
        { path: 'opt/' },
        { path: `opt/${name}/` },
        { path: `opt/${name}/link`, linkTarget: `../../srv/all/${name}` },
      ],
      // A repack of what no engine would read to its end.
      ...(at === 7 ? { earlyEnd: true } : {}),
    };
  });
  const entries = specs.map((spec) => ({ spec, bytes: makeApk(spec) }));
  for (const { spec, bytes } of entries)
    writeFileSync(join(folder, `${spec.name}-${spec.version}.apk`), bytes);
  writeFileSync(join(folder, 'APKINDEX.tar.gz'), makeApkIndex(entries));
  return folder;
}

/** The root of a container that was made and never started. */
function exported(t: TestContext, docker: TestEngine, image: string): Tree {
  const folder = tempDir(t);
  const tar = join(folder, 'a.tar');
  const root = join(folder, 'root');
  mkdirSync(root);
  const id = docker.run(['create', '--network=none', image, 'none']).trim();
  docker.run(['export', '-o', tar, id]);
  docker.run(['rm', id]);
  const { status, stderr } = spawnSync('tar', ['-xpf', tar, '--numeric-owner', '-C', root], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return treeOfFolder(root);
}

/** Everything but who brought it; folders without time, which depends on how layers were cut. */
function flattened(image: VerifiedImage) {
  return new Map(
    [...image.rootfs].map(([path, entry]) => {
      const { layer: _layer, implicit: _implicit, mtime, ...rest } = entry;
      return [path, { ...rest, mtime: entry.type === 'directory' ? 0 : mtime }];
    }),
  );
}

function assertSameInDocker(container: Tree, image: Tree): void {
  const left: readonly TreeDifference[] = differences(container, image);
  assert.deepEqual(
    left.filter(({ path }) => !DOCKERS_OWN.test(path)),
    [],
  );
}

function namesOf(report: ComposeReport): readonly string[] {
  return report.layers.flatMap(({ packages }) => packages);
}

async function composed(cli: Cli, folder: string, words: readonly string[]) {
  const path = join(folder, 'a.tar');
  const report = cli.compose([...words, '-o', path]);
  return { path, report, image: await verifyImage(path) };
}

test('layers, caps and docker', async (t) => {
  const docker = await startDocker(t);

  await t.test(
    '130 packages against the cap: few enough layers, docker loads them, and nothing is missing',
    async (t) => {
      if (docker === undefined) return t.skip('skipped: no docker engine');
      const folder = tempDir(t);
      const repository = manyPackages(tempDir(t));
      const cli = composeCli(folder);
      const words = [
        'p129',
        '--distro',
        'alpine',
        '--arch',
        'x86_64',
        '--repo',
        repository,
        '--allow-untrusted',
      ];

      const trees: Tree[] = [];
      for (const [options, most] of [
        [[], 100],
        [['--max-layers', '125'], 125],
        [['--max-layers', '2'], 2],
        [['--max-layers', '1'], 1],
        [['--layers', 'bundle'], 100],
        [['--layers', 'single'], 1],
      ] as const) {
        const { path, report, image } = await composed(cli, folder, [...words, ...options, '-t', 'many']);
        const what = options.join(' ');
        assert.ok(report.layers.length <= most, `${what}: ${report.layers.length}`);
        assert.ok(
          report.layers.length === most || options[0] === '--layers',
          `${what}: no fewer than that either`,
        );
        assert.equal(report.plan.packages.length, COUNT);
        assert.deepEqual(
          [...namesOf(report)].sort(),
          Array.from({ length: COUNT }, (_, at) => `p${String(at).padStart(3, '0')}-1.0-r0`),
          what,
        );
        const tree = treeOfImage(image);
        assert.equal(
          [...tree.keys()].filter((name) => /^srv\/all\/p\d+(\.again)?$/.test(name)).length,
          2 * COUNT,
          what,
        );
        assert.match(tree.get('srv/all') ?? '', /^directory 1770 0:5$/);
        assert.match(tree.get('srv/all/p129') ?? '', /^file 4755 /);
        trees.push(tree);
        if (most < 100) continue;
        assert.match(docker.run(['load', '-i', path]), /Loaded image: many:latest/);
        assertSameInDocker(exported(t, docker, 'many'), tree);
      }
      for (const tree of trees) assert.deepEqual(differences(trees[0] as Tree, tree), []);

      // The default leaves room for what a Dockerfile adds.
      cli.compose([...words, '-o', join(folder, 'a.tar'), '-t', 'many']);
      docker.run(['load', '-i', join(folder, 'a.tar')]);
      const lines = Array.from({ length: 20 }, (_, at) => `COPY Dockerfile /added/${at}\n`).join('');
      const context = tempDir(t);
      writeFileSync(join(context, 'Dockerfile'), `FROM many\n${lines}`);
      docker.run(['build', '--network=none', '-t', 'more', context]);
    },
  );

  await t.test(
    'an archive that engines would read in part is repacked, named, and complete in docker',
    async (t) => {
      if (docker === undefined) return t.skip('skipped: no docker engine');
      const folder = tempDir(t);
      const cli = composeCli(folder);
      const repository = manyPackages(tempDir(t));
      const words = [
        'p009',
        '--distro',
        'alpine',
        '--arch',
        'x86_64',
        '--repo',
        repository,
        '--allow-untrusted',
      ];
      const { path, report, image } = await composed(cli, folder, [...words, '-t', 'partly']);
      const repacked = report.layers.filter(({ kind, derived }) => kind === 'package' && derived !== '');
      assert.deepEqual(
        repacked.map(({ packages }) => packages),
        [['p007-1.0-r0']],
      );
      assert.ok(
        report.notes.some((note) => note.includes('p007-1.0-r0')),
        report.notes.join(),
      );
      const printed = cli.run([...words, '-o', path]);
      assert.match(printed.stdout + printed.stderr, /p007-1\.0-r0/, 'named for people too');
      docker.run(['load', '-i', path]);
      const tree = exported(t, docker, 'pkgcompose/p009');
      for (let at = 0; at < 10; at += 1) assert.ok(tree.has(`srv/all/p00${at}.again`), String(at));
      assertSameInDocker(tree, treeOfImage(image));
      assert.ok(readdirSync(folder).includes('a.tar'));
    },
  );

  await t.test(
    'real Alpine: package, bundle and single layers, and every small cap, give one root',
    async (t) => {
      const alpine = realAlpine();
      if (alpine === undefined) return t.skip(NO_ALPINE);
      const folder = tempDir(t);
      const cli = composeCli(folder);
      const flat = async (...options: readonly string[]) => {
        const { image, report, path } = await composed(cli, folder, [
          ...resolvable(alpine.folders),
          ...alpine.source,
          ...options,
          '-t',
          'many-real',
        ]);
        return {
          path,
          tree: treeOfImage(image),
          root: flattened(image),
          layers: report.layers.length,
          count: report.plan.packages.length,
        };
      };
      const whole = await flat('--max-layers', '125');
      assert.equal(whole.count, 176);
      assert.ok(whole.root.size > 5000);
      for (const [most, options] of [
        [100, []],
        [100, ['--layers', 'bundle']],
        [1, ['--layers', 'single']],
      ] as const) {
        const { path, tree, root, layers } = await flat(...options);
        assert.ok(layers <= most, `${options}: ${layers}`);
        if (docker !== undefined && options.length === 0) {
          docker.run(['load', '-i', path]);
          assertSameInDocker(exported(t, docker, 'many-real'), tree);
        }
        const differing = [...new Set([...root.keys(), ...whole.root.keys()])].filter(
          (path) => JSON.stringify(root.get(path)) !== JSON.stringify(whole.root.get(path)),
        );
        assert.deepEqual(
          differing.map((path) => [path, root.get(path), whole.root.get(path)]).slice(0, 5),
          [],
          options.join(' '),
        );
      }
    },
  );
});

/** All that the data can resolve: neither python3 nor llvm is in it, and vlan and ifupdown-ng exclude each other. */
const UNRESOLVABLE = /^(py3-|python3|llvm|vlan$|network-extras$)/;

function resolvable(folders: readonly string[]): readonly string[] {
  const names = folders.flatMap((folder) => readdirSync(folder)).filter((name) => name.endsWith('.apk'));
  return [...new Set(names.map((name) => name.replace(/-[0-9][^-]*-r[0-9]+\.apk$/, '')))]
    .filter((name) => !UNRESOLVABLE.test(name))
    .sort();
}
