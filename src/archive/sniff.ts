import type { Compression } from '../model/archive.ts';

/** Kind of an archive. `none`: a plain tar; `apk3`: apk-tools 3's ADB container (plain, deflated or with a named compression). */
export type Magic = Compression | 'apk3' | 'unknown';

const BLOCK_BYTES = 512;

/** Tells whether a number is the magic of a skippable zstd frame: 0x184D2A50–0x184D2A5F (RFC 8878 section 3.1.2). */
export function isSkippableMagic(magic: number): boolean {
  return magic >= 0x184d2a50 && magic <= 0x184d2a5f;
}

/** Magic number of a zstd frame (RFC 8878 section 3.1.1), little-endian. */
export const ZSTD_MAGIC = 0xfd2fb528;

/**
 * Recognises an archive by its first bytes: a plain tar by the first 512, the others by the first six. A POSIX or GNU tar has
 * `ustar` at 257; an older one has a valid header checksum; an empty one is all zeros.
 */
export function sniff(head: Uint8Array): Magic {
  if (startsWith(head, [0x1f, 0x8b])) return 'gzip';
  if (startsWith(head, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])) return 'xz';
  if (startsWith(head, [0x42, 0x5a, 0x68]) && inRange(head[3], 0x31, 0x39)) return 'bzip2';
  if (startsWith(head, [0x41, 0x44, 0x42]) && isOneOf(head[3], '.dc')) return 'apk3';
  if (magicOf(head) === ZSTD_MAGIC || startsWithSkippableFrame(head)) return 'zstd';
  return isTarBlock(head) ? 'none' : 'unknown';
}

/** Tells whether a zstd file begins with a skippable frame (RFC 8878 section 3.1.2). */
export function startsWithSkippableFrame(head: Uint8Array): boolean {
  return isSkippableMagic(magicOf(head));
}

/** Returns the first four bytes as a little-endian number; 0 if there are fewer. */
function magicOf(head: Uint8Array): number {
  return head.length < 4 ? 0 : Buffer.from(head.subarray(0, 4)).readUInt32LE(0);
}

function isTarBlock(head: Uint8Array): boolean {
  if (head.length < BLOCK_BYTES) return false;
  const block = head.subarray(0, BLOCK_BYTES);
  if (startsWith(block.subarray(257), [0x75, 0x73, 0x74, 0x61, 0x72])) return true;
  if (block.every((byte) => byte === 0)) return true;
  return block[0] !== 0 && headerChecksumMatches(block);
}

/** Compares the header's stored checksum with the sum of its bytes, the checksum field counted as spaces. */
function headerChecksumMatches(block: Uint8Array): boolean {
  const field = Buffer.from(block.subarray(148, 156)).toString('latin1');
  const octal = /^ *([0-7]+)[ \0]*$/.exec(field)?.[1];
  if (octal === undefined) return false;
  let sum = 8 * 0x20;
  for (let offset = 0; offset < BLOCK_BYTES; offset++)
    if (offset < 148 || offset >= 156) sum += block[offset] ?? 0;
  return sum === Number.parseInt(octal, 8);
}

function startsWith(head: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => head[index] === byte);
}

function inRange(byte: number | undefined, low: number, high: number): boolean {
  return byte !== undefined && byte >= low && byte <= high;
}

function isOneOf(byte: number | undefined, characters: string): boolean {
  return byte !== undefined && characters.includes(String.fromCharCode(byte));
}
