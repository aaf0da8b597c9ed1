import { AppError } from '../../model/app-error.ts';
import { decodePath } from '../../model/path-bytes.ts';

/** Fields of abuild's and makepkg's `.PKGINFO`: key → values in file order. */
export type PkgInfo = Readonly<Record<string, readonly string[]>>;

/** Real files reach 30 KiB (thousands of `provides`). */
const MAX_PKGINFO_BYTES = 8 * 1024 * 1024;

/**
 * Parses lines `key = value` as apk and pacman do (apk-tools `package.c` read_info_line, libalpm `be_package.c` parse_descfile):
 * the key starts in the first column, the first ` = ` ends it, and the value is the rest, blanks and carriage return included.
 * All other lines are ignored.
 * @throws AppError LIMIT when the file is too large
 */
export function parsePkgInfo(bytes: Uint8Array, where: string): PkgInfo {
  if (bytes.byteLength > MAX_PKGINFO_BYTES) {
    throw new AppError(
      'LIMIT',
      `${where}: .PKGINFO is too large: expected at most ${MAX_PKGINFO_BYTES} bytes, got ${bytes.byteLength}`,
    );
  }
  const info: Record<string, string[]> = Object.create(null);
  for (const line of decodePath(bytes).split('\n')) {
    const separator = line.indexOf(' = ');
    if (separator < 0 || line.startsWith('#')) continue;
    const key = line.slice(0, separator);
    const value = line.slice(separator + 3);
    const values = info[key];
    if (values === undefined) info[key] = [value];
    else values.push(value);
  }
  return info;
}

/** Returns the last value of a key, which is the one that both tools use; empty if the key is absent. */
export function infoValue(info: PkgInfo, key: string): string {
  return info[key]?.at(-1) ?? '';
}

/** Returns the value of a key as a non-negative integer; 0 if it is absent or not one. */
export function infoNumber(info: PkgInfo, key: string): number {
  const text = infoValue(info, key);
  const number = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(number) ? number : 0;
}

/** Returns all values of a key in order; none if it is absent. */
export function infoList(info: PkgInfo, key: string): readonly string[] {
  return info[key] ?? [];
}

/**
 * Returns the value of a key as a single word, without trailing white space.
 * @throws AppError BAD_ARCHIVE when the value is absent, empty or not a word that can be part of a file name
 */
export function infoWord(info: PkgInfo, key: string, where: string): string {
  const text = infoValue(info, key).trimEnd();
  if (text === '' || text === '.' || text === '..' || /[\s/\0-\x1f\x7f]/.test(text)) {
    throw new AppError(
      'BAD_ARCHIVE',
      `${where}: .PKGINFO: expected one word for ${key}, got ${text === '' ? 'none' : JSON.stringify(text.slice(0, 80))}`,
    );
  }
  return text;
}
