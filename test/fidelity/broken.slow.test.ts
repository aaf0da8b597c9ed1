import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { openWorkshop, workFolder } from './check.ts';
import { umoci } from './unpack.ts';

const FILE = 'usr/bin/fx-both';
const LINKED = ['usr/lib/fx-one', 'usr/lib/fx-two', 'usr/libexec/fx-three'];

/** What is done to the image's tree, and the paths that must then differ. */
const BROKEN: readonly (readonly [what: string, paths: readonly string[], damage: (root: string) => void])[] =
  [
    ['one mode bit', [FILE], (root) => chmodSync(join(root, FILE), 0o6710)],
    ['a lost setuid bit', ['usr/bin/fx-setuid'], (root) => chmodSync(join(root, 'usr/bin/fx-setuid'), 0o755)],
    ['a folder’s mode', ['var/fx-sticky'], (root) => chmodSync(join(root, 'var/fx-sticky'), 0o777)],
    ['an owner', ['usr/bin/fx-none'], (root) => chownSync(join(root, 'usr/bin/fx-none'), 1, 0)],
    ['a group', ['usr/bin/fx-none'], (root) => chownSync(join(root, 'usr/bin/fx-none'), 0, 1)],
    [
      'a symlink’s owner',
      ['usr/lib/fx-dangling'],
      (root) => lchownSync(join(root, 'usr/lib/fx-dangling'), 1, 0),
    ],
    ['a time, by a second', ['usr/bin/fx-none'], (root) => shiftTime(join(root, 'usr/bin/fx-none'))],
    [
      'a byte',
      ['usr/bin/fx-user'],
      (root) => keepingTime(join(root, 'usr/bin/fx-user'), (path) => writeFileSync(path, 'usex')),
    ],
    [
      'a byte more',
      ['usr/bin/fx-user'],
      (root) => keepingTime(join(root, 'usr/bin/fx-user'), (path) => appendFileSync(path, '\0')),
    ],
    ['a missing file', ['usr/bin/fx-user'], (root) => rmSync(join(root, 'usr/bin/fx-user'))],
    [
      'a missing folder',
      ['var/fx-sticky'],
      (root) => rmSync(join(root, 'var/fx-sticky'), { recursive: true }),
    ],
    ['a file too many', ['usr/extra'], (root) => writeFileSync(join(root, 'usr/extra'), '')],
    ['a folder too many', ['extra'], (root) => mkdirSync(join(root, 'extra'))],
    [
      'a name that is no UTF-8',
      ['usr/\udcff'],
      (root) => writeFileSync(Buffer.concat([Buffer.from(`${root}/usr/`), Buffer.of(0xff)]), ''),
    ],
    [
      'another link target',
      ['usr/lib/fx-dangling'],
      (root) => {
        rmSync(join(root, 'usr/lib/fx-dangling'));
        symlinkSync('nowhere/at-all', join(root, 'usr/lib/fx-dangling'));
      },
    ],
    [
      'a hard link that became a copy',
      ['usr/libexec/fx-three'],
      (root) => split(join(root, 'usr/libexec/fx-three')),
    ],
    ['a group of hard links without its first', LINKED, (root) => split(join(root, 'usr/lib/fx-one'))],
    [
      'two files that became one',
      ['usr/bin/fx-setgid', 'usr/extra'],
      (root) => linkSync(join(root, 'usr/bin/fx-setgid'), join(root, 'usr/extra')),
    ],
    [
      'a folder in place of a file',
      ['usr/bin/fx-user'],
      (root) => {
        rmSync(join(root, 'usr/bin/fx-user'));
        mkdirSync(join(root, 'usr/bin/fx-user'));
      },
    ],
    [
      'a link in place of a file',
      ['usr/bin/fx-user', 'usr/bin/fx-user-'],
      (root) => {
        renameSync(join(root, 'usr/bin/fx-user'), join(root, 'usr/bin/fx-user-'));
        symlinkSync('fx-user-', join(root, 'usr/bin/fx-user'));
      },
    ],
    [
      'another device',
      ['dev/fx-character'],
      (root) => {
        rmSync(join(root, 'dev/fx-character'));
        ok('mknod', '-m', '666', join(root, 'dev/fx-character'), 'c', '1', '5');
        utimesSync(join(root, 'dev/fx-character'), 1_700_000_000, 1_700_000_000);
      },
    ],
    [
      'a changed xattr',
      ['usr/bin/fx-user'],
      (root) => xattr('setxattr', join(root, 'usr/bin/fx-user'), "b'x'"),
    ],
    ['a lost xattr', ['usr/bin/fx-user'], (root) => xattr('removexattr', join(root, 'usr/bin/fx-user'))],
    ['a folder’s xattr', ['usr'], (root) => xattr('setxattr', join(root, 'usr'), "b''")],
    [
      'a byte of the database',
      ['lib/apk/db/installed'],
      (root) =>
        keepingTime(join(root, 'lib/apk/db/installed'), (path) =>
          writeFileSync(path, readFileSync(path, 'utf8').replace('P:fx-modes', 'P:fx-mode-')),
        ),
    ],
    ['a log where none is allowed', ['var/log'], (root) => mkdirSync(join(root, 'var/log'))],
  ];

