import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { digestOf } from '../../src/model/digest.ts';
import { hasBlob, readBlob } from '../../src/registry/blobs.ts';
import { blobOf, collect, fails, noise, put, quickSession, start } from './harness.ts';

test('there or not', async (t) => {
  const { registry, session, app } = await start(t);
  const blob = put(registry, app, noise(10));
  assert.equal(await hasBlob(session, app, blob), true);
  await fails(hasBlob(session, app, { ...blob, size: 11 }), 'INTEGRITY', /expected 11 bytes, got 10/);
  registry.blobs.clear();
  assert.equal(await hasBlob(session, app, blob), false);
});

for (const sizeBytes of [0, 1, 1_000_000]) {
  test(`a blob of ${sizeBytes} bytes is read whole`, async (t) => {
    const { registry, session, app } = await start(t);
    const blob = put(registry, app, noise(sizeBytes));
    assert.deepEqual(await collect(readBlob(session, app, blob)), blob.bytes);
  });
}

test('what is cut goes on from there; what is known already is not asked for', async (t) => {
  const { registry, session, app } = await start(t, { cutDownloads: [600_000, 0, 10] });
  const blob = put(registry, app, noise(2_000_000));
  const hash = createHash('sha256').update(blob.bytes.subarray(0, 5));
  const prefix = { offset: 5, hash };
  assert.deepEqual(await collect(readBlob(session, app, { ...blob, prefix })), blob.bytes.subarray(5));
  const ranges = registry.requests.map(({ headers }) => headers.range);
  assert.equal(ranges[0], 'bytes=5-1999999');
  assert.equal(registry.requests.length, 4);
  // The prefix can be used again: nothing was written into it.
  assert.equal(hash.digest('hex'), createHash('sha256').update(blob.bytes.subarray(0, 5)).digest('hex'));
});

test('a registry that ignores ranges is read again from the start', async (t) => {
  const { registry, session, app } = await start(t, { cutDownloads: [400_000], ignoresRange: true });
  const blob = put(registry, app, noise(1_000_000));
  assert.deepEqual(await collect(readBlob(session, app, blob)), blob.bytes);
});

test('a prefix that is not of this blob is found out', async (t) => {
  const { registry, session, app } = await start(t);
  const blob = put(registry, app, noise(1000));
  const prefix = { offset: 5, hash: createHash('sha256').update('other') };
  await fails(collect(readBlob(session, app, { ...blob, prefix })), 'INTEGRITY', /wrong content of a blob/);
});

test('a prefix that is the whole blob needs no request', async (t) => {
  const { registry, session, app } = await start(t);
  const { bytes, digest, size } = blobOf(noise(1000));
  const prefix = { offset: size, hash: createHash('sha256').update(bytes) };
  assert.deepEqual(await collect(readBlob(session, app, { digest, size, prefix })), Buffer.alloc(0));
  assert.equal(registry.requests.length, 0);
});

test('other bytes of the same size, fewer and more bytes are never taken for the blob', async (t) => {
  const { registry, session, app } = await start(t);
  const blob = blobOf(noise(100_000));
  for (const [bytes, message] of [
    [noise(100_000, 'other'), /wrong content of a blob: expected sha256:\w+, got sha256:/],
    [noise(99_999), /wrong size: expected 100000 bytes, got 99999/],
    [noise(100_001), /wrong size: expected 100000 bytes, got 100001/],
  ] as const) {
    registry.blobs.set(`team/app ${blob.digest}`, bytes);
    await fails(collect(readBlob(session, app, blob)), 'INTEGRITY', message);
  }
});

test('more bytes than there are in the blob end the reply, with no length announced either', async (t) => {
  const { registry, session, app } = await start(t);
  const blob = blobOf(noise(100_000));
  let sentBytes = 0;
  registry.switches.intercept = (_, response) => {
    const more = (): void => {
      while (!response.destroyed && sentBytes < 100_000_000) {
        sentBytes += 65_536;
        if (!response.write(Buffer.alloc(65_536))) return void response.once('drain', more);
      }
    };
    more();
    return true;
  };
  await fails(collect(readBlob(session, app, blob)), 'INTEGRITY', /wrong size: expected 100000 bytes, got/);
  assert.ok(sentBytes < 50_000_000, String(sentBytes));
});

test('a range of other bytes, or of another file, is not taken', async (t) => {
  for (const [range, code, message] of [
    ['bytes 0-9/10', 'NETWORK', /requested bytes from 5, got "bytes 0-9\/10"/],
    ['bytes 5-99/100', 'INTEGRITY', /expected 10 bytes, got 100/],
    ['', 'NETWORK', /got ""/],
  ] as const) {
    const { registry, session, app } = await start(t, {}, { retries: 1 });
    const blob = put(registry, app, noise(10));
    registry.switches.intercept = (_, response) => {
      response.writeHead(206, { 'content-range': range }).end('xxxxx');
      return true;
    };
    const prefix = { offset: 5, hash: createHash('sha256').update(blob.bytes.subarray(0, 5)) };
    await fails(collect(readBlob(session, app, { ...blob, prefix })), code, message);
  }
});

test('a registry that always cuts is given up', async (t) => {
  const { registry, session, app } = await start(t, { cutDownloads: Array(100).fill(3) }, { retries: 3 });
  const blob = put(registry, app, noise(10_000));
  await fails(collect(readBlob(session, app, blob)), 'NETWORK', /closed|cut|length/);
  assert.equal(registry.requests.length, 4);
});

test('a blob that is not there', async (t) => {
  const { session, app } = await start(t);
  const blob = { digest: digestOf('nothing'), size: 5 };
  await fails(collect(readBlob(session, app, blob)), 'NOT_FOUND', /HTTP 404 BLOB_UNKNOWN: blob unknown/);
});

test('a reader that stops ends the transfer', async (t) => {
  const { registry, session, app } = await start(t);
  const blob = put(registry, app, noise(50_000_000));
  for await (const _ of readBlob(session, app, blob)) break;
  await session.close();
});

test('a signal ends a download', async (t) => {
  const end = new AbortController();
  const { registry, app } = await start(t);
  const session = quickSession(t, { signal: end.signal });
  const blob = put(registry, app, noise(50_000_000));
  const work = (async () => {
    for await (const _ of readBlob(session, app, blob)) end.abort();
  })();
  await fails(work, 'CANCELLED', /cancelled/);
});

test('wherever it is cut, the blob is whole or the error is told', async (t) => {
  const { registry, session, app } = await start(t, {}, { retries: 3 });
  const cuts = fc.array(fc.nat(500_000), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.nat(500_000), cuts, fc.boolean(), async (sizeBytes, at, ignoresRange) => {
      const blob = put(registry, app, noise(sizeBytes));
      registry.switches.cutDownloads.splice(0, 10, ...at);
      registry.switches.ignoresRange = ignoresRange;
      try {
        assert.ok((await collect(readBlob(session, app, blob))).equals(blob.bytes));
      } catch (error) {
        assert.match(String(error), /AppError.*(?:closed|cut|length)/s);
        assert.ok(at.length > 3);
      }
    }),
    { numRuns: 30 },
  );
});
