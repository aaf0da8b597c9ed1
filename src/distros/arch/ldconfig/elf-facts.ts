import type { SharedLibrary } from '../../../model/archive.ts';
import {
  type ByteReader,
  bytesAt,
  type ElfLayout,
  layoutOf,
  number64,
  type Segment,
  textAt,
  Unknown,
  unknown,
} from './elf-layout.ts';

/** Segments of real libraries are below 4 KiB. */
const MAX_SEGMENT_BYTES = 64 * 1024;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const PT_NOTE = 4;
const PT_GNU_PROPERTY = 0x6474e553;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_SONAME = 14;
const NT_GNU_ABI_TAG = 1;
const NT_GNU_PROPERTY_TYPE_0 = 5;
const GNU_PROPERTY_X86_ISA_1_NEEDED = 0xc0008002;
/** Names in DT_NEEDED by which a 32-bit library is known to use libc6. */
const LIBC6_LIBRARIES: readonly string[] = ['libc.so.6', 'libm.so.6'];
const LIBC6_INTERPRETERS: readonly string[] = [
  '/lib/ld-linux.so.2',
  '/libx32/ld-linux-x32.so.2',
  '/lib64/ld-linux-x86-64.so.2',
  '/lib/ld-linux-x86-64.so.2',
];

/**
 * Reads the facts that ldconfig takes from a file (glibc elf/readelflib.c, elf/readlib.c). Null: not a shared library for any
 * version of ldconfig. Undefined: not known, because bytes are missing or versions read the file differently. Never throws.
 */
