export interface ElfSpec {
  /** 64 */
  readonly bits?: 32 | 64;
  /** 62: x86-64 */
  readonly machine?: number;
  /** 3: ET_DYN */
  readonly type?: number;
  readonly soname?: string;
  readonly needed?: readonly string[];
  readonly interpreter?: string;
  /** NT_GNU_ABI_TAG: system, major, minor, patch */
  readonly abi?: readonly [number, number, number, number];
  /** GNU_PROPERTY_X86_ISA_1_NEEDED */
  readonly isa?: number;
  /** Bytes of zeros before the names, and between them and what points at them */
  readonly before?: number;
  readonly between?: number;
  /** Broken on purpose: no PT_DYNAMIC */
  readonly static?: boolean;
  /** Of the first PT_LOAD: where it is in memory; the names are in a second one */
  readonly secondLoad?: number;
}

/** A shared object with nothing in it but what ldconfig reads; little-endian. */
export function makeElf(spec: ElfSpec = {}): Buffer {
  const bits = spec.bits ?? 64;
  const word = (value: number): Buffer => {
    const bytes = Buffer.alloc(bits / 8);
    bytes.writeUInt32LE(value, 0);
    return bytes;
  };
  const strings = ['', ...(spec.soname === undefined ? [] : [spec.soname]), ...(spec.needed ?? [])];
  const stringAt = (text: string): number =>
    strings.slice(0, strings.indexOf(text)).reduce((sum, one) => sum + one.length + 1, 0);
  const blocks: { readonly type: number; readonly align: number; readonly bytes: Buffer }[] = [];
  if (spec.interpreter !== undefined)
    blocks.push({ type: 3, align: 1, bytes: Buffer.from(`${spec.interpreter}\0`) });
  if (spec.abi !== undefined) blocks.push({ type: 4, align: 4, bytes: note(1, words(...spec.abi)) });
  if (spec.isa !== undefined) {
    const property = [words(0xc0008002, 4, spec.isa), Buffer.alloc(bits === 64 ? 4 : 0)];
    blocks.push({ type: 0x6474e553, align: bits / 8, bytes: note(5, Buffer.concat(property)) });
  }
  const [headerBytes, entryBytes] = bits === 64 ? [64, 56] : [52, 32];
  const loads = spec.secondLoad === undefined ? 1 : 2;
  const count = loads + blocks.length + (spec.static === true ? 0 : 1);
  let at = headerBytes + count * entryBytes;
  const align = () => {
    at = Math.ceil(at / 8) * 8;
    return at;
  };
  const placed = blocks.map((block) => {
    const offset = align();
    at += block.bytes.length;
    return { ...block, offset };
  });
  at += spec.before ?? 0;
  const namesAt = align();
  const names = Buffer.from(`${strings.join('\0')}\0`);
  at += names.length + (spec.between ?? 0);
  const dynamicAt = align();
  const tags: [number, number][] = [
    ...(spec.needed ?? []).map((name): [number, number] => [1, stringAt(name)]),
    ...(spec.soname === undefined ? [] : [[14, stringAt(spec.soname)] as [number, number]]),
    [5, namesAt + (spec.secondLoad ?? 0)],
    [0, 0],
  ];
  const dynamic = Buffer.concat(tags.flatMap(([tag, value]) => [word(tag), word(value)]));
  const file = Buffer.alloc(dynamicAt + dynamic.length);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, 1, 1]).copy(file);
  file.writeUInt16LE(spec.type ?? 3, 16);
  file.writeUInt16LE(spec.machine ?? 62, 18);
  word(headerBytes).copy(file, bits === 64 ? 32 : 28);
  file.writeUInt16LE(entryBytes, bits === 64 ? 54 : 42);
  file.writeUInt16LE(count, bits === 64 ? 56 : 44);
  let entry = headerBytes;
  const segment = (
    type: number,
    offset: number,
    size: number,
    more: { address?: number; align?: number },
  ) => {
    const { address = offset, align = 8 } = more;
    const fields =
      bits === 64
        ? [words(type, 4), word(offset), word(address), word(address), word(size), word(size), word(align)]
        : [words(type, offset, address, address, size, size, 4, align)];
    Buffer.concat(fields).copy(file, entry);
    entry += entryBytes;
  };
  if (spec.secondLoad === undefined) segment(1, 0, file.length, { align: 4096 });
  else {
    segment(1, 0, namesAt, { align: 4096 });
    segment(1, namesAt, file.length - namesAt, { address: namesAt + spec.secondLoad, align: 4096 });
  }
  for (const { type, align, bytes, offset } of placed) {
    bytes.copy(file, offset);
    segment(type, offset, bytes.length, { align });
  }
  if (spec.static !== true) segment(2, dynamicAt, dynamic.length, {});
  names.copy(file, namesAt);
  dynamic.copy(file, dynamicAt);
  return file;
}

function note(type: number, content: Buffer): Buffer {
  return Buffer.concat([words(4, content.length, type), Buffer.from('GNU\0'), content]);
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, at * 4);
  return bytes;
}
