import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { TreeRoot } from '../../../src/compose/root.ts';
import { Tree } from '../../../src/compose/tree.ts';
import { writeLocalDatabase } from '../../../src/distros/arch/local-db.ts';
import { readPackageArchive } from '../../../src/distros/arch/package-archive.ts';
import { parseSigLevel } from '../../../src/distros/arch/sig-level.ts';
import { tree as rules } from '../../../src/distros/arch/tree.ts';
import type { Installation, InstalledPackage } from '../../../src/distros/install.ts';
import { type ArchSpec, type FixtureFile, makeArchPackage } from '../../fixtures/arch.ts';
import { installed } from './installed.ts';

const LOCAL = 'var/lib/pacman/local';

async function packageOf(spec: ArchSpec, more: Partial<InstalledPackage> = {}): Promise<InstalledPackage> {
  const bytes = makeArchPackage(spec, 'none');
  async function* chunks() {
    yield bytes;
  }
  const policy = { allowUntrusted: false, sigLevel: parseSigLevel('Never') };
  const facts = await readPackageArchive({ chunks: chunks(), policy, where: spec.name });
  return { facts, reason: 'explicit', ...more };
}

function write(...packages: InstalledPackage[]): TreeRoot {
  const root = new TreeRoot(new Tree(), 5);
  const installation: Installation = {
    packages,
    targets: [],
    architecture: 'x86_64',
    system: { release: 'rolling', packageManager: '' },
    repositories: [],
    keys: [],
    mode: 'static',
    scripts: true,
    database: true,
    time: 1234,
  };
  writeLocalDatabase(installation, root);
  return root;
}

function read(root: TreeRoot, path: string): string {
  return Buffer.from(root.read(`${LOCAL}/${path}`) ?? assert.fail(`no ${path}`)).toString();
}

const SPEC: ArchSpec = {
  name: 'a',
  version: '1:2-3',
  base: 'b',
  description: 'naïve',
  groups: ['g'],
  license: ['MIT', 'GPL'],
  depends: ['c>=1'],
  optdepends: ['d: for: e'],
  provides: ['f=1'],
  conflicts: ['h'],
  replaces: ['i'],
  backup: ['etc/a', 'etc/none', 'etc/a'],
  install: 'post_install() { :; }\n',
  moreInfo: ['xdata = pkgtype=pkg'],
  files: [
    { path: 'etc/' },
    { path: 'etc/a', content: '1' },
    { path: '.CHANGELOG', content: 'news', uid: 3, mtime: 7 },
  ],
};

test('a package’s entry, as pacman writes it', async () => {
  const root = write(await packageOf(SPEC, { reason: 'dependency' }));
  assert.equal(read(root, 'ALPM_DB_VERSION'), '9\n');
  assert.deepEqual(root.list(`${LOCAL}/a-1:2-3`), ['changelog', 'desc', 'files', 'install', 'mtree']);
  assert.equal(
    read(root, 'a-1:2-3/desc'),
    `%NAME%\na\n\n%VERSION%\n1:2-3\n\n%BASE%\nb\n\n%DESC%\nnaïve\n\n%URL%\nhttps://example.test/\n\n%ARCH%\nx86_64\n
%BUILDDATE%\n1700000000\n\n%INSTALLDATE%\n1234\n\n%PACKAGER%\nFixture <fixture@example.test>\n\n%SIZE%\n5\n\n%REASON%\n1\n
%GROUPS%\ng\n\n%LICENSE%\nMIT\nGPL\n\n%VALIDATION%\nsha256\n\n%REPLACES%\ni\n\n%DEPENDS%\nc>=1\n\n%OPTDEPENDS%\nd: for: e\n
%CONFLICTS%\nh\n\n%PROVIDES%\nf=1\n\n%XDATA%\npkgtype=pkg\n\n`,
  );
  assert.equal(
    read(root, 'a-1:2-3/files'),
    '%FILES%\netc/\netc/a\n\n%BACKUP%\netc/a\tc4ca4238a0b923820dcc509a6f75849b\netc/none\t(null)\netc/a\t(null)\n\n',
  );
  const { mode, uid, mtime } = root.stat(`${LOCAL}/a-1:2-3/changelog`) ?? assert.fail();
  assert.deepEqual({ mode, uid, mtime }, { mode: 0o644, uid: 3, mtime: 7 });
});

test('what was compared: the signature, else the checksum, else nothing', async () => {
  const one = await packageOf(SPEC);
  const said = (installed: InstalledPackage) =>
    /%VALIDATION%\n(.*)\n\n/.exec(read(write(installed), 'a-1:2-3/desc'))?.[1];
  assert.equal(said(one), 'sha256');
  assert.equal(said({ ...one, listed: false }), 'none');
  assert.equal(said({ ...one, facts: { ...one.facts, signedBy: 'ABCD' } }), 'pgp');
});

test('%XDATA% is left out for an image whose own pacman does not know it', async () => {
  const one = await packageOf(SPEC);
  const has = (version: string) =>
    read(write(one, installed({ name: 'pacman', version })), 'a-1:2-3/desc').includes('%XDATA%');
  assert.deepEqual(['5.0.2-2', '6.0.2-9', '6.1.0-1', '1:1-1'].map(has), [false, false, true, true]);
});

