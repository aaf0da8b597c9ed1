import { required } from '../../../model/required.ts';
import { undecided } from '../../shared/shell/undecided.ts';
import { compareLibraries } from './library-order.ts';

/** An entry of the cache, which is a line of `ldconfig -p`. */
export interface CacheEntry {
  readonly soname: string;
  readonly path: string;
  /** Bits for libc type and architecture: sysdeps/generic/ldconfig.h */
  readonly flags: number;
  readonly osVersion: number;
  readonly isaLevel: number;
  /** Name of the folder below `glibc-hwcaps`; empty: not in one */
  readonly hwcaps: string;
  /** Number of the directory, in search order */
  readonly directory: number;
}

/**
 * Format of the cache:
 * - `compat` (before glibc 2.32): the format of libc5 followed by that of glibc 2.2
 * - `new` (2.32): only the latter
 * - `extended` (from 2.33): with shared strings, the writer's name and `glibc-hwcaps`
 */
export type CacheFormat = 'compat' | 'new' | 'extended';

const OLD_HEADER_BYTES = 16;
const OLD_ENTRY_BYTES = 12;
const HEADER_BYTES = 48;
const ENTRY_BYTES = 24;
const EXTENSION_MAGIC = 0xeaa42174;
/** Size of an extension directory's header, and of each section in it */
const EXTENSION_BYTES = 8;
const SECTION_BYTES = 16;
const TAG_GENERATOR = 0;
const TAG_HWCAPS = 1;
const LITTLE_ENDIAN = 2;
/** Bit in the upper half of an entry's `hwcap` that makes the lower half an index into the hwcaps section. */
const HWCAP_EXTENSION = 1 << 30;

/**
 * Returns the bytes of `/etc/ld.so.cache` as ldconfig of a little-endian 64-bit machine writes them (glibc elf/cache.c,
 * elf/stringtable.c).
 * @param extension for `extended` only; `names`: all folders below `glibc-hwcaps`, used or not; `generator`: the writer's name
 * @throws Undecided when the order depends on that of a directory on disk
 */
export function cacheBytes(
  entries: readonly CacheEntry[],
  format: CacheFormat,
  extension: { readonly names: readonly string[]; readonly generator: string },
): Buffer {
  const sorted = inOrder(entries);
  return format === 'extended'
    ? extended(sorted, extension.names, extension.generator)
    : plain(sorted, format === 'compat');
}

/** Sorts entries: newest first, equal ones in the order in which they were found. */
function inOrder(entries: readonly CacheEntry[]): readonly CacheEntry[] {
  const sorted = [...entries].sort(compare);
  for (const [index, entry] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next?.directory === entry.directory && compare(entry, next) === 0)
      undecided(`${entry.path} and ${next.path} sort as equal`);
  }
  return sorted;
}

function compare(left: CacheEntry, right: CacheEntry): number {
  const newer = compareLibraries(right.soname, left.soname);
  if (newer !== 0) return newer;
  if (left.flags !== right.flags) return right.flags - left.flags;
  if ((left.hwcaps === '') !== (right.hwcaps === '')) return left.hwcaps === '' ? 1 : -1;
  if (left.hwcaps !== right.hwcaps) return left.hwcaps < right.hwcaps ? -1 : 1;
  return right.osVersion - left.osVersion;
}

function plain(entries: readonly CacheEntry[], compat: boolean): Buffer {
  const headers = HEADER_BYTES + entries.length * ENTRY_BYTES;
  const oldCount = compat ? entries.length + (entries.length % 2) : 0;
  const oldBytes = compat ? OLD_HEADER_BYTES + oldCount * OLD_ENTRY_BYTES : 0;
  const strings: string[] = [];
  let offset = headers;
  const placed = entries.map((entry) => {
    const key = offset;
    const value = key + entry.soname.length + 1;
    offset = value + entry.path.length + 1;
    strings.push(`${entry.soname}\0${entry.path}\0`);
    return { entry, key, value };
  });
  const bytes = Buffer.alloc(oldBytes + headers);
  if (compat) {
    bytes.write('ld.so-1.7.0', 'latin1');
    bytes.writeUInt32LE(oldCount, 12);
    for (let index = 0; index < oldCount; index++) {
      // The last entry is repeated, so that the following data are aligned to 8 bytes.
      const { entry, key, value } = placed[Math.min(index, placed.length - 1)] as (typeof placed)[number];
      const place = OLD_HEADER_BYTES + index * OLD_ENTRY_BYTES;
      bytes.writeInt32LE(entry.flags, place);
      bytes.writeUInt32LE(key, place + 4);
      bytes.writeUInt32LE(value, place + 8);
    }
  }
  const now = bytes.subarray(oldBytes);
  writeHeader(now, entries.length, offset - headers);
  for (const [index, { entry, key, value }] of placed.entries())
    writeEntry(now, index, { entry, key, value, hwcap: [0, 0] });
  return Buffer.concat([bytes, Buffer.from(strings.join(''), 'latin1')]);
}