test('a tree that is broken in one way differs in just that', async (t) => {
  const folder = workFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const workshop = openWorkshop(folder);
  const tool = await workshop.tool('alpine');
  if (typeof tool === 'string') return t.skip(`skipped: ${tool}`);
  const packages = ['fx-links', 'fx-modes', 'fx-xattrs', 'fx-devices'];
  const bench = await workshop.open({ name: 'broken', distro: 'alpine', packages });
  const pathsOf = async (damage: (root: string) => void) => {
    const unpacker = {
      ...umoci,
      async unpack(image: string, root: string) {
        await umoci.unpack(image, root);
        damage(root);
      },
    };
    const options = { install: 'deferred', after: false, keep: false, unpacker } as const;
    return (await bench.check(options)).differences.map(({ path }) => path);
  };
  assert.deepEqual(await pathsOf(() => {}), []);
  for (const [what, paths, damage] of BROKEN)
    await t.test(what, async () => assert.deepEqual(await pathsOf(damage), [...paths].sort()));
});

test('npm run fidelity: exit status 1 where something differs or fails, 2 where a word is not understood', (t) => {
  const program = resolve(import.meta.dirname, 'fidelity.ts');
  const run = (...words: readonly string[]) =>
    spawnSync(process.execPath, [program, ...words], { encoding: 'utf8' });
  const none = run('nosuch');
  assert.equal(none.status, 2);
  assert.match(none.stderr, /^no set nosuch; there are: musl /);
  assert.equal(run().status, 2);
  assert.equal(run('--install', 'never', 'musl').status, 2);
  const same = run('alpine:fx-links');
  if (/ real apk needs |not here/.test(same.stdout)) return t.skip(`skipped: ${same.stdout.trim()}`);
  assert.match(same.stdout, /^same {4}alpine alpine:fx-links: \d+ paths, 0 differ, /);
  assert.equal(same.status, 0);
  const failed = run('--json', 'alpine:fx-links', 'alpine:nosuch');
  assert.equal(failed.status, 1);
  assert.deepEqual(
    failed.stdout
      .trim()
      .split('\n')
      .map((line) => Object.hasOwn(JSON.parse(line), 'error'))
      .sort(),
    [false, true],
  );
});

function shiftTime(path: string): void {
  const { atimeMs, mtimeMs } = lstatSync(path);
  lutimesSync(path, atimeMs / 1000, mtimeMs / 1000 + 1);
}

function keepingTime(path: string, change: (path: string) => void): void {
  const { atimeMs, mtimeMs } = lstatSync(path);
  change(path);
  utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
}

function split(path: string): void {
  const { mode, atimeMs, mtimeMs } = lstatSync(path);
  copyFileSync(path, `${path}.copy`);
  renameSync(`${path}.copy`, path);
  chmodSync(path, mode);
  utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
}

function xattr(call: 'setxattr' | 'removexattr', path: string, value = ''): void {
  const args = ['sys.argv[1]', "'user.fx'", ...(value === '' ? [] : [value])];
  ok('python3', '-c', `import os, sys; os.${call}(${args.join(', ')})`, path);
}

function ok(program: string, ...words: readonly string[]): void {
  const { status, stderr } = spawnSync(program, words, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}
