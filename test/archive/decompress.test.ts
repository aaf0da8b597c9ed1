import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { decompress } from '../../src/archive/decompress.ts';
import { isAppError } from '../../src/model/app-error.ts';
import type { Compression } from '../../src/model/archive.ts';
import { sampleBytes, unpack } from './helpers.ts';

const withChecksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const skippable = Buffer.from('532a4d180300000061626d', 'hex');
/** Beyond what is handled in one call (4 MiB compressed), so that the streaming way is taken. */
const LARGE_BYTES = 9 * 2 ** 20;
const large = sampleBytes(LARGE_BYTES, 7);

/** `BZh9` of "hello bzip2\n", made by bzip2 1.0.8. */
const BZIP2_HELLO = Buffer.from(
  'QlpoOTFBWSZTWatrofEAAALZgAAQQAAQABJkwBAgADEA000EAB6j705RogeLuSKcKEhVtdD4gA==',
  'base64',
);

async function xzOf(bytes: Buffer): Promise<Buffer> {
  return (await import('@napi-rs/lzma/xz')).compressSync(bytes);
}

async function refuses(archive: Buffer, compression: Compression, pattern: RegExp): Promise<void> {
  await assert.rejects(
    unpack(archive, compression),
    (error) => isAppError(error, 'BAD_ARCHIVE') && pattern.test(error.message),
    `${compression}: ${pattern}`,
  );
}

test('gzip members keep their exact boundaries, small and large, however the input is cut', async () => {
  const contents = [
    Buffer.from('signature'),
    sampleBytes(3000),
    large,
    Buffer.alloc(0),
    sampleBytes(50_000, 3),
  ];
  const members = contents.map((bytes) => gzipSync(bytes));
  for (const pieceBytes of [1, 7, 1000, 65_536, 2 ** 25]) {
    const from = pieceBytes < 100 ? 3 : 0;
    const { bySegment, segments } = await unpack(Buffer.concat(members.slice(from)), 'gzip', { pieceBytes });
    assert.deepEqual(
      segments.map(({ sizeBytes }) => sizeBytes),
      members.slice(from).map(({ length }) => length),
    );
    for (const [index, { bytes, compressed }] of bySegment.entries()) {
      assert.ok(bytes.equals(contents[from + index] as Buffer));
      assert.ok(compressed.equals(members[from + index] as Buffer));
    }
  }
});

test('zstd frames and skippable frames keep their exact boundaries', async () => {
  const frames = [
    skippable,
    zstdCompressSync(sampleBytes(70_000)),
    zstdCompressSync(large, withChecksum),
    skippable,
    zstdCompressSync(Buffer.alloc(0), withChecksum),
    zstdCompressSync(Buffer.alloc(400_000)),
  ];
  for (const pieceBytes of [1, 5, 65_536, 2 ** 25]) {
    const chosen = pieceBytes < 100 ? frames.toSpliced(2, 1) : frames;
    const { bySegment, segments, bytes } = await unpack(Buffer.concat(chosen), 'zstd', { pieceBytes });
    assert.equal(segments.length, chosen.length);
    for (const [index, { compressed }] of bySegment.entries()) {
      assert.ok(compressed.equals(chosen[index] as Buffer), `frame ${index} in pieces of ${pieceBytes}`);
    }
    assert.equal(segments[0]?.uncompressedSizeBytes, 0);
    assert.equal(bytes.length, 470_000 + (chosen === frames ? LARGE_BYTES : 0));
  }
});

test('any members and any cut: the contents come back and the segments tile the archive', async () => {
  const law = fc.asyncProperty(
    fc.array(fc.uint8Array({ maxLength: 5000 }), { minLength: 1, maxLength: 6 }),
    fc.integer({ min: 1, max: 9000 }),
    fc.constantFrom('gzip' as const, 'zstd' as const),
    async (contents, pieceBytes, compression) => {
      const pack = compression === 'gzip' ? gzipSync : zstdCompressSync;
      const archive = Buffer.concat(contents.map((bytes) => pack(bytes)));
      const { bytes, segments } = await unpack(archive, compression, { pieceBytes });
      assert.ok(bytes.equals(Buffer.concat(contents)));
      let [at, uncompressedAt] = [0, 0];
      for (const segment of segments) {
        assert.deepEqual([segment.offset, segment.uncompressedOffset], [at, uncompressedAt]);
        at += segment.sizeBytes;
        uncompressedAt += segment.uncompressedSizeBytes;
      }
      assert.deepEqual([at, uncompressedAt], [archive.length, bytes.length]);
    },
  );
  await fc.assert(law, { numRuns: 60 });
});

