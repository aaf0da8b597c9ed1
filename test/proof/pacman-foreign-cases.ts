import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { FixtureFile } from '../fixtures/tar.ts';
import { type Case, type Files, makeFiles } from './pacman-cases.ts';

/** Packages that makepkg did not make: nfpm's, fpm's and their like. */

const text = (lines: readonly string[]) => `${lines.join('\n')}\n`;
const mtreeOf = (content: string | Buffer): FixtureFile => ({
  path: '.MTREE',
  content: typeof content === 'string' ? gzipSync(content) : content,
});
const mtree = (...lines: readonly string[]) => mtreeOf(text(['#mtree', ...lines]));
const info = (...lines: readonly string[]): FixtureFile => ({
  path: '.PKGINFO',
  content: text(['pkgname = p0', 'pkgver = 1-1', 'arch = any', 'size = 1', ...lines]),
});
/** Nothing but these members, in this order */
const raw = (...members: Files): Case => ({
  packages: [{ files: makeFiles(...members), bare: true, noInfo: true }],
});
const BACKUP = info('backup = etc/a');
const TREE: Files = ['d etc', 'f etc/a 1', 'l etc/b a'];
const LISTED = ['./etc type=dir', './etc/a type=file', './etc/b type=link link=a'];

export const FOREIGN: Readonly<Record<string, Case>> = {
  'nfpm: folders of .MTREE have their slash': raw(
    mtree('./etc/ time=1.0 mode=755 type=dir', './etc/a type=file size=1', './etc/b type=link link=a'),
    BACKUP,
    ...TREE,
  ),
  '.PKGINFO behind the files': raw(...TREE, BACKUP),
  '.PKGINFO behind the files, .MTREE last': raw(...TREE, BACKUP, mtree(...LISTED)),
  '.MTREE in front, .PKGINFO last': raw(mtree(...LISTED), ...TREE, BACKUP),
  '.PKGINFO between the files': raw('d etc', 'f etc/z 2', BACKUP, 'f etc/a 1', mtree('./etc type=dir')),
  '.MTREE between the files': raw(BACKUP, 'd etc', mtree('./x type=file'), 'f etc/a 1', 'f x 1'),
  'backup of a link to a file that came before': raw(info('backup = etc/b'), ...TREE),
  'backup of a link to a file that comes later': raw(info('backup = b'), 'l b a', 'f a 1'),
  'backup of a link to nothing, and to a folder': raw(
    info('backup = b', 'backup = c'),
    'd a',
    'l b gone',
    'l c a',
  ),
  'backup of a link over folders and links': raw(
    info('backup = etc/l'),
    'd etc',
    'd usr',
    'd usr/x',
    'f usr/x/f 1',
    'l usr/y x',
    'l etc/k ../usr/y/f',
    'l etc/l k',
  ),
  'backup of a hard link, and of its file': raw(info('backup = b', 'backup = a'), 'f a 1', 'h b a'),
  'backup of a folder, a path with a slash in front, one that is missing, twice': raw(
    'd etc',
    'f etc/a 1',
    info(
      'backup = etc',
      'backup = etc/',
      'backup = /etc/a',
      'backup = none',
      'backup = etc/a',
      'backup = etc/a',
    ),
  ),
  'backup of an empty file': raw(info('backup = a'), 'f a'),
  'missing parents in the archive and in .MTREE': raw(info(), mtree('./opt/x/f type=file'), 'f opt/x/f 1'),
  'missing parents, no .MTREE': raw(info(), 'f opt/x/f 1', 'l opt/y/l f'),
  'folders without a slash in the archive': raw(
    info(),
    { path: 'etc', type: 'directory', mode: 0o700, noSlash: true },
    'f etc/a 1',
    { path: 'opt', type: 'directory', mode: 0o700, noSlash: true },
  ),
  'folders without a slash in the archive, listed in .MTREE': raw(
    info(),
    mtree('./etc type=dir', './etc/a type=file', './opt type=dir'),
    { path: 'etc', type: 'directory', mode: 0o700, noSlash: true },
    'f etc/a 1',
    { path: 'opt', type: 'directory', mode: 0o700, noSlash: true },
  ),
  '.MTREE plain': raw(info(), mtreeOf(text(['#mtree', ...LISTED])), ...TREE),
  '.MTREE of zstd': raw(
    info(),
    mtreeOf(zstdCompressSync(text(['#mtree', ...LISTED, './c type=file']))),
    ...TREE,
  ),
  '.MTREE plain, as text': raw(info(), mtreeOf(Buffer.from(text(['#mtree', './c type=file']))), ...TREE),
  '.MTREE empty': raw(info(), mtreeOf(Buffer.alloc(0)), ...TREE),
  '.MTREE of nothing but its name': raw(info(), mtree(), ...TREE),
  '.MTREE that is none': raw(info(), mtreeOf('hello\n'), ...TREE),
  '.MTREE cut': raw(info(), mtreeOf(gzipSync(text(['#mtree', ...LISTED])).subarray(0, 40)), ...TREE),
  '.MTREE without its signature': raw(
    info(),
    mtreeOf(text(['/set type=file uid=0', './c mode=644', './d mode=755 type=dir', './e mode=644'])),
    ...TREE,
  ),
  '.MTREE without its signature, and one entry': raw(info(), mtreeOf('./c type=file\n'), ...TREE),
  '.MTREE without its signature, and comments alone': raw(
    info(),
    mtreeOf('# one\n/set type=file\n'),
    ...TREE,
  ),
  '.MTREE without its signature or a line feed': raw(info(), mtreeOf('no mtree'), ...TREE),
  '.MTREE without its signature, and no keyword': raw(info(), mtreeOf('./c\n./d\n./e\n'), ...TREE),
  '.MTREE without its signature, and a last word that is unknown': raw(
    info(),
    mtreeOf('./c type=file\n./d type=file\n./e type=file\n./f type=file\nhello\n'),
    ...TREE,
  ),
  '.MTREE without a dot in front of names': raw(info(), mtree('etc/ type=dir', 'etc/c type=file'), ...TREE),
  '.MTREE with full and relative names': raw(
    info(),
    mtree(
      '. type=dir',
      'etc type=dir',
      '    c type=file',
      'd type=dir',
      'e type=file',
      '..',
      'f type=file',
      '..',
      'g type=file',
    ),
    ...TREE,
  ),
  '.MTREE with names from the root': raw(info(), mtree('/etc type=dir', '/etc/c type=file'), ...TREE),
  '.MTREE without a type': raw(info(), mtree('./etc type=dir', './c size=1'), ...TREE),
  '.MTREE with an unknown type': raw(info(), mtree('./etc type=dir', './c type=socket'), ...TREE),
  '.MTREE with an unknown keyword': raw(info(), mtree('./c type=file colour=red'), ...TREE),
  '.MTREE with a word that is no keyword': raw(
    info(),
    mtree('./c type=file optional', './d type=file nochange'),
    ...TREE,
  ),
  '.MTREE with an unknown flag': raw(info(), mtree('./c type=file verbatim'), ...TREE),
  '.MTREE with a sum of a wrong length': raw(info(), mtree('./c type=file sha256digest=00'), ...TREE),
  ...Object.fromEntries(
    [
      `md5=${'0'.repeat(32)}`,
      `md5digest=${'0'.repeat(32)}`,
      `md5digest=${'0'.repeat(31)}x`,
      `sha1=${'a'.repeat(40)}`,
      `sha256digest=${'B'.repeat(64)}`,
      `sha384=${'0'.repeat(96)}`,
      `sha512=${'0'.repeat(128)}`,
      `rmd160=${'0'.repeat(40)}`,
      `rmd160digest=${'0'.repeat(40)}`,
      `ripemd160digest=${'0'.repeat(40)}`,
      `sha256digest=${'0'.repeat(66)}`,
      'cksum=1',
      'cksum=x',
      'inode=1',
      'nlink=1',
      'gname=a',
      'uname=a',
      'tags=a,b',
      'flags=none',
      'content=x',
      'contents=etc/passwd',
      'resdevice=5',
      'size=x',
      'time=x',
      'uid=x',
      'mode=',
      'type=',
      'device=',
      'device=native,1',
      'device=linux,1,3',
      'ignore',
      'optional',
      'nochange',
    ].map((word) => [
      `.MTREE with ${word.slice(0, 20)}`,
      raw(info(), mtree(`./c type=file ${word}`), ...TREE),
    ]),
  ),
  '.MTREE with a mode in letters': raw(info(), mtree('./c type=file mode=u=rw'), ...TREE),
  '.MTREE with devices': raw(
    info(),
    mtree('./c type=char device=native,1,3', './b type=block device=1793', './p type=fifo'),
    ...TREE,
  ),
  '.MTREE with /set and /unset': raw(
    info(),
    mtree(
      '/set type=dir uid=0',
      './c',
      './d type=file',
      '/unset type',
      './e type=link',
      '/set type=dir',
      '/unset all',
      './f type=file',
    ),
    ...TREE,
  ),
  '.MTREE with /unset and no type left': raw(info(), mtree('/set type=dir', '/unset type', './e'), ...TREE),
  '.MTREE with the same name twice': raw(
    info(),
    mtree('./b type=file', './a type=file', './b type=dir', './a size=1'),
    ...TREE,
  ),
  '.MTREE with comments and blank lines': raw(
    info(),
    mtree('# one', '', '  ', './c type=file', ' # two'),
    ...TREE,
  ),
  '.MTREE with tabs': raw(info(), mtree('\t./c\ttype=file'), ...TREE),
  '.MTREE with joined lines': raw(info(), mtree('./d \\', '  type=dir', './e type=file'), ...TREE),
  '.MTREE with carriage returns': raw(
    info(),
    mtree('./e type=file\r', '\r', './f type=file uid=0\r'),
    ...TREE,
  ),
  '.MTREE with a comment behind an entry': raw(
    info(),
    mtree('./e type=file # said', './f type=file'),
    ...TREE,
  ),
  '.MTREE with escapes': raw(
    info(),
    mtree(
      './a\\sb type=file',
      './c\\040d type=file',
      './e\\303\\251 type=file',
      './f\\043 type=file',
      './g\\\\h type=file',
      './i\\x type=file',
    ),
    ...TREE,
  ),
  '.MTREE with metadata': raw(
    info(),
    mtree(
      './.PKGINFO type=file',
      './.INSTALL type=file',
      './.hidden type=file',
      './etc/.kept type=file',
      '.x/y type=file',
    ),
    ...TREE,
  ),
  '.MTREE without a last line feed': raw(info(), mtreeOf('#mtree\n./c type=file\n./d type=dir'), ...TREE),
};
