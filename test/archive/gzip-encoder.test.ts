import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { encoder } from '../../src/archive/compress.ts';
import { sampleBytes, unpack } from './helpers.ts';

const BLOCK_BYTES = 512 * 1024;

function encoded(bytes: Buffer, pieceBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes));
  return buffer(Readable.from(pieces).pipe(encoder('gzip')));
}

test('gzip in blocks: the content alone decides the bytes, wherever its pieces and blocks end', async () => {
  for (const sizeBytes of [BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 6 * BLOCK_BYTES, 7_000_001]) {
    const bytes = sampleBytes(sizeBytes);
    const once = await encoded(bytes, 1000);
    assert.ok(once.equals(await encoded(bytes, 1_700_000)), `${sizeBytes} bytes in other pieces`);
    assert.ok(gunzipSync(once).equals(bytes), `${sizeBytes} bytes`);
    const { segments } = await unpack(once, 'gzip');
    assert.equal(segments.length, 1);
  }
});

test('gzip in blocks: a block refers back into the one before it', async () => {
  const bytes = Buffer.concat(Array.from({ length: 200 }, () => sampleBytes(16_000)));
  const sizeBytes = (await encoded(bytes, 100_000)).length;
  const whole = gzipSync(bytes, { level: 5 }).length;
  assert.ok(sizeBytes < whole * 1.02, `${sizeBytes} bytes, as one block ${whole}`);
});
