import type { ArchiveMetadata } from '../distro.ts';
import type { ListedPackage, PackageDatabase } from '../install.ts';
import { infoValue, parsePkgInfo } from '../shared/pkginfo.ts';

/** `.PKGINFO` as abuild writes it: it always names the hash of the data, which makepkg's never does. */
export const metadata: ArchiveMetadata = {
  member: '.PKGINFO',
  isOwn: (content) => /^datahash *=/m.test(Buffer.from(content).toString('latin1')),
  read(content, where) {
    const info = parsePkgInfo(content, where);
    return { name: infoValue(info, 'pkgname'), version: infoValue(info, 'pkgver') };
  },
  isSignature: (path) => /^\.SIGN\.[^/]*$/.test(path),
};

const INSTALLED = /^(?:.*\/)?(?:usr\/)?lib\/apk\/db\/installed$/;
const STATE =
  /^(?:(?:usr\/)?lib\/apk\/(?:db|exec)(?:\/|$)|etc\/apk\/(?:world|arch|repositories|protected_paths\.d|keys)(?:\/|$))/;

/** apk's database and configuration. */
export const database: PackageDatabase = {
  isState: (path) => STATE.test(path),
  isList: (path) => INSTALLED.test(path),
  /** apk-tools, `lib/apk/db/installed`: fields of a letter a line; of a package `P` comes before `V` and `A`. */
  read(_path, content, most) {
    const found: { -readonly [K in keyof ListedPackage]: ListedPackage[K] }[] = [];
    for (const [, letter, value = ''] of content.toString().matchAll(/^([PVA]):(.*)$/gm)) {
      const last = found.at(-1);
      if (letter === 'P') {
        if (found.length === most) break;
        found.push({ name: value, version: '', architecture: '' });
      } else if (last !== undefined) last[letter === 'V' ? 'version' : 'architecture'] = value;
    }
    return found;
  },
};