function extended(entries: readonly CacheEntry[], names: readonly string[], generator: string): Buffer {
  const headers = HEADER_BYTES + entries.length * ENTRY_BYTES;
  const table = stringTable([...entries.flatMap(({ soname, path }) => [soname, path]), ...names]);
  const place = (text: string): number => headers + required(table.offsets, text);
  const used = [...new Set(entries.map(({ hwcaps }) => hwcaps))].filter((name) => name !== '').sort();
  const extensionAt = Math.ceil((headers + table.bytes.length) / 4) * 4;

  const head = Buffer.alloc(headers);
  writeHeader(head, entries.length, table.bytes.length);
  head.writeUInt8(LITTLE_ENDIAN, 28);
  head.writeUInt32LE(extensionAt, 32);
  for (const [index, entry] of entries.entries()) {
    const hwcap: [number, number] =
      entry.hwcaps === '' ? [0, 0] : [used.indexOf(entry.hwcaps), HWCAP_EXTENSION + entry.isaLevel];
    writeEntry(head, index, { entry, key: place(entry.soname), value: place(entry.path), hwcap });
  }

  const sections = used.length === 0 ? 1 : 2;
  const arrayAt = EXTENSION_BYTES + sections * SECTION_BYTES;
  const text = Buffer.from(generator, 'latin1');
  const extension = Buffer.alloc(arrayAt + used.length * 4);
  extension.writeUInt32LE(EXTENSION_MAGIC, 0);
  extension.writeUInt32LE(sections, 4);
  writeSection(extension, 0, [TAG_GENERATOR, extensionAt + extension.length, text.length]);
  if (used.length > 0) writeSection(extension, 1, [TAG_HWCAPS, extensionAt + arrayAt, used.length * 4]);
  for (const [index, name] of used.entries()) extension.writeUInt32LE(place(name), arrayAt + index * 4);
  const padding = Buffer.alloc(extensionAt - headers - table.bytes.length);
  return Buffer.concat([head, table.bytes, padding, extension, text]);
}

function writeHeader(bytes: Buffer, count: number, stringBytes: number): void {
  bytes.write('glibc-ld.so.cache1.1', 'latin1');
  bytes.writeUInt32LE(count, 20);
  bytes.writeUInt32LE(stringBytes, 24);
}

interface Placed {
  readonly entry: CacheEntry;
  readonly key: number;
  readonly value: number;
  readonly hwcap: readonly [low: number, high: number];
}

function writeEntry(bytes: Buffer, index: number, { entry, key, value, hwcap }: Placed): void {
  const offset = HEADER_BYTES + index * ENTRY_BYTES;
  bytes.writeInt32LE(entry.flags, offset);
  bytes.writeUInt32LE(key, offset + 4);
  bytes.writeUInt32LE(value, offset + 8);
  bytes.writeUInt32LE(entry.osVersion, offset + 12);
  bytes.writeUInt32LE(hwcap[0], offset + 16);
  bytes.writeUInt32LE(hwcap[1], offset + 20);
}

function writeSection(
  bytes: Buffer,
  index: number,
  [tag, offset, size]: readonly [number, number, number],
): void {
  const start = EXTENSION_BYTES + index * SECTION_BYTES;
  bytes.writeUInt32LE(tag, start);
  bytes.writeUInt32LE(offset, start + 8);
  bytes.writeUInt32LE(size, start + 12);
}

/** Lays strings out; a string that is the end of another one is not stored again. */
function stringTable(texts: readonly string[]): { bytes: Buffer; offsets: ReadonlyMap<string, number> } {
  const sorted = [...new Set(texts)]
    .map((text) => ({ text, reversed: [...text].reverse().join('') }))
    .sort((left, right) => compareReversed(left.reversed, right.reversed));
  const offsets = new Map<string, number>();
  const stored: string[] = [];
  let end = 0;
  let previous: string | undefined;
  for (const { text } of sorted) {
    if (previous?.endsWith(text))
      offsets.set(text, required(offsets, previous) + previous.length - text.length);
    else {
      offsets.set(text, end);
      stored.push(`${text}\0`);
      end += text.length + 1;
    }
    previous = text;
  }
  return { bytes: Buffer.from(stored.join(''), 'latin1'), offsets };
}

/** Compares reversed strings, in descending order, so that a string follows the one of which it is the end. */
function compareReversed(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? 1 : -1;
}
