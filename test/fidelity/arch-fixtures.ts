import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  type ArchSpec,
  archFileName,
  type FixtureFile,
  makeArchDb,
  makeArchPackage,
} from '../fixtures/arch.ts';

/** Packages of properties that the real ones at hand do not have. */
export const ARCH_FIXTURES: readonly ArchSpec[] = [
  fx('links', [
    dir('usr/'),
    dir('usr/lib/'),
    file('usr/lib/fx-one', 'linked'),
    { path: 'usr/lib/fx-two', type: 'hardlink', linkTarget: 'usr/lib/fx-one' },
    dir('usr/libexec/'),
    { path: 'usr/libexec/fx-three', type: 'hardlink', linkTarget: 'usr/lib/fx-one' },
    { path: 'usr/lib/fx-dangling', linkTarget: 'nowhere/at all' },
    { path: 'usr/lib/fx-absolute', linkTarget: '/usr/lib/fx-one' },
  ]),
  fx('modes', [
    dir('usr/'),
    dir('usr/bin/'),
    file('usr/bin/fx-setuid', 'u', { mode: 0o4755 }),
    file('usr/bin/fx-setgid', 'g', { mode: 0o2755, gid: 12 }),
    file('usr/bin/fx-both', 'ug', { mode: 0o6711, uid: 7, gid: 12 }),
    file('usr/bin/fx-none', 'n', { mode: 0o000 }),
    dir('var/'),
    dir('var/fx-sticky/', { mode: 0o1777 }),
    dir('var/fx-closed/', { mode: 0o700, uid: 100, gid: 101 }),
    file('var/fx-closed/file', 'x', { mode: 0o600, uid: 100, gid: 101 }),
  ]),
  fx('devices', [
    dir('dev/'),
    { path: 'dev/fx-block', type: 'block', deviceMajor: 7, deviceMinor: 300, mode: 0o660, gid: 6 },
    { path: 'dev/fx-character', type: 'character', deviceMajor: 1, deviceMinor: 3, mode: 0o666 },
    dir('run/'),
    { path: 'run/fx-fifo', type: 'fifo', mode: 0o600 },
  ]),
  fx('xattrs', [
    dir('usr/'),
    dir('usr/bin/'),
    file('usr/bin/fx-capable', 'cap', {
      mode: 0o755,
      xattrs: { 'security.capability': 'AQAAAgAgAAAAAAAAAAAAAAAAAAA=' },
    }),
    file('usr/bin/fx-user', 'user', { xattrs: { 'user.fx': 'dmFsdWU=', 'user.bytes': 'AAH/' } }),
  ]),
  fx('names', [
    dir('usr/'),
    dir('usr/share/'),
    dir('usr/share/fx names/'),
    file('usr/share/fx names/#hash:colon', 'hash'),
    file('usr/share/fx names/\'quoted\' "twice" \\back', 'quotes'),
    file('usr/share/fx names/-dash', 'dash'),
    file('usr/share/fx names/.hidden', 'dot'),
    file('usr/share/fx names/a b  c', 'spaces'),
    file('usr/share/fx names/end.', 'dot at the end'),
    file(`usr/share/fx names/${'long'.repeat(40)}`, 'long'),
    file('usr/share/fx names/naïve ☃ 日本', 'UTF-8'),
    file('usr/share/fx names/new\nline', 'newline'),
  ]),
  fx('times', [
    dir('usr/'),
    dir('usr/share/'),
    file('usr/share/fx-2038', 'far', { mtime: 2 ** 31 + 5 }),
    file('usr/share/fx-empty', ''),
    file('usr/share/fx-epoch', '1970', { mtime: 0 }),
    file('usr/share/fx-fraction', 'fraction', { mtime: 1_500_000_000.25 }),
  ]),
  fx('empty', []),
  fx('bare', [dir('usr/'), file('usr/fx-bare', 'no mtree')], { bare: true }),
  // One directory, several opinions.
  fx('dir-open', [dir('var/'), dir('var/fx-dir/', { mode: 0o775 }), file('var/fx-dir/open', 'o')]),
  fx('dir-shut', [dir('var/'), dir('var/fx-dir/', { mode: 0o750, uid: 5 }), file('var/fx-dir/shut', 's')], {
    depends: ['fx-dir-open'],
  }),
  fx('dir-implied', [file('opt/fx/deep/er/file', 'i'), file('var/fx-dir/implied', 'i')]),
  // pacman refuses a folder in place of another package's symlink, so nothing is below these.
  fx('merged', [
    { path: 'fx-lib', linkTarget: 'usr/fx-lib' },
    dir('run/'),
    dir('usr/'),
    dir('usr/fx-lib/'),
    dir('var/'),
    { path: 'var/fx-run', linkTarget: '../run' },
  ]),
  fx('config', [dir('etc/'), file('etc/fx.conf', 'x\n'), file('etc/fx-other.conf', 'y\n', { mode: 0o600 })], {
    backup: ['etc/fx.conf', 'etc/fx-other.conf', 'etc/fx-absent.conf'],
  }),
  fx('described', [dir('usr/'), file('usr/fx-described', 'x')], {
    version: '2:1.0+r3-4',
    groups: ['fx-group', 'fx-other'],
    license: ['MIT', 'custom:fx'],
    provides: ['fx-virtual=2', 'libfx.so=1-64'],
    conflicts: ['fx-enemy<3'],
    replaces: ['fx-old'],
    optdepends: ['fx-empty: for nothing', 'fx-none'],
    makedepends: ['make'],
    depends: ['fx-empty>=1'],
    base: 'fx-base',
    description: 'naïve ☃ description: with % and #',
  }),
  fx('any', [dir('usr/'), file('usr/fx-any', 'x')], { arch: 'any' }),
  // Owners by name: the ids are the builder's.
  fx(
    'owners',
    [
      dir('var/'),
      dir('var/fx-owned/', { mode: 0o750, uid: 1000, gid: 1000, uname: 'fxuser', gname: 'fxgroup' }),
      file('var/fx-owned/file', 'mine', { uid: 1000, gid: 1000, uname: 'fxuser', gname: 'fxgroup' }),
      file('var/fx-owned/mail', 'mail', { uid: 1000, gid: 1000, uname: 'mail', gname: 'mail' }),
      file('var/fx-owned/nobody', 'unknown', { uid: 1234, gid: 1235, uname: 'nosuch', gname: 'nosuch' }),
    ],
    {
      depends: ['bash'],
      install:
        'pre_install() {\n  echo fxgroup:x:812: >> /etc/group\n  echo fxuser:x:811:812::/:/usr/bin/nologin >> /etc/passwd\n}\n',
    },
  ),
  fx(
    'scripts',
    [
      dir('usr/'),
      dir('usr/share/'),
      dir('usr/share/libalpm/'),
      dir('usr/share/libalpm/hooks/'),
      file('usr/share/libalpm/hooks/fx.hook', FX_HOOK()),
    ],
    {
      depends: ['bash'],
      install:
        'pre_install() {\n  echo "pre $*" >> /var/fx-log\n}\npost_install() {\n  echo "post $*" >> /var/fx-log\n}\npost_upgrade() {\n  exit 1\n}\n',
    },
  ),
];

