import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OutputLines } from '../../src/sandbox/output-lines.ts';

function linesOf(pieces: readonly Uint8Array[], maxBytes = 1e6): readonly string[] {
  const lines: string[] = [];
  const output = new OutputLines((line) => lines.push(line), maxBytes);
  for (const piece of pieces) output.write(Buffer.from(piece));
  output.finish();
  return lines;
}

test('lines are the same however the output is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.nat(300), (pieces, maxBytes) => {
      assert.deepEqual(linesOf(pieces, maxBytes), linesOf([Buffer.concat(pieces)], maxBytes));
    }),
  );
});

test('a terminal gets no control characters', () => {
  assert.deepEqual(linesOf([Buffer.from('a\tb\u001b[31m\r\u0007c\u009b2J\n\nlast')]), [
    'a\tb[31mc2J',
    '',
    'last',
  ]);
});

test('a line without end is cut, output without end counted', () => {
  const lines = linesOf([Buffer.alloc(10_000, 'x')]);
  assert.deepEqual(
    lines.map((line) => line.length),
    [4096, 4096, 1808],
  );
  assert.deepEqual(linesOf([Buffer.from('one\ntwo\nthree\n')], 6), [
    'one',
    'tw',
    '… and 8 more bytes, not shown',
  ]);
  assert.deepEqual(linesOf([]), []);
});