test('every truncation is refused: gzip, zstd, xz, bzip2', async () => {
  const text = sampleBytes(600);
  const archives: [Compression, Buffer][] = [
    ['gzip', gzipSync(text)],
    ['zstd', zstdCompressSync(text, withChecksum)],
    ['zstd', zstdCompressSync(text)],
    ['xz', await xzOf(text)],
    ['bzip2', BZIP2_HELLO],
  ];
  for (const [compression, archive] of archives) {
    for (let length = 0; length < archive.length; length += compression === 'xz' ? 7 : 1) {
      await refuses(archive.subarray(0, length), compression, /ends within|got an empty file|damaged/);
    }
  }
  await refuses(gzipSync(large).subarray(0, -9), 'gzip', /ends within/);
  await refuses(zstdCompressSync(large).subarray(0, -1), 'zstd', /ends within the block of zstd frame 0/);
});

test('what follows the last segment is refused with its offset', async () => {
  const gzip = gzipSync('x');
  const zstd = zstdCompressSync(Buffer.from('x'));
  for (const tail of [Buffer.from('garbage'), Buffer.alloc(512)]) {
    await refuses(
      Buffer.concat([gzip, tail]),
      'gzip',
      new RegExp(`byte ${gzip.length}: .*after the last gzip member`),
    );
    await refuses(
      Buffer.concat([zstd, tail]),
      'zstd',
      new RegExp(`byte ${zstd.length}: .*after the last zstd frame`),
    );
    await refuses(Buffer.concat([BZIP2_HELLO, tail]), 'bzip2', /bzip2/);
  }
  const xz = await xzOf(Buffer.from('x'));
  await refuses(Buffer.concat([xz, Buffer.from('garbage!')]), 'xz', /damaged xz data/);
  await refuses(Buffer.concat([xz, Buffer.alloc(3)]), 'xz', /multiples of four/);
  await refuses(Buffer.concat([zstd, skippable.subarray(0, 9)]), 'zstd', /skippable frame/);
});

test('damage is refused: a wrong CRC, a wrong size, a flipped bit, a reserved block', async () => {
  const gzip = gzipSync(sampleBytes(5000));
  for (const [at, pattern] of [
    [-8, /CRC-32 expected/],
    [-1, /expected \d+ bytes \(modulo 2\^32\), got 5000/],
    [2, /method 8/],
    [3, /reserved bits/],
  ] as const) {
    const bad = Buffer.from(gzip);
    const index = at < 0 ? bad.length + at : at;
    bad[index] = (bad[index] as number) ^ 0xf0;
    await refuses(bad, 'gzip', pattern);
  }
  const zstd = zstdCompressSync(sampleBytes(5000), withChecksum);
  const flipped = Buffer.from(zstd);
  flipped[zstd.length - 1] = (flipped[zstd.length - 1] as number) ^ 1;
  await refuses(flipped, 'zstd', /damaged zstd frame 0/);
  const reserved = Buffer.from('28b52ffd2001070000', 'hex');
  await refuses(reserved, 'zstd', /reserved type|damaged/);
  const xz = await xzOf(sampleBytes(5000));
  xz[100] = (xz[100] as number) ^ 1;
  await refuses(xz, 'xz', /damaged xz data|ends within/);
});

test('gzip header fields are skipped, and their checksum is verified', async () => {
  const body = gzipSync('content').subarray(10);
  const fields = Buffer.from(
    '1f8b081e00000000ff03' + '0300616263' + '6e616d6500' + '636f6d6d656e7400',
    'hex',
  );
  const { crc32 } = await import('node:zlib');
  const crc = Buffer.alloc(2);
  crc.writeUInt16LE(crc32(fields) & 0xffff);
  const archive = Buffer.concat([fields, crc, body]);
  assert.equal((await unpack(archive, 'gzip', { pieceBytes: 1 })).bytes.toString(), 'content');
  archive[fields.length] = (crc[0] as number) ^ 1;
  await refuses(archive, 'gzip', /header CRC/);
});

