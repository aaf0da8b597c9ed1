import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { targetTree } from '../../src/compose/target-tree.ts';
import type { Tree } from '../../src/compose/tree.ts';
import type { InstalledPackage, Installer, TreeRules } from '../../src/distros/install.ts';
import { isAppError } from '../../src/model/app-error.ts';
import { entry, installed } from './entries.ts';

const rules: TreeRules = {
  isMetadata: ({ path }) => path.startsWith('.'),
  mergeDirectory: (current, next) => ({ ...current, mode: current.mode & next.mode }),
  decideClash: ({ later }) =>
    later.facts.name === 'replacer' ? 'later' : later.facts.name === 'modest' ? 'earlier' : 'refuse',
};

const quiet: Installer = {
  begin() {},
  before() {},
  owner: ({ uid, gid }) => ({ uid, gid }),
  after() {},
  end: () => ({ pendingSteps: [], appliedSteps: [] }),
};

function build(...packages: InstalledPackage[]) {
  return targetTree({ packages, rules, installer: quiet, time: 5 });
}

function show(tree: Tree): string[] {
  return [...tree]
    .map(
      ([path, inode]) => `${inode.type} ${path}${inode.linkTarget === '' ? '' : ` -> ${inode.linkTarget}`}`,
    )
    .sort();
}

