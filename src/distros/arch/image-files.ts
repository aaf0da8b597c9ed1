import type { ArchiveMetadata } from '../distro.ts';
import type { PackageDatabase } from '../install.ts';
import { infoValue, parsePkgInfo } from '../shared/pkginfo.ts';

/** Metadata of pacman's archives: makepkg's `.PKGINFO`, which never has a hash of the data; abuild's always has it. */
export const metadata: ArchiveMetadata = {
  member: '.PKGINFO',
  isOwn: (content) => !/^datahash *=/m.test(Buffer.from(content).toString('latin1')),
  read(content, where) {
    const info = parsePkgInfo(content, where);
    return { name: infoValue(info, 'pkgname'), version: infoValue(info, 'pkgver') };
  },
};

const ENTRY = /^(?:.*\/)?var\/lib\/pacman\/local\/([^/]+)-([^/-]+-[^/-]+)\/desc$/;

/** Database of libalpm in a root: a folder per package, named by the package and its version. */
export const database: PackageDatabase = {
  isState: (path) => /^var\/lib\/pacman(?:\/|$)/.test(path),
  isList: (path) => ENTRY.test(path),
  read(path) {
    const [, name, version] = ENTRY.exec(path) ?? [];
    return name === undefined || version === undefined ? [] : [{ name, version, architecture: '' }];
  },
};
