import type { ApkGeneration } from '../../src/distros/alpine/releases.ts';
import type { ApkSpec } from '../fixtures/apk.ts';
import type { FixtureFile } from '../fixtures/tar.ts';

export interface RuleCase {
  readonly name: string;
  /** Version 1-r0 unless said; those that others depend on are installed first */
  readonly packages: readonly (Omit<ApkSpec, 'version'> & { readonly version?: string })[];
  /** The last package */
  readonly targets?: readonly string[];
  /** apk ends with an error, and what we say */
  readonly refused?: RegExp;
  /** What apk 2 refuses and apk 3 does not */
  readonly apk3?: 'taken';
  /** Of one generation alone */
  readonly only?: ApkGeneration;
}

const dir = (path: string, more: Partial<FixtureFile> = {}): FixtureFile => ({ path: `${path}/`, ...more });
const file = (path: string, content = 'x', more: Partial<FixtureFile> = {}): FixtureFile => ({
  path,
  content,
  ...more,
});
const link = (path: string, linkTarget: string): FixtureFile => ({ path, linkTarget });
const hard = (path: string, linkTarget: string, more: Partial<FixtureFile> = {}): FixtureFile => ({
  path,
  type: 'hardlink',
  linkTarget,
  ...more,
});
const owned = (name: string, id = 1000): Partial<FixtureFile> => ({
  uid: id,
  gid: id + 1,
  uname: name,
  gname: name,
});

const PASSWD = 'root:x:0:0::/root:/bin/sh\nbin:x:55:66::/:/x\n';