describe('the tree the package manager makes', () => {
  test('root members are not installed', () => {
    assert.deepEqual(show(build(installed('a', ['f .PKGINFO x', 'd bin', 'f bin/a 1'])).tree), [
      'directory bin',
      'file bin/a',
    ]);
  });

  test('a real directory over another package’s symlink follows it', () => {
    const { tree } = build(
      installed('base', ['d usr', 'd usr/lib', 'l lib usr/lib']),
      installed('a', ['d lib', 'f lib/x 1', 'd lib/deep', 'f lib/deep/y 2']),
    );
    assert.deepEqual(show(tree), [
      'directory usr',
      'directory usr/lib',
      'directory usr/lib/deep',
      'file usr/lib/deep/y',
      'file usr/lib/x',
      'symlink lib -> usr/lib',
    ]);
  });

  test('relative and absolute links, and links through links', () => {
    const { tree } = build(
      installed('base', ['d run', 'd var', 'l var/run ../run', 'l var/r2 /var/run']),
      installed('a', ['f var/r2/pid 1']),
    );
    assert.ok(tree.has('run/pid'));
    assert.equal(tree.has('var/r2/pid'), false);
  });

  test('a link cannot lead out of the root', () => {
    const { tree } = build(installed('base', ['l up ../../..']), installed('a', ['d etc', 'f up/etc/x 1']));
    assert.ok(tree.has('etc/x'));
  });

  test('a symlink loop is named', () => {
    assert.throws(
      () => build(installed('base', ['l a b', 'l b a']), installed('p', ['f a/x 1'])),
      (error) => isAppError(error, 'BAD_ARCHIVE') && /p-1-r0: .*too many levels/.test(error.message),
    );
  });

  test('of a directory that one package lists twice the first or the last entry counts, as the tool has it', () => {
    const files = [
      entry('d opt', { mode: 0o700 }),
      entry('f opt/a 1'),
      entry('d opt', { mode: 0o755, uid: 5 }),
    ];
    const modeAndOwner = (repeatedDirectory?: 'first' | 'last'): unknown => {
      const own = repeatedDirectory === undefined ? rules : { ...rules, repeatedDirectory };
      const { tree } = targetTree({
        packages: [installed('a', files)],
        rules: own,
        installer: quiet,
        time: 5,
      });
      const { mode, uid } = tree.get('opt') as { mode: number; uid: number };
      return [mode, uid];
    };
    assert.deepEqual(modeAndOwner(), [0o700, 0]);
    assert.deepEqual(modeAndOwner('first'), [0o700, 0]);
    assert.deepEqual(modeAndOwner('last'), [0o755, 5]);
  });

  test('directory modes merge by the tool’s rule', () => {
    const { tree } = build(installed('a', ['d tmp 1777']), installed('b', ['d tmp 755']));
    assert.equal(tree.get('tmp')?.mode, 0o755);
  });

  test('missing parents are made 0755', () => {
    const { tree } = build(installed('a', ['f opt/x/y 1']));
    assert.deepEqual([tree.get('opt')?.mode, tree.get('opt/x')?.mode], [0o755, 0o755]);
  });

  test('a clash that the tool refuses names both owners and the path', () => {
    assert.throws(
      () => build(installed('a', ['f x 1']), installed('b', ['f x 2'])),
      (error) => isAppError(error, 'CONFLICT') && /^\/x: a-1-r0 and b-1-r0 /.test(error.message),
    );
  });

  test('a clash that the tool decides is reported, winner and loser', () => {
    const one = installed('a', ['f x 1']);
    const two = installed('replacer', ['f x 22']);
    const three = installed('modest', ['f x 333']);
    const { tree, clashes } = build(one, two, three);
    assert.equal(tree.get('x')?.sizeBytes, 2);
    assert.deepEqual(
      clashes.map(({ winner, loser }) => [winner.facts.name, loser.facts.name]),
      [
        ['replacer', 'a'],
        ['replacer', 'modest'],
      ],
    );
  });

  test('a clash through a symlinked directory is seen', () => {
    assert.throws(
      () =>
        build(
          installed('base', ['d usr', 'd usr/bin', 'l bin usr/bin', 'f usr/bin/x 1']),
          installed('b', ['f bin/x 2']),
        ),
      (error) => isAppError(error, 'CONFLICT') && error.message.startsWith('/usr/bin/x:'),
    );
  });

  test('a file where a directory is, and a directory where a file is, are refused', () => {
    assert.throws(() => build(installed('a', ['d x']), installed('b', ['f x 1'])), /CONFLICT|directory/);
    assert.throws(
      () => build(installed('a', ['f x 1']), installed('b', ['d x'])),
      /^AppError: \/x: a-1-r0 and b-1-r0 cannot be installed together: a file already exists there/,
    );
    assert.throws(() => build(installed('a', ['f x 1']), installed('b', ['f x/y 1'])), /not a directory/);
  });

  test('a file over a directory names the first package that has something there', () => {
    for (const [first, ...more] of [
      [['d x'], ['d x', 'f x/y 1']],
      [['f x/y 1'], ['d x']],
      [['d x/y/z'], ['d x']],
    ] as const) {
      const packages = [['d xy', 'f xy/z 1', 'f z/x 1'], first, ...more].map((lines, at) =>
        installed(`p${at}`, lines),
      );
      assert.throws(
        () => build(...packages, installed('last', ['f x 1'])),
        (error) => isAppError(error, 'CONFLICT') && error.message.startsWith('/x: p1-1-r0 and last-1-r0 '),
      );
    }
  });

  describe('where folders must be there', () => {
    const strict = (more: Partial<TreeRules>, ...packages: InstalledPackage[]) =>
      targetTree({
        packages,
        rules: { ...rules, needsParents: true, ...more },
        installer: quiet,
        time: 5,
      }).tree;
    const refused = (more: Partial<TreeRules>, lines: readonly string[], what: RegExp) =>
      assert.throws(
        () => strict(more, installed('base', ['f file 1', 'l nowhere absent']), installed('a', lines)),
        (error) => isAppError(error, 'BAD_ARCHIVE') && what.test(error.message),
      );

    test('an entry without its folder is refused, a directory too', () => {
      for (const line of ['f a/b 1', 'l a/b c', 'd a/b', 'f file/b 1', 'd nowhere/b'])
        refused({}, [line], /\/(a|file|nowhere) is not a folder/);
      assert.equal(strict({}, installed('a', ['d a', 'f a/b 1'])).get('a/b')?.type, 'file');
    });

    test('where a directory’s parents are made, nothing else’s are, nor over what is there', () => {
      const makes = { makesParents: true };
      const tree = strict(makes, installed('a', ['d a/b/c 700']));
      assert.deepEqual(
        ['a', 'a/b', 'a/b/c'].map((path) => tree.get(path)?.mode),
        [0o755, 0o755, 0o700],
      );
      for (const line of ['f a/b 1', 'l a/b c', 'd file/b', 'd nowhere/b'])
        refused(makes, [line], /\/(a|file|nowhere) is not a folder/);
    });
  });

  test('hard links share one inode; one to nothing is refused', () => {
    const { tree } = build(installed('a', ['f x 1', 'h y x']));
    assert.equal(tree.get('x'), tree.get('y'));
    assert.throws(() => build(installed('a', ['h y nowhere'])), /hard link y points at nowhere/);
  });

  test('generated files get their parents', () => {
    const { tree } = targetTree({
      packages: [installed('a', ['d usr', 'd usr/pkg', 'l .x .'])],
      rules,
      installer: {
        ...quiet,
        end(root) {
          const content = Buffer.from('#!/bin/sh\n');
          root.put('.pkg/alpine/a/post-install', { type: 'file', mode: 0o755, content });
          return { pendingSteps: [], appliedSteps: [] };
        },
      },
      time: 5,
    });
    assert.equal(tree.get('.pkg/alpine/a/post-install')?.mode, 0o755);
    assert.equal(tree.get('.pkg')?.type, 'directory');
  });

  test('owners, xattrs and devices come through', () => {
    const { tree } = build(
      installed('a', [
        entry('f x 1', { uid: 7, gid: 8, mode: 0o4755, xattrs: { 'security.capability': 'AQ==' } }),
      ]),
    );
    const { uid, gid, mode, xattrs } = tree.get('x') as never as Record<string, unknown>;
    assert.deepEqual(
      { uid, gid, mode, xattrs },
      { uid: 7, gid: 8, mode: 0o4755, xattrs: { 'security.capability': 'AQ==' } },
    );
  });
});
