/** Size of a block. Source of this layout: POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format". */
export const BLOCK_BYTES = 512;

/** A field of a header block: bytes from `offset` on. */
export interface Field {
  readonly offset: number;
  readonly length: number;
}

/** The fields of a ustar header. */
export const FIELD = {
  name: { offset: 0, length: 100 },
  mode: { offset: 100, length: 8 },
  uid: { offset: 108, length: 8 },
  gid: { offset: 116, length: 8 },
  size: { offset: 124, length: 12 },
  mtime: { offset: 136, length: 12 },
  checksum: { offset: 148, length: 8 },
  type: { offset: 156, length: 1 },
  linkTarget: { offset: 157, length: 100 },
  magic: { offset: 257, length: 8 },
  uname: { offset: 265, length: 32 },
  gname: { offset: 297, length: 32 },
  deviceMajor: { offset: 329, length: 8 },
  deviceMinor: { offset: 337, length: 8 },
  prefix: { offset: 345, length: 155 },
} as const satisfies Record<string, Field>;

/** Magic and version of POSIX tars. */
export const USTAR_MAGIC = 'ustar\u000000';
/** Magic and version of GNU tars. */
export const GNU_MAGIC = 'ustar  \u0000';

/** Sums up the header's bytes, the checksum field counted as eight spaces. */
export function headerChecksum(block: Uint8Array): number {
  let sum = 8 * 0x20;
  for (let offset = 0; offset < 148; offset++) sum += block[offset] as number;
  for (let offset = 156; offset < BLOCK_BYTES; offset++) sum += block[offset] as number;
  return sum;
}

/** Returns the number of bytes that fill up the last block of a content: 0–511. */
export function paddingBytes(sizeBytes: number): number {
  const rest = sizeBytes % BLOCK_BYTES;
  return rest === 0 ? 0 : BLOCK_BYTES - rest;
}
