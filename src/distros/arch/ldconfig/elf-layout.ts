/** Reads bytes of a file; returns undefined if they are not available. */
export type ByteReader = (offset: number, length: number) => Buffer | undefined;

/** Real libraries have about a dozen. */
const MAX_SEGMENTS = 128;
/** NAME_MAX of Linux with a NUL: no file has a longer name. */
const MAX_NAME_BYTES = 256;
/** ldconfig ignores files that are smaller than its headers (`struct exec`, `Elf64_Ehdr`). */
const MIN_FILE_BYTES = 64;

const ELF_MAGIC = 0x464c457f;
const ET_DYN = 3;
/** ZMAGIC and QMAGIC of a.out, which old versions of ldconfig take for libraries of libc4 */
const AOUT_MAGICS: readonly number[] = [0o413, 0o314];

/** A segment of the program header table: its place in the file and in memory. */
export interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly sizeBytes: number;
  readonly align: number;
}

/** Headers of a shared object. */
export interface ElfLayout {
  readonly bits: 32 | 64;
  readonly machine: number;
  readonly segments: readonly Segment[];
}

/** Thrown when a file's facts cannot be known; caught in elf-facts.ts. */
export class Unknown extends Error {}

/**
 * Reads the ELF headers; null: not a shared object for any version of ldconfig.
 * @throws Unknown when bytes are not available, or versions of ldconfig read them differently
 */
export function layoutOf(sizeBytes: number, read: ByteReader): ElfLayout | null {
  if (sizeBytes < MIN_FILE_BYTES) return sizeBytes < 52 ? null : unknown();
  const head = bytesAt(read, 0, MIN_FILE_BYTES);
  if (AOUT_MAGICS.includes(head.readUInt16LE(0))) unknown();
  if (head.readUInt32LE(0) !== ELF_MAGIC || head.readUInt16LE(16) !== ET_DYN) return null;
  const elfClass = head[4];
  if (elfClass !== 1 && elfClass !== 2) return null;
  const bits = elfClass === 1 ? 32 : 64;
  const tableAt = bits === 64 ? number64(head, 32) : head.readUInt32LE(28);
  const count = head.readUInt16LE(bits === 64 ? 56 : 44);
  if (count > MAX_SEGMENTS) unknown();
  const entryBytes = bits === 64 ? 56 : 32;
  const table = bytesAt(read, tableAt, count * entryBytes);
  const segments = Array.from({ length: count }, (_, index) =>
    segmentOf(table.subarray(index * entryBytes, (index + 1) * entryBytes), bits),
  );
  return { bits, machine: head.readUInt16LE(18), segments };
}

function segmentOf(entry: Buffer, bits: 32 | 64): Segment {
  const type = entry.readUInt32LE(0);
  if (bits === 64) {
    const [offset, address, sizeBytes, align] = [8, 16, 32, 48].map((field) => number64(entry, field));
    return { type, offset, address, sizeBytes, align } as Segment;
  }
  const [offset, address, sizeBytes, align] = [4, 8, 16, 28].map((field) => entry.readUInt32LE(field));
  return { type, offset, address, sizeBytes, align } as Segment;
}

/** Reads a C string of printable ASCII. @throws Unknown for any other */
export function textAt(read: ByteReader, offset: number): string {
  for (let length = MAX_NAME_BYTES; length >= 1; length = Math.floor(length / 2)) {
    const bytes = read(offset, length);
    const end = bytes?.indexOf(0) ?? -1;
    if (bytes === undefined || end < 0) continue;
    const text = bytes.toString('latin1', 0, end);

    return /[^\x20-\x7e]/.test(text) ? unknown() : text;
  }
  return unknown();
}

/** Reads bytes. @throws Unknown when they are not available */
export function bytesAt(read: ByteReader, offset: number, length: number): Buffer {
  return read(offset, length) ?? unknown();
}

/** Reads an unsigned 64-bit number, little-endian. @throws Unknown from 2^53 on */
export function number64(bytes: Buffer, offset: number): number {
  const value = bytes.readBigUInt64LE(offset);
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? unknown() : Number(value);
}

/** Gives a file up as unknown. @throws Unknown */
export function unknown(): never {
  throw new Unknown();
}
