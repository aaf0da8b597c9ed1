import type { FileEntry } from '../../model/archive.ts';

/** No checksums: of files none of which is a hard link */
export const NO_CHECKSUMS: ReadonlyMap<string, string> = new Map();

/**
 * The checksums of all files by path, hard links included: a hard link has the checksum of what it names, also where another package's file took that one's place.
 */
export function linkedChecksums(files: readonly FileEntry[]): ReadonlyMap<string, string> {
  const own = checksumsOf(files);
  const byPath = new Map<string, string>();
  for (const [index, { path, type, linkTarget }] of files.entries())
    byPath.set(path, (type === 'hardlink' ? byPath.get(linkTarget) : own[index]) ?? '');
  return byPath;
}

const CHECKSUM = 'APK-TOOLS.checksum.SHA1';
/** Base64 of 40 hexadecimal digits: 54 characters, the last of which carries four bits that count. */
const CHECKSUM_BASE64 = /^[\w+/]{53}[AQgw]==$/;
/** Those four bits and two that say `00` when `Aw` follows */
const WITH_ZEROS: Readonly<Record<string, string>> = { A: 'DAw', Q: 'TAw', g: 'jAw', w: 'zAw' };

/**
 * The SHA-1 of each entry, in base64, of what abuild wrote in hexadecimal; empty where there is none. All go through
 * three conversions at once, because one at a time is slow: two more digits, `00`, make 21 bytes of the 20, so that no
 * padding stands between them, and the last of their 28 characters is what would be padding.
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
  // Shorter: something else than digits, from which nothing more is read.
  const packed = bytes.toString('base64', 0, bytes.length - (bytes.length % 21));
  for (let index = 0; (index + 1) * 28 <= packed.length; index += 1)
    checksums[owners[index] as number] = `${packed.slice(index * 28, index * 28 + 27)}=`;
  return checksums;
}
