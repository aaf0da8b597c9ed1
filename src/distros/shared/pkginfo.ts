import { AppError } from '../../model/app-error.ts';

/** abuild's and makepkg's `.PKGINFO`: key → values in file order. */
export type PkgInfo = Readonly<Record<string, readonly string[]>>;

/** Real ones reach 30 KiB (thousands of `provides`); the rest is room. */
const MAX_PKGINFO_BYTES = 8 * 1024 * 1024;

/**
 * `key = value` lines, `#` comments. Values keep inner spaces; a key may repeat. As apk and pacman do, a line
 * without `=` is refused rather than skipped, so that a damaged file is not half read.
 * @throws AppError BAD_ARCHIVE, LIMIT
 */
export function parsePkgInfo(bytes: Uint8Array, where: string): PkgInfo {
  if (bytes.byteLength > MAX_PKGINFO_BYTES) {
    throw new AppError(
      'LIMIT',
      `${where}: .PKGINFO is too large: expected at most ${MAX_PKGINFO_BYTES} bytes, got ${bytes.byteLength}`,
    );
  }
  const info: Record<string, string[]> = Object.create(null);
  let line = 0;
  for (const raw of Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('utf8')
    .split('\n')) {
    line += 1;
    const text = raw.trim();
    if (text === '' || text.startsWith('#')) continue;
    const equals = text.indexOf('=');
    const key = text.slice(0, Math.max(equals, 0)).trim();
    if (key === '') {
      throw new AppError(
        'BAD_ARCHIVE',
        `${where}: .PKGINFO line ${line}: expected "key = value", got ${JSON.stringify(text.slice(0, 80))}`,
      );
    }
    const values = info[key];
    const value = text.slice(equals + 1).trim();
    if (values === undefined) info[key] = [value];
    else values.push(value);
  }
  return info;
}

/** The first value of a key; '' when the key is absent. */
export function infoValue(info: PkgInfo, key: string): string {
  return info[key]?.[0] ?? '';
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

/** @throws AppError BAD_ARCHIVE when the key is absent, empty or not one word that can be part of a file name */
export function infoWord(info: PkgInfo, key: string, where: string): string {
  const text = infoValue(info, key);
  if (text === '' || text === '.' || text === '..' || /[\s/\0-\x1f\x7f]/.test(text)) {
    throw new AppError(
      'BAD_ARCHIVE',
      `${where}: .PKGINFO: expected one word for ${key}, got ${text === '' ? 'none' : JSON.stringify(text.slice(0, 80))}`,
    );
  }
  return text;
}
