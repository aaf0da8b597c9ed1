import type { ApkSpec, FixtureFile } from '../fixtures/apk.ts';

/** Packages of properties that the real ones at hand do not have. */
export const ALPINE_FIXTURES: readonly ApkSpec[] = [
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
  fx('links-suid', [
    dir('usr/'),
    dir('usr/bin/'),
    file('usr/bin/fx-a', 'su', { mode: 0o4755 }),
    { path: 'usr/bin/fx-b', type: 'hardlink', linkTarget: 'usr/bin/fx-a', mode: 0o4755 },
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
    dir('var/fx-setgid/', { mode: 0o2775, gid: 12 }),
    dir('var/fx-closed/', { mode: 0o700, uid: 100, gid: 101 }),
    file('var/fx-closed/file', 'x', { mode: 0o600, uid: 100, gid: 101 }),
  ]),
  fx('devices', [
    dir('dev/'),
    { path: 'dev/fx-character', type: 'character', deviceMajor: 1, deviceMinor: 3, mode: 0o666 },
    { path: 'dev/fx-block', type: 'block', deviceMajor: 7, deviceMinor: 300, mode: 0o660, gid: 6 },
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
    file('usr/share/fx names/a b  c', 'spaces'),
    file('usr/share/fx names/naïve ☃ 日本', 'UTF-8'),
    file('usr/share/fx names/\'quoted\' "twice" \\back', 'quotes'),
    file('usr/share/fx names/.hidden', 'dot'),
    file('usr/share/fx names/-dash', 'dash'),
    file('usr/share/fx names/#hash:colon', 'hash'),
    file(`usr/share/fx names/${'long'.repeat(40)}`, 'long'),
    file(`usr/share/fx names/end.`, 'dot at the end'),
  ]),
  fx('times', [
    dir('usr/'),
    dir('usr/share/'),
    file('usr/share/fx-epoch', '1970', { mtime: 0 }),
    file('usr/share/fx-fraction', 'fraction', { mtime: 1_500_000_000.25 }),
    file('usr/share/fx-2038', 'far', { mtime: 2 ** 31 + 5 }),
    file('usr/share/fx-empty', ''),
  ]),
  fx('empty', []),
  fx('sizeless', [dir('usr/'), dir('usr/fx-nothing/')], { installedSize: 0 }),
  // Two that ship one path: the later by name, the earlier by name, and a priority decides.
  fx('replaced', shared('replaced')),
  fx('replacing', shared('replacing'), { replaces: ['fx-replaced'], depends: ['fx-replaced'] }),
  fx('replacing-first', shared('replacing-first'), { replaces: ['fx-replaced'] }),
  fx('replaced-late', shared('replaced-late'), { depends: ['fx-replacing-early'] }),
  fx('replacing-early', shared('replacing-early'), { replaces: ['fx-replaced-late'] }),
  fx('priority-low', shared('priority-low'), {
    replaces: ['fx-priority-high'],
    replacesPriority: 1,
    depends: ['fx-priority-high'],
  }),
  fx('priority-high', shared('priority-high'), { replaces: ['fx-priority-low'], replacesPriority: 9 }),
  fx('origin-a', shared('origin-a'), { origin: 'fx-origin' }),
  fx('origin-b', shared('origin-b'), { origin: 'fx-origin', depends: ['fx-origin-a'] }),
  // One directory, several opinions.
  fx('dir-open', [dir('var/'), dir('var/fx-dir/', { mode: 0o775 }), file('var/fx-dir/open', 'o')]),
  fx('dir-shut', [dir('var/'), dir('var/fx-dir/', { mode: 0o750 }), file('var/fx-dir/shut', 's')], {
    depends: ['fx-dir-open'],
  }),
  fx(
    'dir-owned',
    [dir('var/'), dir('var/fx-dir/', { mode: 0o700, uid: 100, gid: 101 }), file('var/fx-dir/owned', 'w')],
    { depends: ['fx-dir-open'] },
  ),
  // A folder of one package is a symlink of another.
  fx('merged', [
    dir('usr/'),
    dir('usr/fx-lib/'),
    { path: 'fx-lib', linkTarget: 'usr/fx-lib' },
    dir('run/'),
    dir('var/'),
    { path: 'var/fx-run', linkTarget: '../run' },
  ]),
  fx(
    'unmerged',
    [
      dir('fx-lib/'),
      file('fx-lib/file', 'behind the link'),
      dir('var/'),
      dir('var/fx-run/'),
      file('var/fx-run/file', 'behind the other'),
    ],
    { depends: ['fx-merged'] },
  ),
  // Owners by name, as abuild writes them: the ids are the builder's.
  fx(
    'owners',
    [
      dir('var/'),
      dir('var/lib/'),
      dir('var/lib/fx-owned/', { mode: 0o750, uid: 1000, gid: 1000, uname: 'fxuser', gname: 'fxgroup' }),
      file('var/lib/fx-owned/file', 'mine', { uid: 1000, gid: 1000, uname: 'fxuser', gname: 'fxgroup' }),
      file('var/lib/fx-owned/mail', 'mail', { uid: 1000, gid: 1000, uname: 'mail', gname: 'mail' }),
      file('var/lib/fx-owned/nobody', 'unknown', { uid: 1234, gid: 1235, uname: 'nosuch', gname: 'nosuch' }),
    ],
    {
      depends: ['alpine-baselayout', 'busybox'],
      scripts: {
        'pre-install':
          '#!/bin/sh\naddgroup -S fxgroup 2>/dev/null\nadduser -S -D -H -h /var/lib/fx-owned -s /sbin/nologin -G fxgroup -g fxuser fxuser 2>/dev/null\nexit 0\n',
      },
    },
  ),
  // Two configuration files of one name: apk protects /etc.
  fx('config-a', [dir('etc/'), file('etc/fx.conf', 'a\n')]),
  fx('config-b', [dir('etc/'), file('etc/fx.conf', 'b\n')], {
    replaces: ['fx-config-a'],
    depends: ['fx-config-a'],
  }),
  fx('parts', [dir('usr/'), file('usr/fx-part', 'x')], {
    provides: ['fx-virtual=2', 'cmd:fx-part=1'],
    providerPriority: 5,
  }),
  fx('parts-glue', [dir('usr/'), file('usr/fx-glue', 'x')], { installIf: ['fx-parts', 'fx-empty'] }),
  fx('needs-virtual', [dir('usr/'), file('usr/fx-needs', 'x')], { depends: ['fx-virtual>1', '!fx-nothing'] }),
  fx('scripts', [dir('var/'), dir('var/fx-watched/')], {
    depends: ['busybox'],
    triggers: ['/var/fx-*', '/usr/share/fx*'],
    scripts: {
      'pre-install': '#!/bin/sh\necho "pre $*" >> /var/fx-log\n',
      'post-install': '#!/bin/sh\necho "post $*" >> /var/fx-log\n',
      'pre-upgrade': '#!/bin/sh\nexit 1\n',
      trigger: '#!/bin/sh\necho "trigger $*" >> /var/fx-log\n',
    },
  }),
  // What engines and apk read differently: the layer is derived.
  fx('pax', [
    dir('usr/'),
    file('usr/fx-ids', 'x', { pax: { uid: '3000000000', gid: '7' } }),
    file('usr/fx-time', 'x', { pax: { mtime: '-86400' } }),
    dir('usr/fx-folder/', { pax: { uid: '5' } }),
    dir('./opt/'),
    file('./opt/fx-dot', 'never installed'),
  ]),
  fx('refused-xattrs', [
    dir('usr/'),
    file('usr/fx-apple', 'x', { xattrs: { 'com.apple.provenance': 'AQ==' } }),
    file('usr/fx-plain', 'x'),
  ]),
  // Links of a file that another package's takes the place of.
  fx('hard', [
    dir('usr/'),
    file('usr/fx-hard', 'x'),
    { path: 'usr/fx-link', type: 'hardlink', linkTarget: 'usr/fx-hard' },
    { path: 'usr/fx-next', type: 'hardlink', linkTarget: 'usr/fx-link' },
  ]),
  fx('hard-over', [dir('usr/'), file('usr/fx-hard', 'other')], {
    replaces: ['fx-hard'],
    depends: ['fx-hard'],
  }),
  // The index says another thing, and lines that are none.
  fx('pkginfo', [dir('usr/'), file('usr/fx-pkginfo', 'x')], {
    moreInfo: [
      'a second line of the description',
      '= x',
      'license=BSD',
      'license = GPL',
      'pkgdesc = Another',
      'url = u \r',
      'replaces = fx-none fx-nothing',
      'replaces_priority = 3x',
      'replaces_priority = 4x',
      'commit = ',
      'origin = ',
    ],
  }),
  // apk 2 knows those of /etc alone, of which it takes one after the other as they lie on disk.
  fx(
    'hooks',
    [
      ...['var/', 'etc/', 'etc/apk/', 'etc/apk/commit_hooks.d/'].map((path) => dir(path)),
      hook('etc/apk/commit_hooks.d/m'),
      hook('etc/apk/commit_hooks.d/.hidden'),
      ...['lib/', 'lib/apk/', 'lib/apk/commit_hooks.d/'].map((path) => dir(path)),
      ...['m', 'z', 'a', 'B'].map((name) => hook(`lib/apk/commit_hooks.d/${name}`)),
      { ...hook('lib/apk/commit_hooks.d/c'), content: '#!/bin/sh\necho failing >> /var/fx-hooks\nexit 3\n' },
      { ...hook('lib/apk/commit_hooks.d/d'), mode: 0o644 },
    ],
    { depends: ['busybox'] },
  ),
  fx('failing', [dir('usr/'), file('usr/fx-failing', 'x')], {
    depends: ['busybox'],
    scripts: { 'post-install': '#!/bin/sh\necho half > /usr/fx-half\nexit 3\n' },
  }),
];

function fx(name: string, files: readonly FixtureFile[], more: Partial<ApkSpec> = {}): ApkSpec {
  // As abuild, which counts folders and links too: apk does not unpack a package of size 0.
  return { name: `fx-${name}`, version: '1.0-r0', files, installedSize: 4096 * files.length, ...more };
}

function file(path: string, content: string, more: Partial<FixtureFile> = {}): FixtureFile {
  return { path, content, ...more };
}

function hook(path: string): FixtureFile {
  const content = `#!/bin/sh\necho "${path} $* $APK_PACKAGE" >> /var/fx-hooks\n`;
  return file(path, content, { mode: 0o755 });
}

function dir(path: string, more: Partial<FixtureFile> = {}): FixtureFile {
  return { path, ...more };
}

function shared(by: string): readonly FixtureFile[] {
  return [
    dir('usr/'),
    dir('usr/share/'),
    file('usr/share/fx-shared', `${by}\n`),
    file(`usr/share/${by}`, by),
  ];
}
