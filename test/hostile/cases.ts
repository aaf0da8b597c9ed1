import type { ErrorCode } from '../../src/model/app-error.ts';
import { type FixtureFile, tarEntries } from '../fixtures/tar.ts';
import { rawEntry } from './packages.ts';

/** {archive}: its path; {name}: package and version */
export interface Refused {
  readonly code: ErrorCode;
  readonly message: string;
}

/** What the unpacked image has besides the good package's files, below usr and the folders named here; '': not there. */
export type Made = Readonly<Record<string, string>>;

export interface HostileCase {
  readonly what: string;
  readonly tar: Buffer;
  readonly alpine: Refused | Made;
  readonly arch: Refused | Made;
}

const TIME = 1_700_000_000;
const X = `file 644 0:0 ${TIME} 1 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881`;
const TWO = `file 644 0:0 ${TIME} 3 3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3`;
const EMPTY = `file 644 0:0 ${TIME} 0 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`;
const FOLDER = 'directory 755 0:0';

/** Of the first entry behind `usr/`, without and with a pax header of one block */
const AT = 'tar header at byte 1536';
const AT_PAX = 'tar header at byte 2560';
const NOWHERE = '/hostile-outside';

const bad = (message: string): Refused => ({ code: 'BAD_ARCHIVE', message: `{archive}: ${message}` });
const unsupported = (message: string): Refused => ({ code: 'UNSUPPORTED', message: `{archive}: ${message}` });
const apkRefuses = (path: string, why: string): Refused => ({
  code: 'BAD_ARCHIVE',
  message: `{name}: ${JSON.stringify(path)} cannot be installed by apk: ${why}`,
});
const cannot = (path: string, why: string): Refused => ({
  code: 'BAD_ARCHIVE',
  message: `{name}: /${path} cannot be installed: ${why}`,
});
const whiteout = (path: string): Refused =>
  unsupported(
    `path ${JSON.stringify(path)}: a name starting with .wh. cannot be in an image, where it would remove a file`,
  );
const notOctal = (field: string, got: string): Refused =>
  bad(`${AT}: ${field} is not an octal number that apk can read: ${JSON.stringify(got)}`);
const noFolder = (path: string) => apkRefuses(path, 'no entry for its folder before it');

function file(path: string, content = 'x', more: Partial<FixtureFile> = {}): FixtureFile {
  return { path, content, ...more };
}

function files(...entries: readonly FixtureFile[]): Buffer {
  return tarEntries([{ path: 'usr/' }, ...entries]);
}

function raw(...entry: Parameters<typeof rawEntry>): Buffer {
  return Buffer.concat([files(), rawEntry(...entry)]);
}

function pax(key: string, value: string): Buffer {
  return raw('usr/s', '0', { pax: [[key, value]] });
}

/** The same of both formats. */
function both(what: string, tar: Buffer, outcome: Refused | Made): HostileCase {
  return { what, tar, alpine: outcome, arch: outcome };
}

const hardlink = (path: string, linkTarget: string): FixtureFile => ({ path, type: 'hardlink', linkTarget });
const long = (name: string, times: number): string => name.repeat(times);
const cut = (text: string): string => JSON.stringify(text.slice(0, 200));

