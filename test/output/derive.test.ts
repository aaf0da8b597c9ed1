import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { isAppError } from '../../src/model/app-error.ts';
import { digestOf } from '../../src/model/digest.ts';
import { type DerivedEncoding, derivationKey, reencodeLayer } from '../../src/output/derive.ts';
import { makeApk } from '../fixtures/apk.ts';
import { makeArchPackage } from '../fixtures/arch.ts';
import { END_OF_ARCHIVE, tarEntries } from '../fixtures/tar.ts';
import { tempDir } from '../fixtures/temp.ts';

type Hooks = Parameters<typeof tempDir>[0];

const TAR = Buffer.concat([
  tarEntries([
    { path: 'a', content: Buffer.alloc(300_000, 'abc') },
    { path: 'b', linkTarget: 'a' },
  ]),
  END_OF_ARCHIVE,
]);

function blobOf(t: Hooks, bytes: Uint8Array): string {
  const path = join(tempDir(t), 'blob');
  writeFileSync(path, bytes);
  return path;
}

async function derive(request: Parameters<typeof reencodeLayer>[0]) {
  const chunks: Buffer[] = [];
  const layer = await reencodeLayer(request, (chunk) => void chunks.push(chunk));
  return { layer, bytes: Buffer.concat(chunks) };
}

function decode(bytes: Buffer, encoding: DerivedEncoding): Buffer {
  if (encoding === 'none') return bytes;
  return encoding === 'gzip' ? gunzipSync(bytes) : zstdDecompressSync(bytes);
}

for (const [compression, packed] of [
  ['gzip', gzipSync(TAR)],
  ['zstd', zstdCompressSync(TAR)],
  ['none', TAR],
] as const) {
  for (const to of ['gzip', 'zstd', 'none'] as const) {
    test(`${compression} → ${to}: the same tar, its digest, size and diffID, the same bytes again`, async (t) => {
      const blobPath = blobOf(t, packed);
      const { layer, bytes } = await derive({ blobPath, compression, to });
      assert.ok(decode(bytes, to).equals(TAR));
      assert.deepEqual(layer, {
        digest: digestOf(bytes),
        sizeBytes: bytes.length,
        diffId: digestOf(TAR),
        uncompressedSizeBytes: TAR.length,
        mediaType: `application/vnd.oci.image.layer.v1.tar${to === 'none' ? '' : `+${to}`}`,
      });
      const again = await derive({ blobPath, compression, to });
      assert.ok(again.bytes.equals(bytes));
      assert.ok(readFileSync(blobPath).equals(packed));
    });
  }
}

test('an xz package of Arch becomes zstd and gzip', async (t) => {
  const spec = { name: 'a', version: '1-1', files: [{ path: 'usr/a', content: 'x' }] };
  const plain = makeArchPackage(spec, 'none');
  const blobPath = blobOf(t, makeArchPackage(spec, 'xz'));
  for (const to of ['zstd', 'gzip'] as const) {
    const { layer, bytes } = await derive({ blobPath, compression: 'xz', to });
    assert.ok(decode(bytes, to).equals(plain));
    assert.equal(layer.diffId, digestOf(plain));
  }
});

test('an apk with an early end of archive is repacked whole', async (t) => {
  const spec = { name: 'a', version: '1-r0', files: [{ path: 'usr/a', content: 'x' }] };
  const blobPath = blobOf(t, makeApk({ ...spec, earlyEnd: true }));
  const asIs = await derive({ blobPath, compression: 'gzip', to: 'none' });
  const repacked = await derive({ blobPath, compression: 'gzip', to: 'none', repack: true });
  assert.ok(asIs.bytes.equals(gunzipSync(readFileSync(blobPath))));
  assert.ok(repacked.bytes.length < asIs.bytes.length);
  assert.ok(repacked.bytes.equals(gunzipSync(makeApk(spec))));
  assert.equal(repacked.layer.diffId, digestOf(repacked.bytes));
});

test('a slow sink holds the stream back and gets everything', async (t) => {
  const blobPath = blobOf(t, gzipSync(TAR));
  let atOnce = 0;
  const chunks: Buffer[] = [];
  await reencodeLayer({ blobPath, compression: 'gzip', to: 'none' }, async (chunk) => {
    atOnce += 1;
    assert.equal(atOnce, 1);
    await new Promise((resolve) => setImmediate(resolve));
    chunks.push(chunk);
    atOnce -= 1;
  });
  assert.ok(Buffer.concat(chunks).equals(TAR));
});

test('a cut blob, a failing sink, a cancel and a missing blob end in their error', async (t) => {
  const blobPath = blobOf(t, gzipSync(TAR));
  const ignore = () => {};
  const abort = new AbortController();
  abort.abort();
  await assert.rejects(
    reencodeLayer({ blobPath, compression: 'gzip', to: 'zstd', signal: abort.signal }, ignore),
    (error) => (error as Error).name === 'AbortError' || isAppError(error, 'CANCELLED'),
  );
  await assert.rejects(
    reencodeLayer({ blobPath, compression: 'gzip', to: 'zstd' }, () => {
      throw new Error('sink is full');
    }),
    /sink is full/,
  );
  truncateSync(blobPath, 200);
  await assert.rejects(reencodeLayer({ blobPath, compression: 'gzip', to: 'zstd' }, ignore), (error) =>
    isAppError(error, 'BAD_ARCHIVE'),
  );
  await assert.rejects(
    reencodeLayer({ blobPath: `${blobPath}.none`, compression: 'gzip', to: 'zstd' }, ignore),
    /ENOENT|no such file/,
  );
});

test('keys tell inputs, encodings and repacking apart', () => {
  const keys = ['gzip', 'zstd', 'none'].flatMap((to) =>
    [true, false].flatMap((repack) =>
      ['a', 'b'].map((input) => derivationKey(digestOf(input), { to: to as DerivedEncoding, repack })),
    ),
  );
  assert.equal(new Set(keys).size, 12);
  assert.equal(derivationKey(digestOf('a'), { to: 'none' }), `layer 1 ${digestOf('a')} as-is none`);
  assert.match(derivationKey(digestOf('a'), { to: 'gzip' }), / as-is gzip \d/);
});
