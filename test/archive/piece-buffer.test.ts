import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inPiecesOf, PieceBuffer } from '../../src/archive/piece-buffer.ts';

test('small buffers are collected into one piece, in order', () => {
  const pieces = new PieceBuffer();
  pieces.add(Buffer.from('ab'));
  pieces.add(Buffer.from('c'));
  assert.equal(pieces.isFull, false);
  pieces.add(Buffer.alloc(256 * 1024));
  assert.equal(pieces.isFull, true);
  const piece = pieces.take();
  assert.equal(piece.length, 3 + 256 * 1024);
  assert.equal(piece.toString('latin1', 0, 3), 'abc');
  assert.equal(pieces.take().length, 0);
});

test('pieces are the same however the bytes come', async () => {
  const bytes = Buffer.from(Array.from({ length: 1000 }, (_, at) => at % 251));
  for (const chunkBytes of [1, 7, 64, 65, 200, 1000]) {
    const pieces: Buffer[] = [];
    for await (const piece of inPiecesOf(64, chunksOf(bytes, chunkBytes))) pieces.push(piece);
    assert.deepEqual(
      pieces.map(({ length }) => length),
      [...Array.from({ length: 15 }, () => 64), 40],
    );
    assert.ok(Buffer.concat(pieces).equals(bytes), `${chunkBytes}`);
  }
});

async function* chunksOf(bytes: Buffer, sizeBytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += sizeBytes) yield bytes.subarray(at, at + sizeBytes);
}