export function sharedLibrary(sizeBytes: number, read: ByteReader): SharedLibrary | null | undefined {
  try {
    const layout = layoutOf(sizeBytes, read);
    return layout === null ? null : libraryOf(layout, read);
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}

/** Returns the segments that sharedLibrary reads, in file order; none if the file is not a shared object or cannot be judged. */
export function segmentsRead(sizeBytes: number, read: ByteReader): readonly Segment[] {
  try {
    const segments = layoutOf(sizeBytes, read)?.segments ?? [];
    const wanted = [PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_GNU_PROPERTY];
    return segments.filter(({ type, sizeBytes }) => wanted.includes(type) && sizeBytes <= MAX_SEGMENT_BYTES);
  } catch (error) {
    if (error instanceof Unknown) return [];
    throw error;
  }
}

function libraryOf({ bits, machine, segments }: ElfLayout, read: ByteReader): SharedLibrary | null {
  const contentOf = ({ offset, sizeBytes }: Segment): Buffer =>
    sizeBytes > MAX_SEGMENT_BYTES ? unknown() : bytesAt(read, offset, sizeBytes);
  const all = (type: number) => segments.filter((segment) => segment.type === type);
  const [dynamic, ...more] = all(PT_DYNAMIC);
  if (dynamic === undefined || dynamic.sizeBytes === 0) return more.length === 0 ? null : unknown();
  if (more.length > 0) unknown();
  const tags = dynamicTags(contentOf(dynamic), bits);
  const table = tags.find(([tag]) => tag === DT_STRTAB);
  if (table === undefined) return null;
  const stringsAt = stringTableAt(table[1], all(PT_LOAD));
  const nameAt = (offset: number): string => textAt(read, stringsAt + offset);
  const sonames = tags.filter(([tag]) => tag === DT_SONAME).map(([, value]) => nameAt(value));
  const needed = tags.filter(([tag]) => tag === DT_NEEDED).map(([, value]) => nameAt(value));
  const interpreters = all(PT_INTERP).map(({ offset }) => textAt(read, offset));
  if (sonames.length > 1) unknown();
  const [soname = null] = sonames;
  if (soname === '') unknown();
  return {
    bits,
    machine,
    soname,
    libc6:
      needed.some((name) => LIBC6_LIBRARIES.includes(name)) ||
      interpreters.some((name) => LIBC6_INTERPRETERS.includes(name)),
    osVersion: osVersionOf(all(PT_NOTE), contentOf),
    isaLevel: isaLevelOf(all(PT_GNU_PROPERTY), bits, contentOf),
  };
}

function dynamicTags(content: Buffer, bits: 32 | 64): readonly (readonly [tag: number, value: number])[] {
  const entryBytes = bits / 4;
  const tags: [number, number][] = [];
  for (let offset = 0; offset + entryBytes <= content.length; offset += entryBytes) {
    const [low, high] =
      bits === 64
        ? [content.readUInt32LE(offset), content.readUInt32LE(offset + 4)]
        : [content.readUInt32LE(offset), 0];
    if (low === 0 && high === 0) return tags;
    // Tags of processors and systems may have any upper half.
    if (high === 0 && [DT_NEEDED, DT_STRTAB, DT_SONAME].includes(low))
      tags.push([low, bits === 64 ? number64(content, offset + 8) : content.readUInt32LE(offset + 4)]);
  }
  // ldconfig would read on after the segment.
  return unknown();
}

/**
 * Returns the file offset of the string table. Old versions of ldconfig compute it from the first PT_LOAD, new ones from the one
 * that has it.
 */
function stringTableAt(address: number, loads: readonly Segment[]): number {
  const [first] = loads;
  const holder = loads.find((load) => address >= load.address && address - load.address < load.sizeBytes);
  if (first === undefined || holder === undefined) return unknown();
  if (first.address - first.offset !== holder.address - holder.offset) unknown();
  return address - holder.address + holder.offset;
}

/** Returns NT_GNU_ABI_TAG as `system << 24 | major << 16 | minor << 8 | patch`; 0: none. */
function osVersionOf(notes: readonly Segment[], contentOf: (segment: Segment) => Buffer): number {
  for (const note of notes) {
    if (note.sizeBytes < 32 || note.align < 4) continue;
    const content = contentOf(note);
    const old = abiTag(content, 4);
    const version = note.align === 4 || note.align === 8 ? abiTag(content, note.align) : 0;
    if (old !== version) unknown();
    if (version !== 0) return version;
  }
  return 0;
}

function abiTag(content: Buffer, align: number): number {
  for (let offset = 0; content.length - offset >= 32; ) {
    const [nameBytes, bytes, type] = [0, 4, 8].map((field) => content.readUInt32LE(offset + field)) as [
      number,
      number,
      number,
    ];
    if (nameBytes === 4 && bytes === 16 && type === NT_GNU_ABI_TAG && isGnu(content, offset + 12)) {
      const [system, major, minor, patch] = [16, 20, 24, 28].map(
        (field) => content[offset + field] as number,
      ) as [number, number, number, number];
      return ((system << 24) | (major << 16) | (minor << 8) | patch) >>> 0;
    }
    if (nameBytes > content.length || bytes > content.length) unknown();
    offset += roundUp(roundUp(12 + nameBytes, align) + bytes, align);
  }
  return 0;
}

/** Returns the highest bit of `x86 ISA needed`; 0: none. */
function isaLevelOf(
  segments: readonly Segment[],
  bits: 32 | 64,
  contentOf: (segment: Segment) => Buffer,
): number {
  const [segment, ...more] = segments.filter(({ align }) => align === bits / 8);
  if (segment === undefined) return 0;
  if (more.length > 0) unknown();
  const content = contentOf(segment);
  if (content.length < 24) return unknown();
  const bytes = content.readUInt32LE(4);
  const isProperty = content.readUInt32LE(0) === 4 && content.readUInt32LE(8) === NT_GNU_PROPERTY_TYPE_0;
  if (
    !isProperty ||
    !isGnu(content, 12) ||
    bytes < 8 ||
    bytes % (bits / 8) !== 0 ||
    16 + bytes > content.length
  )
    return unknown();
  for (let offset = 16; offset + 8 <= 16 + bytes; ) {
    const type = content.readUInt32LE(offset);
    const size = content.readUInt32LE(offset + 4);
    if (offset + 8 + size > 16 + bytes) return unknown();
    if (type > GNU_PROPERTY_X86_ISA_1_NEEDED) return 0;
    if (type === GNU_PROPERTY_X86_ISA_1_NEEDED) {
      const levels = size === 4 ? content.readUInt32LE(offset + 8) : 0;
      return levels === 0 ? 0 : 31 - Math.clz32(levels);
    }
    offset += 8 + roundUp(size, bits / 8);
  }
  return 0;
}

function isGnu(content: Buffer, offset: number): boolean {
  return content.toString('latin1', offset, offset + 4) === 'GNU\0';
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