export const CASES: readonly HostileCase[] = [
  both('an absolute path', files(file('/etc/hostile')), bad(`${AT}: path "/etc/hostile" is absolute`)),
  both(
    'a path that climbs',
    files(file('usr/../../hostile')),
    bad(`${AT}: path "usr/../../hostile" contains a .. component`),
  ),
  both('no name', raw('', '0'), bad(`${AT}: path "" is empty`)),
  both('the name of the root', raw('.', '0'), bad(`${AT}: path "." of a file is the root itself`)),
  both(
    'a NUL in a name',
    pax('path', 'usr/a\0b'),
    bad(`${AT_PAX}: path "usr/a\\u0000b" contains a NUL byte`),
  ),
  both(
    'a file whose name ends in a slash',
    raw('usr/s/', '0', { content: Buffer.from('x') }),
    bad(`${AT}: file name "usr/s/" ends in a slash`),
  ),
  {
    what: 'a newline and a field of the database in a name',
    tar: files(file('usr/a\nP:evil')),
    alpine: apkRefuses('usr/a\nP:evil', 'control characters in its name'),
    arch: { 'usr/a\nP:evil': X },
  },
  {
    what: 'a terminal’s escape codes in a name',
    tar: files(file('usr/\u001b[31mred\u0007')),
    alpine: apkRefuses('usr/\u001b[31mred\u0007', 'control characters in its name'),
    arch: { 'usr/\u001b[31mred\u0007': X },
  },
  both('names that are no UTF-8', files(file('usr/\udcff\udcfe')), { 'usr/\udcff\udcfe': X }),
  both(
    'names that are JavaScript’s own',
    files(file('usr/__proto__'), file('__proto__'), file('constructor')),
    { 'usr/__proto__': X, ['__proto__']: X, constructor: X },
  ),
  both(
    'a name of 300 bytes',
    files(file(`usr/${long('n', 300)}`)),
    bad(`${AT_PAX}: path ${cut(`usr/${long('n', 300)}`)} has a name longer than 255 bytes`),
  ),
  both(
    'a name of 64 KiB',
    pax('path', `usr/${long('n', 65_536)}`),
    bad(`tar header at byte 68096: path ${cut(`usr/${long('n', 300)}`)} is longer than 4096 bytes`),
  ),
  both(
    'a GNU long name of 64 KiB',
    Buffer.concat([
      raw('././@LongLink', 'L', { content: Buffer.from(`usr/${long('n', 65_536)}`) }),
      rawEntry('usr/s', '0'),
    ]),
    {
      code: 'LIMIT',
      message: `{archive}: ${AT}: expected an extended header of at most 4097 bytes, got 65540`,
    },
  ),
  both(
    'a symlink to 4096 bytes',
    raw('usr/s', '2', { pax: [['linkpath', long('t/', 2048)]] }),
    bad(`tar header at byte 6656: symlink target ${cut(long('t/', 200))} is longer than 4095 bytes`),
  ),
  both('a symlink to nothing', raw('usr/s', '2'), bad(`${AT}: symlink target "" is not a file name`)),

  {
    what: 'a symlink that climbs out, and a file below it',
    tar: files(
      { path: 'usr/out', linkTarget: `${long('../', 20)}${NOWHERE.slice(1)}` },
      file('usr/out/hostile'),
    ),
    alpine: noFolder('usr/out/hostile'),
    arch: { 'usr/out': FOLDER, 'usr/out/hostile': X },
  },
  {
    what: 'an absolute symlink, a folder over it, and a file below that',
    tar: files({ path: 'usr/out', linkTarget: NOWHERE }, { path: 'usr/out/' }, file('usr/out/hostile')),
    alpine: cannot('usr/out', '/usr/out is not a folder: no earlier package contains it'),
    arch: { 'usr/out': FOLDER, 'usr/out/hostile': X },
  },
  {
    what: 'symlinks in a circle, and a file below them',
    tar: files({ path: 'usr/a', linkTarget: 'b' }, { path: 'usr/b', linkTarget: 'a' }, file('usr/a/x')),
    alpine: noFolder('usr/a/x'),
    arch: { 'usr/a': FOLDER, 'usr/a/x': X, 'usr/b': `symlink 0:0 ${TIME} a` },
  },
  {
    what: 'a file over its own symlink',
    tar: files({ path: 'usr/a', linkTarget: `${NOWHERE}/hostile` }, file('usr/a')),
    alpine: apkRefuses('usr/a', 'the same file twice'),
    arch: { 'usr/a': X },
  },
  {
    what: 'a file twice',
    tar: files(file('usr/a', 'one'), file('usr/a', 'two')),
    alpine: apkRefuses('usr/a', 'the same file twice'),
    arch: { 'usr/a': TWO },
  },
  {
    what: 'a folder twice',
    tar: files({ path: 'usr/d/' }, { path: 'usr/d/', mode: 0o700 }),
    // apk 3 goes by the first entry (755), apk 2.14 by the last (700), pacman by the first.
    alpine: { 'usr/d': FOLDER },
    arch: { 'usr/d': FOLDER },
  },
  both(
    'a folder, and a file over it',
    files({ path: 'usr/d/' }, file('usr/d/x'), file('usr/d')),
    cannot('usr/d', 'a directory already exists there'),
  ),
  {
    what: 'a file, and a folder over it',
    tar: files(file('usr/d'), { path: 'usr/d/' }, file('usr/d/x')),
    alpine: cannot('usr/d', 'a file already exists there'),
    arch: { 'usr/d': FOLDER, 'usr/d/x': X },
  },
  {
    what: 'a file below a file',
    tar: files(file('usr/d'), file('usr/d/x')),
    alpine: noFolder('usr/d/x'),
    arch: cannot('usr/d', 'a file already exists there'),
  },
  {
    what: 'a file in place of another package’s folder',
    tar: files(file('usr/share')),
    alpine: {
      code: 'CONFLICT',
      message:
        '/usr/share: base-1.0-r0 and bad-1.0-r0 cannot be installed together: a directory already exists there',
    },
    arch: {
      code: 'CONFLICT',
      message:
        '/usr/share: base-1-1 and bad-1-1 cannot be installed together: a directory already exists there',
    },
  },

  both(
    'a hard link that climbs',
    files(hardlink('usr/h', '../../etc/shadow')),
    bad(`${AT}: hard link target "../../etc/shadow" contains a .. component`),
  ),
  both(
    'an absolute hard link',
    files(hardlink('usr/h', '/etc/shadow')),
    bad(`${AT}: hard link target "/etc/shadow" is absolute`),
  ),
  both(
    'a hard link to a symlink',
    files({ path: 'usr/l', linkTarget: '/etc/shadow' }, hardlink('usr/h', 'usr/l')),
    {
      'usr/h': `symlink 0:0 ${TIME} /etc/shadow = usr/h`,
      'usr/l': `symlink 0:0 ${TIME} /etc/shadow = usr/h`,
    },
  ),
  ...[
    ['a hard link through a symlink', [{ path: 'usr/out', linkTarget: '/etc' }], 'usr/out/shadow'] as const,
    ['a hard link to itself', [], 'usr/h'] as const,
    ['a hard link to a folder', [], 'usr'] as const,
    ['a hard link to another package’s file', [], 'usr/share/base'] as const,
  ].map(([what, before, target]) =>
    both(
      what,
      files(...before, hardlink('usr/h', target)),
      bad(`hard link "usr/h" points at "${target}", which is not an earlier file`),
    ),
  ),
  both(
    'a hard link to what comes later',
    files(hardlink('usr/h', 'usr/z'), file('usr/z')),
    bad('hard link "usr/h" points at "usr/z", which is not an earlier file'),
  ),
  {
    what: 'a hard link to the package’s description',
    tar: files(hardlink('usr/h', '.PKGINFO')),
    alpine: apkRefuses('usr/h', 'a hard link to .PKGINFO, which does not come before it'),
    arch: {
      code: 'BAD_ARCHIVE',
      message: '{name}: hard link usr/h points at .PKGINFO, which is not one of its files',
    },
  },

  both('a GNU sparse file', raw('usr/s', 'S'), unsupported(`${AT}: a GNU sparse file cannot be read`)),
  both(
    'a pax sparse file of 1 TB',
    raw('usr/s', '0', {
      pax: [
        ['GNU.sparse.major', '1'],
        ['GNU.sparse.minor', '0'],
        ['GNU.sparse.realsize', '1099511627776'],
      ],
    }),
    unsupported(`${AT_PAX}: a GNU sparse file cannot be read`),
  ),
  both(
    'a sparse file of pax 0.1',
    raw('usr/s', '0', {
      pax: [
        ['GNU.sparse.size', '1099511627776'],
        ['GNU.sparse.numblocks', '0'],
      ],
    }),
    unsupported(`${AT_PAX}: a GNU sparse file cannot be read`),
  ),
  {
    what: 'a size of 1 TB that is not there',
    tar: pax('size', '1099511627776'),
    alpine: bad(`${AT_PAX}: size of "usr/s" is 0 in its header and 1099511627776 in pax records`),
    arch: bad('tar ends at byte 4096: missing 1099511626752 bytes of "usr/s"'),
  },
  both(
    'a size of 2^60',
    pax('size', `${2n ** 60n}`),
    bad(`${AT_PAX}: pax size is not a number: "${2n ** 60n}"`),
  ),
  both('a size below 0', pax('size', '-1'), bad(`${AT_PAX}: pax size is not a number: "-1"`)),
  {
    what: 'a size below 0 in base 256',
    tar: raw('usr/s', '0', { patch: (block) => block.fill(0xff, 124, 136) }),
    alpine: notOctal('size', long('ÿ', 12)),
    arch: bad(`${AT}: size is negative: -1`),
  },
  {
    what: 'a size of 2^87 in base 256',
    tar: raw('usr/s', '0', { patch: (block) => block.fill(0xff, 124, 136).fill(0x80, 124, 125) }),
    alpine: notOctal('size', `\u0080${long('ÿ', 11)}`),
    arch: bad(`${AT}: size is not a number: ${JSON.stringify(`\u0080${long('ÿ', 11)}`)}`),
  },
  both(
    'a user of 2^60',
    pax('uid', `${2n ** 60n}`),
    bad(`${AT_PAX}: pax uid is not a number: "${2n ** 60n}"`),
  ),
  both(
    'the user that is none',
    pax('uid', '4294967295'),
    bad(`${AT_PAX}: uid expected from 0 to 4294967294, got 4294967295`),
  ),
  both('a user below 0', pax('uid', '-1'), bad(`${AT_PAX}: pax uid is not a number: "-1"`)),
  both(
    'a group of 33 bits',
    pax('gid', '4294967296'),
    bad(`${AT_PAX}: gid expected from 0 to 4294967294, got 4294967296`),
  ),
  {
    what: 'the last user and group',
    tar: raw('usr/s', '0', {
      pax: [
        ['uid', '4294967294'],
        ['gid', '4294967294'],
      ],
    }),
    // apk takes ids from headers alone.
    alpine: { 'usr/s': EMPTY },
    arch: { 'usr/s': EMPTY.replace('0:0', '4294967294:4294967294') },
  },
  both(
    'a time of 2^60',
    pax('mtime', `${2n ** 60n}`),
    bad(`${AT_PAX}: pax mtime is not a number: "${2n ** 60n}"`),
  ),
  both(
    'a time that engines cannot count',
    pax('mtime', '17179869184'),
    bad(`${AT_PAX}: mtime expected from -8589934592 to 8589934592, got 17179869184`),
  ),
  both('a time that is no number', pax('mtime', 'nan'), bad(`${AT_PAX}: pax mtime is not a number: "nan"`)),
  {
    what: 'a time before 1970',
    tar: pax('mtime', '-5'),
    alpine: { 'usr/s': EMPTY },
    arch: { 'usr/s': EMPTY.replace(`${TIME}`, '-5') },
  },
  both('modes of 21 bits', raw('usr/s', '0', { patch: (block) => void block.write('7777777\0', 100) }), {
    'usr/s': EMPTY.replace('644', '7777'),
  }),
  {
    what: 'setuid, setgid and sticky bits on what has no use for them',
    tar: files({ path: 'usr/d/', mode: 0o7777 }, file('usr/d/x', 'x', { mode: 0o7777 }), {
      path: 'usr/d/fifo',
      type: 'fifo',
      mode: 0o7777,
    }),
    // apk 3 makes no folder with set-id bits.
    alpine: {
      'usr/d': 'directory 1777 0:0',
      'usr/d/x': X.replace('644', '7777'),
      'usr/d/fifo': `fifo 7777 0:0 ${TIME} 0:0`,
    },
    arch: {
      'usr/d': 'directory 7777 0:0',
      'usr/d/x': X.replace('644', '7777'),
      'usr/d/fifo': `fifo 7777 0:0 ${TIME} 0:0`,
    },
  },
  both(
    'device nodes where none belong',
    files(
      { path: 'usr/sda', type: 'block', deviceMajor: 8, deviceMinor: 0, mode: 0o666 },
      { path: 'usr/mem', type: 'character', deviceMajor: 1, deviceMinor: 1 },
    ),
    { 'usr/sda': `block 666 0:0 ${TIME} 8:0`, 'usr/mem': `character 644 0:0 ${TIME} 1:1` },
  ),
  both(
    'a device of a number that there is not',
    raw('usr/s', '3', { patch: (block) => void block.write('0010000\0', 329) }),
    bad(`${AT}: deviceMajor expected from 0 to 4095, got 4096`),
  ),
  both(
    'an entry of a type that there is not',
    raw('usr/s', 'Z'),
    unsupported(`${AT}: an entry of type "Z" cannot be read`),
  ),
  both(
    'an xattr beyond 64 KiB',
    pax('SCHILY.xattr.user.a', long('v', 70_000)),
    bad(
      'tar header at byte 72192: xattr "user.a" of 70000 bytes: expected a name of at most 255 and a value of at most 65536',
    ),
  ),
  both(
    'an xattr that makes overlayfs hide lower layers',
    pax('SCHILY.xattr.trusted.overlay.opaque', 'y'),
    unsupported(
      'path "usr/s": the xattr trusted.overlay.opaque is overlayfs\'s own and would hide files of other layers',
    ),
  ),
  both('an xattr named like a prototype', pax('SCHILY.xattr.__proto__', 'y'), { 'usr/s': EMPTY }),

  both('a whiteout', files(file('usr/.wh.share')), whiteout('usr/.wh.share')),
  both('an opaque whiteout', files(file('usr/.wh..wh..opq')), whiteout('usr/.wh..wh..opq')),
  both('a whiteout that is a folder', files({ path: 'usr/.wh.share/' }), whiteout('usr/.wh.share')),
  both('a whiteout in the root', files(file('.wh.usr')), whiteout('.wh.usr')),
  both('a name with a whiteout’s in it', files(file('usr/a.wh.b')), { 'usr/a.wh.b': X }),
  both(
    'files of /.pkg',
    files(
      { path: '.pkg/' },
      file('.pkg/install.sh', 'evil'),
      file('.pkg/state', 'base-1.0-r0.post-install\n'),
      file('.pkg/extra'),
    ),
    { '.pkg/extra': '' },
  ),
  both(
    'files of what engines mount',
    files(
      { path: 'proc/' },
      file('proc/x'),
      { path: 'sys/' },
      file('sys/x'),
      { path: 'dev/' },
      file('dev/x'),
    ),
    { 'proc/x': X, sys: FOLDER, 'sys/x': X, 'dev/x': X },
  ),
];
