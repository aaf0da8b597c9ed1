import {
  BYTE_SECTIONS,
  type ByteSection,
  type Graph,
  WORD_SECTIONS,
  type WordSection,
  type Words,
} from './graph.ts';

/**
 * Version of the encoding, to be increased when the meaning of a section changes: stored graphs of other versions are built
 * again.
 */
export const GRAPH_VERSION = 4;

const HEADER_WORD = 4;
/** Sections begin at multiples of the widest element. */
const ALIGNMENT = 4;
const SECTIONS = WORD_SECTIONS.length + BYTE_SECTIONS.length;

/**
 * Encodes a graph, little-endian: for each section, its length in bytes and the width of its elements as 32-bit words, then the
 * sections.
 */
export function encodeGraph(graph: Graph): Uint8Array {
  const sections = [
    ...WORD_SECTIONS.map((key) => narrow(graph[key])),
    ...BYTE_SECTIONS.map((key) => graph[key]),
  ];
  const header = Int32Array.from(
    sections.flatMap(({ byteLength, BYTES_PER_ELEMENT }) => [byteLength, BYTES_PER_ELEMENT]),
  );
  return Buffer.concat([header, ...sections].flatMap(padded));
}

/** Copies numbers into the narrowest elements that hold them all. */
function narrow(words: Words): Words {
  let bits = 0;
  for (const word of words) bits |= word;
  if (bits < 0 || bits > 0xffff) return words;
  return bits > 0xff ? Uint16Array.from(words) : Uint8Array.from(words);
}

/**
 * Decodes a graph, whose sections are views of the bytes if these are aligned.
 * @throws Error when the bytes are not a graph
 */
export function decodeGraph(encoded: Uint8Array): Graph {
  const aligned = encoded.byteOffset % ALIGNMENT === 0 ? encoded : new Uint8Array(encoded);
  const { buffer, byteOffset, length: total } = aligned as Uint8Array<ArrayBuffer>;
  let offset = SECTIONS * 2 * HEADER_WORD;
  if (total < offset) throw new Error(`solver graph: expected at least ${offset} bytes, got ${total}`);
  const header = new Int32Array(buffer, byteOffset, SECTIONS * 2);
  let section = 0;
  const next = (): { readonly start: number; readonly length: number; readonly width: number } => {
    const length = header[section * 2] as number;
    const width = header[section * 2 + 1] as number;
    const start = offset;
    section += 1;
    offset += length + (-length & (ALIGNMENT - 1));
    if (length < 0 || offset > total) throw new Error(`solver graph: expected ${offset} bytes, got ${total}`);
    return { start: byteOffset + start, length, width };
  };
  const graph: Partial<Record<WordSection, Words> & Record<ByteSection, Buffer>> = {};
  for (const key of WORD_SECTIONS) {
    const { start, length, width } = next();
    const Elements = width === 1 ? Uint8Array : width === 2 ? Uint16Array : Int32Array;
    graph[key] = new Elements(buffer, start, length / width);
  }
  for (const key of BYTE_SECTIONS) {
    const { start, length } = next();
    graph[key] = Buffer.from(buffer, start, length);
  }
  // A copy has its properties in fixed places, in which V8 finds them several times faster.
  return { ...graph } as Graph;
}

function padded({ buffer, byteOffset, byteLength }: Words): readonly Uint8Array[] {
  return [new Uint8Array(buffer, byteOffset, byteLength), new Uint8Array(-byteLength & (ALIGNMENT - 1))];
}
