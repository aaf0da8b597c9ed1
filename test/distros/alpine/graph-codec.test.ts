import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { APK_3 } from '../../../src/distros/alpine/rules.ts';
import { BYTE_SECTIONS, type Graph, WORD_SECTIONS } from '../../../src/distros/alpine/solver/graph.ts';
import { buildGraph } from '../../../src/distros/alpine/solver/graph-build.ts';
import { decodeGraph, encodeGraph } from '../../../src/distros/alpine/solver/graph-codec.ts';
import { memorySource } from '../memory-source.ts';
import { repositories } from './random-repositories.ts';
import { described } from './solver-cases.ts';

function plain(graph: Graph): unknown {
  return [...WORD_SECTIONS, ...BYTE_SECTIONS].map((key) => [key, Array.from(graph[key])]);
}

test('a graph is decoded to what was encoded, aligned or not', () => {
  fc.assert(
    fc.property(repositories, (from) => {
      const source = memorySource(from.map((one) => ({ ...one, packages: one.packages.map(described) })));
      const graph = buildGraph({ packages: source.all(), architecture: 'x86_64', rules: APK_3 });
      const bytes = encodeGraph(graph);
      const moved = Buffer.concat([Buffer.alloc(1), bytes]).subarray(1);
      assert.deepEqual(plain(decodeGraph(bytes)), plain(graph));
      assert.deepEqual(plain(decodeGraph(moved)), plain(graph));
    }),
    { seed: 20_261_130 },
  );
});

const graph = Object.fromEntries([
  ...WORD_SECTIONS.map((key) => [key, new Int32Array(3)]),
  ...BYTE_SECTIONS.map((key) => [key, Buffer.from('abc')]),
]) as unknown as Graph;

test('numbers of a graph have the narrowest elements that hold them, negative ones the widest', () => {
  const widths = [
    [[0, 255], 1],
    [[0, 256], 2],
    [[65_535], 2],
    [[65_536], 4],
    [[-1], 4],
    [[-2_147_483_648, 2_147_483_647], 4],
  ] as const;
  for (const [words, width] of widths) {
    const decoded = decodeGraph(encodeGraph({ ...graph, depends: Int32Array.from(words) }));
    assert.deepEqual([...decoded.depends], words);
    assert.equal(decoded.depends.BYTES_PER_ELEMENT, width);
  }
});

test('bytes that end before the graph does are refused', () => {
  const bytes = encodeGraph(graph);
  for (let length = 0; length < bytes.length - 3; length += 1) {
    assert.throws(() => decodeGraph(bytes.subarray(0, length)), /solver graph: expected/);
  }
});
