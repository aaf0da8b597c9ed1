import { crc32 } from 'node:zlib';

/** The header of one gzip member (RFC 1952 section 2.3). */
export interface GzipHeader {
  readonly sizeBytes: number;
}

/** Bits of FLG (RFC 1952 section 2.3.1); the upper three are reserved and must be zero. */
const FHCRC = 0x02;
const FEXTRA = 0x04;
const FNAME = 0x08;
const FCOMMENT = 0x10;
const RESERVED = 0xe0;
const FIXED_BYTES = 10;
const DEFLATE = 8;
/** The extra field alone may have 64 KiB; names and comments of real archives are short. */
const MAX_HEADER_BYTES = 256 * 1024;

/**
 * Parses the header at the start of `view` (RFC 1952 section 2.3); `more` if it continues after the end of `view`; any other
 * string says what is wrong.
 */
export function parseGzipHeader(view: Buffer): GzipHeader | 'more' | string {
  if (view[0] !== 0x1f || (view.length > 1 && view[1] !== 0x8b)) {
    return `expected a gzip member (1f8b), got ${view.toString('hex', 0, 2)}`;
  }
  if (view.length < FIXED_BYTES) return 'more';
  const flags = view[3] as number;
  if (view[2] !== DEFLATE) return `expected gzip method 8 (deflate), got ${view[2]}`;
  if ((flags & RESERVED) !== 0)
    return `expected gzip flags without reserved bits, got 0x${flags.toString(16)}`;
  let offset = FIXED_BYTES;
  if ((flags & FEXTRA) !== 0) {
    if (view.length < offset + 2) return 'more';
    offset += 2 + view.readUInt16LE(offset);
  }
  for (const flag of [FNAME, FCOMMENT]) {
    if ((flags & flag) === 0) continue;
    const nul = view.indexOf(0, offset);
    if (nul < 0) return tooLong(view.length);
    offset = nul + 1;
  }
  if ((flags & FHCRC) !== 0) {
    if (view.length < offset + 2) return tooLong(offset);
    const expected = view.readUInt16LE(offset);
    const got = crc32(view.subarray(0, offset)) & 0xffff;
    if (got !== expected) return `expected gzip header CRC ${expected}, got ${got}`;
    offset += 2;
  }
  if (offset > MAX_HEADER_BYTES) return tooLong(offset);
  return view.length < offset ? 'more' : { sizeBytes: offset };
}

function tooLong(sizeBytes: number): string {
  return sizeBytes > MAX_HEADER_BYTES
    ? `expected a gzip header of at most ${MAX_HEADER_BYTES} bytes`
    : 'more';
}