test('what .MTREE lists counts, if it is one', async () => {
  const listing = (mtree: Uint8Array) =>
    packageOf({
      name: 'm',
      version: '1-1',
      bare: true,
      files: [
        { path: '.MTREE', content: mtree },
        { path: 'usr/' },
        { path: 'usr/x', content: '' },
        { path: '.MTREE paths', content: 'hostile' },
      ],
    });
  const files = async (mtree: Uint8Array) => read(write(await listing(mtree)), 'm-1-1/files');
  const more = '#mtree\n/set type=file\n./usr type=dir\n./usr/x\n./usr/\\303\\251\\134\n./.PKGINFO\n';
  assert.equal(await files(gzipSync(more)), '%FILES%\nusr/\nusr/x\nusr/é\\\n\n');
  const same = '%FILES%\nusr/\nusr/x\n\n';
  for (const other of [
    Buffer.from(more.slice(1)),
    gzipSync('no mtree'),
    gzipSync(more).subarray(0, 30),
    Buffer.alloc(0),
  ])
    assert.equal(await files(other), same);
});

test('names of any bytes, in strcmp order; numbers that are none; nothing at all', async () => {
  const files = ['\u{1f600}', '\uffee', 'z', '\udcff', '__proto__'].map((path) => ({ path, content: '' }));
  const odd = await packageOf({
    name: 'o',
    version: '1-1',
    files,
    bare: true,
    backup: ['__proto__'],
    moreInfo: ['size = x', 'builddate = x', 'reason = 7', 'validation = y', 'installdate = 3'],
  });
  const root = write(odd);
  const bytes = Buffer.from(root.read(`${LOCAL}/o-1-1/files`) ?? []);
  assert.deepEqual(
    bytes,
    Buffer.concat([
      Buffer.from('%FILES%\n__proto__\nz\n\uffee\n\u{1f600}\n'),
      Buffer.of(0xff),
      Buffer.from('\n\n%BACKUP%\n__proto__\td41d8cd98f00b204e9800998ecf8427e\n\n'),
    ]),
  );
  const desc = read(root, 'o-1-1/desc');
  assert.match(desc, /\n%SIZE%\n-1\n/);
  assert.match(desc, /\n%INSTALLDATE%\n1234\n/);
  assert.doesNotMatch(desc, /BUILDDATE|REASON|\ny\n/);
  const empty = write(await packageOf({ name: 'e', version: '1-1', bare: true }));
  assert.equal(read(empty, 'e-1-1/files'), '');
  assert.deepEqual(empty.list(`${LOCAL}/e-1-1`), ['desc', 'files']);
});

/** As nfpm and fpm pack: `.PKGINFO` behind the files, folders of `.MTREE` with a slash. */
async function foreign(
  info: string,
  mtree: string,
  files: readonly FixtureFile[],
): Promise<InstalledPackage> {
  const pkginfo = { path: '.PKGINFO', content: `pkgname = n\npkgver = 1-1\narch = any\n${info}` };
  const listing = { path: '.MTREE', content: gzipSync(`#mtree\n${mtree}`) };
  return packageOf({
    name: 'n',
    version: '1-1',
    bare: true,
    noInfo: true,
    files: [...files, pkginfo, ...(mtree === '' ? [] : [listing])],
  });
}

test('a package that makepkg did not make: one slash behind folders, sums of files in front of .PKGINFO', async () => {
  const files = [{ path: 'etc/' }, { path: 'etc/a', content: '1' }];
  const mtree = './etc/ mode=755 type=dir\n./etc/a type=file\n';
  for (const listing of [mtree, '']) {
    const root = write(await foreign('backup = etc/a\n', listing, files));
    assert.equal(
      read(root, 'n-1-1/files'),
      '%FILES%\netc/\netc/a\n\n%BACKUP%\netc/a\tc4ca4238a0b923820dcc509a6f75849b\n\n',
    );
  }
});

test('backup of links is the sum of what they lead to, if that was unpacked before', async () => {
  const files: readonly FixtureFile[] = [
    { path: 'early', linkTarget: 'f' },
    { path: 'd/' },
    { path: 'f', content: '1' },
    { path: 'd/late', linkTarget: '../f' },
    { path: 'd/hard', type: 'hardlink', linkTarget: 'f' },
    { path: 'gone', linkTarget: 'nowhere' },
    { path: 'loop', linkTarget: 'loop' },
    { path: 'folder', linkTarget: 'd' },
  ];
  const named = ['early', 'd/late', 'd/hard', 'gone', 'loop', 'folder', 'd', '/f'];
  const { facts } = await foreign(named.map((path) => `backup = ${path}\n`).join(''), '', files);
  const md5 = 'c4ca4238a0b923820dcc509a6f75849b';
  assert.deepEqual(facts.backupMd5, { 'd/late': md5, 'd/hard': md5 });
});

test('what .MTREE does not list is not installed', async () => {
  const files = [{ path: 'etc/' }, { path: 'etc/a', content: '1' }, { path: 'etc/b', content: '2' }];
  const listed = await foreign('backup = etc/b\n', './etc type=dir\n./etc/a type=file\n', files);
  const skipped = listed.facts.files.filter((entry) => rules.passesOver?.(listed.facts, entry) === true);
  assert.deepEqual(
    skipped.map(({ path }) => path),
    ['etc/b', '.PKGINFO', '.MTREE'],
  );
  assert.deepEqual(listed.facts.backupMd5, {});
});

test('a folder that the tar names without a slash is listed, and not unpacked', async () => {
  const files: readonly FixtureFile[] = [
    { path: 'etc', type: 'directory', mode: 0o700, noSlash: true },
    { path: 'etc/a', content: '1' },
  ];
  const found = await foreign('', '', files);
  assert.equal(read(write(found), 'n-1-1/files'), '%FILES%\netc/\netc/a\n\n');
  const [folder, file] = found.facts.files;
  assert.ok(folder !== undefined && file !== undefined);
  assert.equal(rules.passesOver?.(found.facts, folder), true);
  assert.equal(rules.passesOver?.(found.facts, file), false);
});
