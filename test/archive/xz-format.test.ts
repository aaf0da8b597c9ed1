import assert from 'node:assert/strict';
import { test } from 'node:test';
import { XzLayout } from '../../src/archive/xz-format.ts';
import { sampleBytes, unpack } from './helpers.ts';

/** 1000 × `x`, made by `xz --lzma2=preset=0,dict=1536MiB` (xz 5.4.1). */
const WIDE = Buffer.from(
  '/Td6WFoAAATm1rRGAgAhASUAAAA7eHtB4APnAAtdADxv+7/+o7C5plYAAACFWM1rTdfywQABJ+gHAAAA9FWPXLHEZ/sCAAAAAARZWg==',
  'base64',
);

async function xzOf(bytes: Buffer): Promise<Buffer> {
  return (await import('@napi-rs/lzma/xz')).compressSync(bytes);
}

test('a dictionary beyond 64 MiB is refused wherever its block stands', async () => {
  await assert.rejects(unpack(WIDE, 'xz'), {
    code: 'LIMIT',
    message: /at most 67108864 bytes, got 1610612736/,
  });
  for (const size of [0, 1, 5, 700, 70_000]) {
    const hidden = Buffer.concat([await xzOf(sampleBytes(size)), Buffer.alloc(8), WIDE]);
    for (const pieceBytes of [size < 1000 ? 1 : 997, 65_536]) {
      await assert.rejects(unpack(hidden, 'xz', { pieceBytes }), { code: 'LIMIT' }, `behind ${size} bytes`);
    }
  }
});

test('the layout of a stream is followed to its end', async () => {
  for (const size of [0, 3, 4, 70_000, 2_500_000]) {
    const layout = new XzLayout();
    const stream = await xzOf(sampleBytes(size));
    const dictionary = size === 0 ? 0 : 8 * 2 ** 20;
    assert.equal(layout.feed(stream), dictionary);
    assert.equal(layout.feed(stream), dictionary);
    assert.equal(layout.feed(WIDE), 1536 * 2 ** 20);
  }
});

test('what is no .xz is left to the decoder', () => {
  const layout = new XzLayout();
  assert.equal(layout.feed(Buffer.from('not an xz stream')), 0);
  assert.equal(layout.feed(WIDE), 0);
});
