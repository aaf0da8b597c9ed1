import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { encoder } from '../../src/archive/compress.ts';
import { sampleBytes, unpack } from './helpers.ts';

test('gzip: no name, no time, unknown system', async () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('hello'), sampleBytes(700_000)]) {
    const streamed = await buffer(Readable.from([bytes]).pipe(encoder('gzip')));
    assert.equal(streamed.toString('hex', 0, 10), '1f8b08000000000000ff');
    assert.ok((await unpack(streamed, 'gzip')).bytes.equals(bytes));
  }
});

test('encoders: what goes in comes out, and twice the same', async () => {
  const bytes = sampleBytes(2_000_000);
  for (const encoding of ['gzip', 'zstd', 'none'] as const) {
    const encode = (pieceBytes: number) => {
      const parts: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += pieceBytes) parts.push(bytes.subarray(at, at + pieceBytes));
      return buffer(Readable.from(parts).pipe(encoder(encoding)));
    };
    const [once, again] = [await encode(100_000), await encode(100_000)];
    assert.ok(once.equals(again), encoding);
    const { bytes: back, segments } = await unpack(once, encoding);
    assert.ok(back.equals(bytes));
    assert.equal(segments.length, 1);
  }
});

test('zstd layers carry a checksum', async () => {
  const packed = await buffer(Readable.from([Buffer.from('x')]).pipe(encoder('zstd')));
  assert.equal((packed[4] as number) & 0x04, 0x04);
});
