import { BYTE_SECTIONS, type ByteSection, type Graph, WORD_SECTIONS, type WordSection } from './graph.ts';

/**
 * Version of the encoding, to be increased when the meaning of a section changes: stored graphs of other versions are built
 * again.
 */
export const GRAPH_VERSION = 3;

const WORD = 4;
const SECTIONS = WORD_SECTIONS.length + BYTE_SECTIONS.length;

/** Encodes a graph as little-endian 32-bit words: the length of each section, then the sections. */
export function encodeGraph(graph: Graph): Uint8Array {
  const sections = [
    ...WORD_SECTIONS.map((key) => bytesOf(graph[key])),
    ...BYTE_SECTIONS.map((key) => graph[key]),
  ];
  const lengths = Int32Array.from(sections, (section) => section.length);
  return Buffer.concat([bytesOf(lengths), ...sections]);
}

/**
 * Decodes a graph, whose sections are views of the bytes if these are aligned.
 * @throws Error when the bytes are not a graph
 */
export function decodeGraph(encoded: Uint8Array): Graph {
  const bytes = encoded.byteOffset % WORD === 0 ? encoded : new Uint8Array(encoded);
  const words = (start: number, length: number): Int32Array =>
    new Int32Array(bytes.buffer, bytes.byteOffset + start, length / WORD);
  const lengths = words(0, SECTIONS * WORD);
  let offset = SECTIONS * WORD;
  const take = (length: number): number => {
    const start = offset;
    offset += length;
    if (length < 0 || offset > bytes.length)
      throw new Error(`solver graph: expected ${offset} bytes, got ${bytes.length}`);
    return start;
  };
  const graph: Partial<Record<WordSection, Int32Array> & Record<ByteSection, Uint8Array>> = {};
  WORD_SECTIONS.forEach((key, index) => {
    const length = lengths[index] as number;
    graph[key] = words(take(length), length);
  });
  BYTE_SECTIONS.forEach((key, index) => {
    const length = lengths[WORD_SECTIONS.length + index] as number;
    const start = take(length);
    graph[key] = bytes.subarray(start, start + length);
  });
  return graph as Graph;
}

function bytesOf(words: Int32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
