import { AppError } from '../../model/app-error.ts';
import { decodePath } from '../../model/path-bytes.ts';

/** abuild's and makepkg's `.PKGINFO`: key → values in file order. */
export type PkgInfo = Readonly<Record<string, readonly string[]>>;

/** Real ones reach 30 KiB (thousands of `provides`); the rest is room. */
const MAX_PKGINFO_BYTES = 8 * 1024 * 1024;

/**
 * `key = value` lines as apk and pacman read them (apk-tools `package.c` read_info_line, libalpm `be_package.c`
 * parse_descfile): the key from the first column, the first ` = ` behind it, then the value as it stands, blanks and
 * carriage return included. Every other line is passed over.
 * @throws AppError LIMIT
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

/** The last value of a key, the one that counts for both tools; '' when the key is absent. */
export function infoValue(info: PkgInfo, key: string): string {
  return info[key]?.at(-1) ?? '';
}

/** A whole non-negative number; 0 when absent or not one. */
export function infoNumber(info: PkgInfo, key: string): number {
  const text = infoValue(info, key);
  const number = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(number) ? number : 0;
}

/** All values of a key in order; empty when absent. */
export function infoList(info: PkgInfo, key: string): readonly string[] {
  return info[key] ?? [];
}

/**
 * Without blanks at its end.
 * @throws AppError BAD_ARCHIVE when the key is absent, empty or not one word that can be part of a file name
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