/** Measured with apk 2.14; each is asked of the real one again. */
export const RULE_CASES: readonly RuleCase[] = [
  {
    name: 'a directory over another package’s link goes where it leads, and changes nothing there',
    packages: [
      { name: 'a', files: [dir('real'), file('real/a'), link('lnk', 'real')] },
      { name: 'b', depends: ['a'], files: [dir('lnk', { mode: 0o700 }), file('lnk/b')] },
      { name: 'c', depends: ['b'], files: [dir('lnk'), file('lnk/c'), dir('real', { mode: 0o711 })] },
    ],
  },
  {
    name: 'a link over another package’s directory',
    packages: [
      { name: 'a', files: [dir('real'), dir('lnk'), file('lnk/a')] },
      { name: 'b', depends: ['a'], replaces: ['a'], files: [link('lnk', 'real'), file('x')] },
    ],
    refused: /\/lnk: a-1-r0 and b-1-r0 .*a directory already exists there/,
  },
  {
    name: 'a file over a directory',
    packages: [
      { name: 'a', files: [dir('d'), file('d/a')] },
      { name: 'b', depends: ['a'], replaces: ['a'], files: [file('d')] },
    ],
    refused: /\/d: a-1-r0 and b-1-r0/,
  },
  {
    name: 'a directory over a file',
    packages: [
      { name: 'a', files: [file('d')] },
      { name: 'b', depends: ['a'], replaces: ['a'], files: [dir('d'), file('d/a')] },
    ],
    refused: /\/d: a-1-r0 and b-1-r0/,
  },
  {
    name: 'a directory over a link to nothing',
    packages: [
      { name: 'a', files: [link('lnk', 'nowhere'), file('x')] },
      { name: 'b', depends: ['a'], files: [dir('lnk'), file('lnk/b')] },
    ],
    refused: /b-1-r0: \/lnk cannot be installed/,
  },
  {
    name: 'two listed paths that are one file: no clash, the later’s content, both in the database',
    packages: [
      { name: 'a', files: [dir('usr'), dir('usr/lib'), file('usr/lib/f', 'A'), link('lib2', 'usr/lib')] },
      { name: 'b', depends: ['a'], files: [dir('lib2'), file('lib2/f', 'BB', { mode: 0o600 })] },
    ],
  },
  {
    name: 'the same in /etc: what is there stays, the other goes beside it unless it is the same',
    packages: [
      {
        name: 'a',
        files: [dir('etc'), dir('etc/d'), file('etc/d/f', 'A'), file('etc/d/same', 'S'), link('etc/l', 'd')],
      },
      {
        name: 'b',
        depends: ['a'],
        files: [dir('etc'), dir('etc/l'), file('etc/l/f', 'BB'), file('etc/l/same', 'S', { mode: 0o600 })],
      },
    ],
  },
  {
    name: 'a file that apk itself has made',
    packages: [{ name: 'a', files: [dir('etc'), dir('etc/apk'), file('etc/apk/world', 'mine\n')] }],
  },
  {
    name: 'the same file in two packages',
    packages: [
      { name: 'a', files: [dir('d'), file('d/f', 'same')] },
      { name: 'b', depends: ['a'], files: [dir('d'), file('d/f', 'same')] },
    ],
    refused: /\/d\/f: a-1-r0 and b-1-r0 .*both contain it/,
  },
  {
    name: 'a file that goes from hand to hand',
    packages: [
      { name: 'a', files: [dir('d'), file('d/f', 'a'), file('d/a')] },
      { name: 'b', depends: ['a'], replaces: ['a'], files: [dir('d'), file('d/f', 'bb')] },
      { name: 'c', depends: ['b'], replaces: ['b'], files: [dir('d'), file('d/f', 'ccc')] },
    ],
  },
  {
    name: '`replaces` of a name that is not a package’s own',
    packages: [
      { name: 'a', provides: ['q=1'], files: [file('f', 'a')] },
      { name: 'b', depends: ['a'], replaces: ['q'], files: [file('f', 'b')] },
    ],
    refused: /\/f: a-1-r0 and b-1-r0/,
  },
  {
    name: 'one origin goes before priorities',
    packages: [
      { name: 'a', origin: 'o', replaces: ['b'], replacesPriority: 3, files: [file('f', 'a')] },
      { name: 'b', origin: 'o', depends: ['a'], replaces: ['a'], files: [file('f', 'bb')] },
    ],
  },
  {
    name: 'priorities: a tie goes to the later, more to the earlier',
    packages: [
      { name: 'a', replaces: ['b'], replacesPriority: 3, files: [file('f', 'a'), file('g', 'a')] },
      { name: 'b', depends: ['a'], replaces: ['a'], replacesPriority: 3, files: [file('f', 'bb')] },
      { name: 'c', depends: ['b'], replaces: ['a'], replacesPriority: 2, files: [file('h', 'c')] },
      { name: 'd', depends: ['c'], replaces: ['c'], files: [file('i', 'd')] },
      { name: 'e', depends: ['d'], files: [file('j', 'e')] },
    ],
  },
  {
    name: 'directories: the lowest owner’s mode, common bits, and what apk has made before stays',
    packages: [
      {
        name: 'a',
        files: [
          file('x'),
          dir('proc'),
          dir('tmp', { mode: 0o755 }),
          dir('d', { mode: 0o750, ...owned('q', 5) }),
          dir('e', { mode: 0o2755, ...owned('q', 5) }),
          dir('f', { mode: 0o1777 }),
        ],
      },
      {
        name: 'b',
        depends: ['a'],
        files: [
          file('y'),
          dir('proc', { mode: 0o555 }),
          dir('tmp', { mode: 0o1777 }),
          dir('d', { mode: 0o705, ...owned('q', 4) }),
          dir('e', { mode: 0o1755, ...owned('q', 5) }),
          dir('f', { mode: 0o700 }),
        ],
      },
      {
        name: 'c',
        depends: ['b'],
        files: [file('z'), dir('d', { mode: 0o700, ...owned('q', 6) }), dir('f', { mode: 0o755 })],
      },
    ],
  },
  {
    name: 'owners by name: looked up once, in the passwd of that moment, found or not',
    packages: [
      { name: 'a', files: [dir('usr'), file('usr/a', 'a', owned('bin')), file('usr/r', 'r', owned('root'))] },
      {
        name: 'b',
        depends: ['a'],
        files: [
          dir('etc'),
          file('etc/passwd', PASSWD),
          file('etc/group', 'bin:x:77:\ngrp:x:78:a,b\n'),
          dir('usr'),
          file('usr/b', 'b', owned('bin')),
        ],
      },
      {
        name: 'c',
        depends: ['b'],
        files: [
          dir('usr'),
          file('usr/c', 'c', owned('bin')),
          file('usr/d', 'd', { ...owned('none'), gname: 'grp' }),
        ],
      },
    ],
  },
  {
    name: 'owners by name: how lines of passwd and group are read',
    // An apk 3 that is not Alpine's own reads them with another libc.
    only: '2',
    packages: [
      {
        name: 'a',
        files: [
          dir('etc'),
          file(
            'etc/passwd',
            'bad line\n#c\n\nnan:x:1a:2::/:/\nfew:x:5:5:a:b\nempty::6:6:::\ntwice:x:7:7::/:\ntwice:x:8:8::/:\n+plus:x:9:9:::\n sp:x:9:9:::\nnone:x::1:::\nbig:x:4294967301:1:::\nlast:x:10:10::/:',
          ),
          file('etc/group', 'grp:x:77:a,b\nshort:x:5\nhex:x:0x10:\noct:x:010:\nneg:x:-5:\nlast:x:6:x'),
        ],
      },
      {
        name: 'b',
        depends: ['a'],
        files: [
          dir('usr'),
          ...['nan', 'few', 'empty', 'twice', '+plus', 'plus', ' sp', 'none', 'big', 'last', ''].map((name) =>
            file(`usr/u${name}`, '', owned(name)),
          ),
          ...['grp', 'short', 'hex', 'oct', 'neg', 'last'].map((name) =>
            file(`usr/g${name}`, '', { ...owned('zz'), gname: name }),
          ),
        ],
      },
    ],
  },
  {
    name: 'owners by name: a name twice, the passwd that the package itself brings',
    packages: [
      {
        name: 'a',
        files: [
          dir('etc'),
          file('etc/group', 'one:x:7:\none:x:8:\n'),
          file('etc/passwd', 'one:x:7:7::/:/x\none:x:8:8::/:/x\nroot:x:9:9::/:/x\n'),
          dir('usr', owned('one')),
          file('usr/own', 'a', owned('one')),
        ],
      },
      { name: 'b', depends: ['a'], files: [dir('opt', owned('one')), file('opt/r', 'r', owned('root'))] },
    ],
  },
  {
    name: 'directories: suid and sgid, of priorities, one origin, names, and one that nobody lists',
    packages: [
      {
        name: 'm',
        origin: 'o',
        files: [dir('d', { mode: 0o6750 }), file('d/m'), dir('e/f', { mode: 0o711 }), file('e/f/m')],
      },
      {
        name: 'o',
        origin: 'o',
        depends: ['m'],
        files: [
          dir('d', { mode: 0o2755, ...owned('q', 5) }),
          file('d/o'),
          dir('e', { mode: 0o700 }),
          dir('e/f', { mode: 0o700 }),
          file('e/o'),
        ],
      },
      {
        name: 'z',
        depends: ['o'],
        replaces: ['zz'],
        replacesPriority: 4,
        files: [dir('d', { mode: 0o1777 }), file('d/z')],
      },
      {
        name: 'a',
        depends: ['z'],
        files: [dir('d', { mode: 0o700 }), file('d/a'), dir('e', { mode: 0o750 })],
      },
    ],
    apk3: 'taken',
    refused: /m-1-r0: \/e\/f cannot be installed/,
  },
  {
    name: 'hard links give the file their own owner and mode',
    packages: [
      {
        name: 'a',
        files: [
          dir('d'),
          file('d/f', 'x', { mode: 0o644 }),
          hard('d/h', 'd/f', { mode: 0o4711, uid: 3, gid: 4, uname: 'zz', gname: 'zz' }),
          file('d/plain', 'y', { mode: 0o4755 }),
          hard('d/again', 'd/plain', { mode: 0o4755 }),
        ],
      },
    ],
  },
  {
    name: 'a hard link that an earlier package keeps the place of',
    packages: [
      { name: 'a', replaces: ['b'], files: [dir('d'), file('d/h', 'mine')] },
      {
        name: 'b',
        depends: ['a'],
        files: [dir('d'), file('d/f'), hard('d/h', 'd/f', { mode: 0o4711, uid: 3, gid: 4, uname: 'zz' })],
      },
    ],
  },
  {
    name: 'a hard link to another package’s file',
    packages: [
      { name: 'a', files: [dir('d'), file('d/f')] },
      { name: 'b', depends: ['a'], files: [dir('d'), file('d/g'), hard('d/h', 'd/f')] },
    ],
    refused: /b\.apk: hard link "d\/h" points at "d\/f"/,
  },
  {
    name: 'extended attributes, of files and directories',
    packages: [
      {
        name: 'a',
        files: [
          dir('d', { mode: 0o711 }),
          file('d/f', 'x', { xattrs: { 'user.b': 'dg==', 'user.a': 'dw==' } }),
          file('d/cap', 'c', {
            mode: 0o755,
            xattrs: { 'security.capability': 'AQAAAgAEAAAAAAAAAAAAAAAAAAA=' },
          }),
        ],
      },
    ],
  },
  {
    name: 'names: dot files of the root, .keep_ files, other bytes',
    packages: [
      {
        name: 'a',
        files: [
          file('.hidden'),
          dir('.d'),
          file('.d/x'),
          dir('usr'),
          file('usr/.keep_'),
          file('usr/.keep_a'),
          file('usr/.hidden'),
          file('usr/sp ace'),
          file('usr/ü'),
          file('root-file'),
        ],
      },
    ],
  },
  {
    name: 'a control character in a name',
    packages: [{ name: 'a', files: [dir('d'), file('d/a\nb')] }],
    refused: /a-1-r0: "d\/a\\nb" .*control characters/,
  },
  {
    name: 'a file without an entry for its folder',
    packages: [{ name: 'a', files: [file('usr/x')] }],
    refused: /a-1-r0: "usr\/x" .*no entry for its folder/,
  },
  {
    name: 'a folder without its parent',
    packages: [{ name: 'a', files: [dir('usr/bin'), file('usr/bin/x')] }],
    refused: /a-1-r0: \/usr\/bin cannot be installed/,
    apk3: 'taken',
  },
  {
    name: 'a file twice',
    packages: [{ name: 'a', files: [dir('usr'), file('usr/x', 'x'), file('usr/x', 'y')] }],
    refused: /a-1-r0: "usr\/x" .*the same file twice/,
  },
  {
    name: 'folders in the order of their first entry, files in the archive’s, wherever they stand',
    packages: [
      {
        name: 'a',
        files: [
          dir('usr'),
          file('usr/b'),
          dir('usr/lib'),
          file('usr/lib/z'),
          file('top'),
          dir('usr'),
          file('usr/a'),
          dir('bin'),
          file('usr/lib/a'),
        ],
      },
    ],
  },
  {
    name: 'a package of size 0 is not opened',
    packages: [
      { name: 'a', installedSize: 0, files: [dir('never')], replaces: ['z'], triggers: ['/never'] },
      { name: 'b', depends: ['a'], files: [file('x')] },
    ],
  },
  {
    name: 'what no index says of a package without files goes to the next',
    packages: [
      { name: 'a', replaces: ['gone', 'old<2'], replacesPriority: 7, files: [] },
      { name: 'b', replaces: ['older'], files: [], depends: ['a'] },
      { name: 'c', depends: ['b'], replaces: ['oldest'], files: [file('x')] },
    ],
  },
  {
    name: 'all fields, terms in apk’s spelling, scripts and triggers',
    packages: [
      {
        name: 'b',
        version: '1.2.3_git2023-r4',
        description: 'Ünïcode: a  description = x',
        commit: 'abc',
        providerPriority: 3,
        replacesPriority: 5,
        depends: ['a', 'c=~1', 'a>=0', '!gone'],
        provides: ['p=1', 'q', 'cmd:b=1.2.3_git2023-r4'],
        replaces: ['zz<3', 'a=~1'],
        installIf: ['a', 'zz'],
        scripts: { trigger: '#!/bin/sh\n', 'post-install': '#!/bin/sh\n', 'pre-deinstall': '#!/bin/sh\n' },
        triggers: ['/usr/*', '+/etc'],
        files: [dir('usr'), file('usr/b')],
      },
      { name: 'a', triggers: ['/a'], scripts: { trigger: '#!/bin/sh\n' }, files: [file('a')] },
      { name: 'c', files: [file('c')], maintainer: '', origin: '', url: '', license: '' },
    ],
    targets: ['b'],
  },
  {
    name: 'world: the last word on a name, sorted without regard to case or `!`',
    packages: ['a', 'c', 'b', 'aa', 'Z', 'b-x', 'b1', 'B'].map((name) => ({
      name,
      provides: name === 'a' ? ['cmd:foo=1'] : [],
      files: [file(name)],
    })),
    targets: ['c>=0', 'b-x', 'b1', '!zz', 'Z', 'aa=~1', 'a>0', 'a', '!y', 'cmd:foo', 'b<2', 'B'],
  },
];
