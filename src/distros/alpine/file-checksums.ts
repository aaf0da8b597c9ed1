import type { FileEntry } from '../../model/file-entry.ts';

/** Empty map, for files without hard links */
export const NO_CHECKSUMS: ReadonlyMap<string, string> = new Map();

/**
 * Returns the checksums of all files by path (SHA-1 in base64). A hard link has the checksum of the file that it names, even if
 * another package's file has replaced that one.
 */
export function linkedChecksums(files: readonly FileEntry[]): ReadonlyMap<string, string> {
  const own = checksumsOf(files);
  const byPath = new Map<string, string>();
  for (const [index, { path, type, linkTarget }] of files.entries())
    byPath.set(path, (type === 'hardlink' ? byPath.get(linkTarget) : own[index]) ?? '');
  return byPath;
}

const CHECKSUM = 'APK-TOOLS.checksum.SHA1';
/** Base64 of 40 hexadecimal digits: 54 characters, of which the last carries four significant bits. */
const CHECKSUM_BASE64 = /^[\w+/]{53}[AQgw]==$/;
/** Replacements of that last character that append the two digits `00` */
const WITH_ZEROS: Readonly<Record<string, string>> = { A: 'DAw', Q: 'TAw', g: 'jAw', w: 'zAw' };

/**
 * Returns the SHA-1 of each entry in base64, converted from the hexadecimal that abuild wrote (pax record); empty where there is
 * none. All are converted together, because one at a time is slow: two more digits, `00`, make each 21 bytes long, so that no
 * padding separates them, and the last of the 28 characters of each becomes the padding.
 */
export function checksumsOf(entries: readonly FileEntry[]): readonly string[] {
  const owners: number[] = [];
  let base64 = '';
  for (let index = 0; index < entries.length; index += 1) {
    for (const [key, value] of (entries[index] as FileEntry).pax) {
      if (key !== CHECKSUM || !CHECKSUM_BASE64.test(value)) continue;
      base64 += value.slice(0, 53) + WITH_ZEROS[value.charAt(53)];
      owners.push(index);
      break;
    }
  }
  const checksums = new Array<string>(entries.length).fill('');
  const bytes = Buffer.from(Buffer.from(base64, 'base64').toString('latin1'), 'hex');
  // The result is shorter if there was something other than digits; from there on nothing was converted.
  const packed = bytes.toString('base64', 0, bytes.length - (bytes.length % 21));
  for (let index = 0; (index + 1) * 28 <= packed.length; index += 1)
    checksums[owners[index] as number] = `${packed.slice(index * 28, index * 28 + 27)}=`;
  return checksums;
}
