/** Block layout shared by the tar reader and writer. Source: POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format". */
export const BLOCK_BYTES = 512;

export interface Field {
  readonly at: number;
  readonly length: number;
}

export const FIELD = {
  name: { at: 0, length: 100 },
  mode: { at: 100, length: 8 },
  uid: { at: 108, length: 8 },
  gid: { at: 116, length: 8 },
  size: { at: 124, length: 12 },
  mtime: { at: 136, length: 12 },
  checksum: { at: 148, length: 8 },
  type: { at: 156, length: 1 },
  linkTarget: { at: 157, length: 100 },
  magic: { at: 257, length: 8 },
  uname: { at: 265, length: 32 },
  gname: { at: 297, length: 32 },
  deviceMajor: { at: 329, length: 8 },
  deviceMinor: { at: 337, length: 8 },
  prefix: { at: 345, length: 155 },
} as const satisfies Record<string, Field>;

export const USTAR_MAGIC = 'ustar\u000000';
export const GNU_MAGIC = 'ustar  \u0000';

/** Sum of the header's bytes, the checksum field counted as eight spaces. */
export function headerChecksum(block: Uint8Array): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < 148; at++) sum += block[at] as number;
  for (let at = 156; at < BLOCK_BYTES; at++) sum += block[at] as number;
  return sum;
}

/** 0–511: what is missing to a whole block. */
export function paddingBytes(sizeBytes: number): number {
  const rest = sizeBytes % BLOCK_BYTES;
  return rest === 0 ? 0 : BLOCK_BYTES - rest;
}