function FX_HOOK(): string {
  return [
    '[Trigger]\nOperation = Install\nType = Path\nTarget = usr/share/libalpm/hooks/*\n',
    '[Action]\nWhen = PostTransaction\nNeedsTargets\nExec = /bin/sh -c \'while read -r x; do echo "hook $x" >> /var/fx-log; done\'\n',
  ].join('\n');
}

/** A repository as `repo-add` leaves it, named like its folder. */
export function writeArchRepository(folder: string, packages: readonly ArchSpec[]): void {
  mkdirSync(folder, { recursive: true });
  const entries = packages.map((spec) => {
    const fileName = archFileName(spec);
    const bytes = makeArchPackage(spec);
    writeFileSync(join(folder, fileName), bytes);
    return { spec, bytes, fileName };
  });
  writeFileSync(join(folder, `${basename(folder)}.db`), makeArchDb(entries));
}

function fx(name: string, files: readonly FixtureFile[], more: Partial<ArchSpec> = {}): ArchSpec {
  return { name: `fx-${name}`, version: '1.0-1', files, ...more };
}

function file(path: string, content: string, more: Partial<FixtureFile> = {}): FixtureFile {
  return { path, content, ...more };
}

function dir(path: string, more: Partial<FixtureFile> = {}): FixtureFile {
  return { path, ...more };
}
