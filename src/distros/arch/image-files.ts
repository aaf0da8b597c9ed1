import type { ArchiveMetadata } from '../distro.ts';
import type { PackageDatabase } from '../install.ts';
import { infoValue, parsePkgInfo } from '../shared/pkginfo.ts';

/** `.PKGINFO` as makepkg writes it: it never names a hash of the data, which abuild's always does. */
export const metadata: ArchiveMetadata = {
  member: '.PKGINFO',
  isOwn: (content) => !/^datahash *=/m.test(Buffer.from(content).toString('latin1')),
  read(content, where) {
    const info = parsePkgInfo(content, where);
    return { name: infoValue(info, 'pkgname'), version: infoValue(info, 'pkgver') };
  },
};

const ENTRY = /^(?:.*\/)?var\/lib\/pacman\/local\/([^/]+)-([^/-]+-[^/-]+)\/desc$/;

/** libalpm's database, a folder for each package whose name says which. */
export const database: PackageDatabase = {
  isState: (path) => /^var\/lib\/pacman(?:\/|$)/.test(path),
  isList: (path) => ENTRY.test(path),
  read(path) {
    const [, name, version] = ENTRY.exec(path) ?? [];
    return name === undefined || version === undefined ? [] : [{ name, version, architecture: '' }];
  },
};
