import type { ArchiveMetadata } from '../distro.ts';
import type { ListedPackage, PackageDatabase } from '../install.ts';
import { infoValue, parsePkgInfo } from '../shared/pkginfo.ts';

/** Metadata of apk archives: abuild's `.PKGINFO`, which always has the hash of the data; makepkg's never has it. */
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

/** Database and configuration of apk in a root. */
export const database: PackageDatabase = {
  isState: (path) => STATE.test(path),
  isList: (path) => INSTALLED.test(path),
  /**
   * Reads `lib/apk/db/installed` (apk-tools): a line per field, each with its letter; `P` comes before a package's `V` and `A`.
   */
  read(_path, content, most) {
    const found: { -readonly [K in keyof ListedPackage]: ListedPackage[K] }[] = [];
    for (const lines of piecesOf(content)) {
      for (const [, letter, value = ''] of lines.matchAll(/^([PVA]):(.*)$/gm)) {
        const last = found.at(-1);
        if (letter === 'P') {
          if (found.length === most) return found;
          found.push({ name: value, version: '', architecture: '' });
        } else if (last !== undefined) last[letter === 'V' ? 'version' : 'architecture'] = value;
      }
    }
    return found;
  },
};

/** Size of the pieces in which a database is read; that of a package of a million files has 45 MB. */
const PIECE_BYTES = 1 << 20;

/** Yields a text in pieces of whole lines. */
function* piecesOf(content: Uint8Array): Generator<string, undefined> {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.length);
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf('\n', start + PIECE_BYTES) + 1 || bytes.length;
    yield bytes.toString('utf8', start, end);
    start = end;
  }
}