test('limits: total size, ratio, window, dictionary', async () => {
  const zeros = zstdCompressSync(Buffer.alloc(80 * 2 ** 20));
  await assert.rejects(unpack(zeros, 'zstd'), { code: 'LIMIT', message: /at most 2000 bytes for each/ });
  for (const [compression, archive] of [
    ['gzip', gzipSync(Buffer.alloc(5000))],
    ['zstd', zstdCompressSync(Buffer.alloc(5000))],
    ['xz', await xzOf(Buffer.alloc(5000))],
    ['none', Buffer.alloc(5000)],
  ] as const) {
    const limited = unpack(archive, compression, { maxUncompressedBytes: 4999 });
    await assert.rejects(limited, { code: 'LIMIT', message: /at most 4999/ }, compression);
    assert.equal((await unpack(archive, compression, { maxUncompressedBytes: 5000 })).bytes.length, 5000);
  }
  // RFC 8878 §3.1.1.1.2: descriptor 0x90 is a window of 2^28; 0x88 is 2^27.
  const wide = Buffer.from('28b52ffd0090010000', 'hex');
  await assert.rejects(unpack(wide, 'zstd'), { code: 'LIMIT', message: /2\^27 bytes, got 268435456/ });
  assert.equal((await unpack(wide, 'zstd', { maxWindowLog: 28 })).bytes.length, 0);
  assert.equal((await unpack(Buffer.from('28b52ffd0088010000', 'hex'), 'zstd')).bytes.length, 0);
  const dictionary = Buffer.from('28b52ffd210700010000', 'hex');
  await assert.rejects(unpack(dictionary, 'zstd'), { code: 'UNSUPPORTED', message: /dictionary 7/ });
});

test('xz and bzip2: concatenated streams are one segment', async () => {
  const xz = await xzOf(sampleBytes(200_000));
  const twice = await unpack(Buffer.concat([xz, Buffer.alloc(4), xz]), 'xz');
  assert.ok(twice.bytes.equals(Buffer.concat([sampleBytes(200_000), sampleBytes(200_000)])));
  assert.deepEqual(
    twice.segments.map(({ sizeBytes }) => sizeBytes),
    [2 * xz.length + 4],
  );
  const bzip2 = await unpack(Buffer.concat([BZIP2_HELLO, BZIP2_HELLO]), 'bzip2', { pieceBytes: 3 });
  assert.equal(bzip2.bytes.toString(), 'hello bzip2\nhello bzip2\n');
});

test('leaving early closes the input; a failing input fails the reader', { timeout: 20_000 }, async () => {
  const xzBytes = await xzOf(large.subarray(0, 2 ** 20));
  for (const [compression, archive] of [
    ['gzip', gzipSync(large)],
    ['zstd', zstdCompressSync(large)],
    ['xz', xzBytes],
    ['none', large],
  ] as const) {
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield archive.subarray(0, archive.length - 1000);
        await new Promise(() => {});
      } finally {
        closed = true;
      }
    }
    for await (const { bytes } of decompress(source(), compression).chunks) {
      assert.ok(bytes.length > 0);
      break;
    }
    assert.ok(closed || compression !== 'none', compression);
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield archive.subarray(0, archive.length >> 1);
      throw new Error('the network is gone');
    }
    await assert.rejects(
      async () => {
        for await (const _ of decompress(failing(), compression).chunks);
      },
      /the network is gone/,
      compression,
    );
  }
});

test('freesChunks: a chunk’s memory is free once the next one is requested', async () => {
  const bytes = sampleBytes(700_000);
  const lengths: number[][] = [];
  for (const freesChunks of [true, false]) {
    const packed = Readable.from([gzipSync(bytes)]);
    const kept: Buffer[] = [];
    for await (const chunk of decompress(packed, 'gzip', { freesChunks }).chunks) kept.push(chunk.bytes);
    lengths.push(kept.map(({ length }) => length));
  }
  assert.deepEqual(lengths, [[0], [bytes.length]]);
});
