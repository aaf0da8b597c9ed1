import { gzipSync } from 'node:zlib';
import type { ArchSpec } from '../fixtures/arch.ts';
import type { FixtureFile } from '../fixtures/tar.ts';

export type Files = readonly (string | FixtureFile)[];

/** Packages that are installed together, in this order, into an empty root. */
export interface Case {
  readonly packages: readonly Partial<ArchSpec>[];
  /** The path at which ours refuses what pacman, with a warning, leaves half done */
  readonly refused?: string;
}

/** `d path mode`, `f path content`, `l path target`, `h path target`. */
export function makeFiles(...lines: Files): FixtureFile[] {
  return lines.map((line) => {
    if (typeof line !== 'string') return line;
    const [kind, path = '', rest = ''] = line.split(' ');
    if (kind === 'd') return { path: `${path}/`, mode: Number.parseInt(rest || '755', 8) };
    if (kind === 'l') return { path, linkTarget: rest };
    if (kind === 'h') return { path, type: 'hardlink', linkTarget: rest };
    return { path, content: rest };
  });
}

const p = (...lines: Files): Partial<ArchSpec> => ({ files: makeFiles(...lines) });
const MERGED = p('d usr', 'd usr/lib', 'l lib usr/lib', 'd var', 'd run', 'l var/run ../run');

export const CASES: Readonly<Record<string, Case>> = {
  'a directory over another’s symlink': { packages: [MERGED, p('d lib', 'f lib/x 1')] },
  'a directory over another’s symlink, deeper': {
    packages: [MERGED, p('d var', 'd var/run', 'f var/run/x 1')],
  },
  'a symlink over another’s directory': { packages: [p('d lib', 'f lib/x 1'), MERGED] },
  'a file below another’s symlink that names no directory': {
    packages: [MERGED, p('f lib/x 1', 'f var/run/d/x 1')],
  },
  'then the directory is another’s': { packages: [MERGED, p('f lib/x 1'), p('d lib')] },
  'a symlink where another’s file made a directory': { packages: [p('f lib/x 1'), MERGED] },
  'a file below one’s own symlink': { packages: [p('d a', 'l b a', 'f b/x 1')] },
  'two ship the same file': { packages: [p('f x 1'), p('f x 1')] },
  'replaces has no part': { packages: [p('f x 1'), { ...p('f x 1'), replaces: ['p0'] }] },
  'two ship the same symlink': { packages: [p('l x y'), p('l x y')] },
  'a directory and a file': { packages: [p('d x'), p('f x 1')] },
  'a file and a directory': { packages: [p('f x 1'), p('d x')] },
  'a file below a file': { packages: [p('f x 1'), p('f x/y 1')], refused: '/x' },
  'one’s own file, then a directory': { packages: [{ ...p('f x 1', 'd x', 'f x/y 2'), bare: true }] },
  'one’s own directory, then a file': { packages: [{ ...p('d x', 'f x 1'), bare: true }] },
  'the first directory keeps mode and owner': {
    packages: [
      p({ path: 'x/', mode: 0o700, uid: 5, gid: 6, mtime: 1_400_000_000 }, 'd var 1777', 'd var/lib 700'),
      p('d x 1777', 'd y 2755', 'd z 4000'),
    ],
  },
  'missing parents': { packages: [p('f opt/a/b 1', 'd srv/c/d 700')] },
  'modes, owners, links, devices': {
    packages: [
      p(
        { path: 's', content: '1', mode: 0o4755, uid: 1234, gid: 4321, uname: 'bin', gname: 'mail' },
        { path: 'g', content: '1', mode: 0o2755 },
        { path: 'n', content: '1', mode: 0 },
        { path: 'big', content: '', uid: 2_000_000, gid: 2_000_001 },
        'h s2 s',
        { path: 'l', linkTarget: 'nowhere', mtime: 1_300_000_000 },
        { path: 'c', type: 'character', deviceMajor: 1, deviceMinor: 3, mode: 0o666 },
        { path: 'b', type: 'block', deviceMajor: 7, deviceMinor: 300 },
        { path: 'f', type: 'fifo', mode: 0o600 },
        { path: 'm', content: '1', mtime: 1_500_000_000.75 },
        { path: 'x', content: '', xattrs: { 'security.capability': 'AQAAAgAgAAAAAAAAAAAAAAAAAAA=' } },
      ),
    ],
  },
  'names with a dot in front': { packages: [p('d .a', 'f .a/x 1', 'f .b 1', 'd usr', 'f usr/.c 1')] },
  'sorted by bytes': { packages: [p('d b', 'f b.x 1', 'f b/y 1', 'f b-z 1', 'f bé 1', 'f B 1', 'f a~ 1')] },
  'backup: absent, twice, through links': {
    packages: [{ ...p('d etc', 'f etc/z 2', 'f etc/a 1'), backup: ['etc/z', 'etc/none', 'etc/a', 'etc/a'] }],
  },
  'all fields': {
    packages: [
      {
        ...p('f x 1'),
        version: '3:1.2.r3-4',
        base: 'other',
        description: 'naïve ☃, with % and = and "quotes"  ',
        groups: ['g2', 'g1'],
        license: ['GPL', 'custom:x'],
        provides: ['v=2', 'libx.so=1-64', 'w'],
        conflicts: ['c<2', 'd'],
        replaces: ['r>=1:0', 'q'],
        optdepends: ['o: for: this', 'n', 'm>=2: why'],
        makedepends: ['make'],
        moreInfo: ['checkdepend = check', 'url=worse', 'pkgdesc = last'],
      },
    ],
  },
  'fields that are not written': { packages: [{ ...p(), buildTime: 0, license: [], url: '' }] },
  'fields that are no numbers': {
    packages: [{ ...p('f x 1'), moreInfo: ['size = 12x', 'builddate = 007'] }],
  },
  'no .MTREE': { packages: [{ ...p('d d', 'f d/x 1'), bare: true }] },
  'root members that are kept': {
    packages: [
      {
        ...p({ path: '.CHANGELOG', content: 'news', mode: 0o600, mtime: 1_450_000_000, uid: 3 }, 'f x 1'),
        install: 'post_upgrade() { :; }\n',
      },
    ],
  },
  '.MTREE lists more than there is': {
    packages: [
      {
        ...p(
          {
            path: '.MTREE',
            content: gzipSync(
              '#mtree\n/set type=file uid=0 gid=0 mode=644\n./.PKGINFO time=1.0 size=3\n./usr time=1.0 mode=755 type=dir\n./usr/\\303\\251\\040x time=1.0 size=1\n./usr/y time=1.0 size=1\n/set type=dir\n./usr/z time=1.0\n',
            ),
          },
          'd usr',
          'f usr/y 1',
        ),
        bare: true,
      },
    ],
  },
};

export function specsOf({ packages }: Case): readonly ArchSpec[] {
  return packages.map((spec, at) => ({ name: `p${at}`, version: '1-1', arch: 'any', ...spec }));
}
