import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../../src/model/app-error.ts';
import { parseRepository } from '../../src/model/reference.ts';
import { pushBlobs } from '../../src/registry/push-blobs.ts';
import { blobOf, fails, noise, put, quickSession, start, type TestBlob } from './harness.ts';

const MIB = 1024 * 1024;

function many(count: number, sizeBytes = 1000): TestBlob[] {
  return Array.from({ length: count }, (_, n) => blobOf(noise(sizeBytes + n, String(n))));
}

test('a blob that is not there: HEAD, POST, PUT; each digest once', async (t) => {
  const { registry, session, app } = await start(t);
  const [blob] = many(1);
  const pushed = await pushBlobs(session, app, { blobs: [blob!, { ...blob! }, blob!] });
  assert.deepEqual(pushed, { present: [], mounted: [], uploaded: [blob!.digest], sentBytes: blob!.size });
  assert.deepEqual(registry.asked(), [
    `HEAD team/app/blobs/${blob!.digest}`,
    'POST team/app/blobs/uploads/',
    `PUT team/app/blobs/uploads/ID?digest=${encodeURIComponent(blob!.digest)}`,
  ]);
  assert.deepEqual(blob!.opened, [0]);
  assert.equal(registry.uploads.size, 0);
});

test('what is there takes one request, and is not opened', async (t) => {
  const { registry, session, app } = await start(t);
  const blobs = many(64);
  for (const { bytes } of blobs) put(registry, app, bytes);
  const { present } = await pushBlobs(session, app, { blobs });
  assert.equal(present.length, 64);
  assert.equal(registry.requests.length, 64);
  assert.ok(blobs.every(({ opened }) => opened.length === 0));
});

test('of many that are not there each takes two requests, and one of them two more', async (t) => {
  const { registry, session, app } = await start(t);
  const blobs = many(64);
  const { uploaded } = await pushBlobs(session, app, { blobs });
  assert.equal(uploaded.length, 64);
  assert.equal(registry.requests.length, 2 * 64 + 2);
  assert.equal(registry.uploads.size, 0);
});

for (const mounts of ['ignored', 'refused'] as const) {
  test(`where mounts are ${mounts}, what is there is not sent either`, async (t) => {
    const { registry, session, app } = await start(t, { mounts });
    const [there, absent] = [many(40), many(40, 2000)];
    for (const { bytes } of there) put(registry, app, bytes);
    const { present, uploaded } = await pushBlobs(session, app, { blobs: [...there, ...absent] });
    assert.deepEqual(
      [present, uploaded],
      [there, absent].map((blobs) => blobs.map(({ digest }) => digest)),
    );
    assert.ok(there.every(({ opened }) => opened.length === 0));
    assert.equal(registry.uploads.size, 0);
    // Once it is known, nothing is asked by a mount.
    const asked = registry.asked().filter((line) => line.includes('mount='));
    assert.ok(asked.length <= 20, String(asked.length));
  });
}

test('the first blob fails: none waits for it', async (t) => {
  const { registry, session, app } = await start(t);
  registry.switches.intercept = (request, response) => {
    if (request.method !== 'PUT') return false;
    response.writeHead(403).end();
    return true;
  };
  await fails(pushBlobs(session, app, { blobs: many(30) }), 'AUTH', /HTTP 403/);
});

test('in order: the one that the others wait for, uploads by size, then mounts by size', async (t) => {
  const { registry, session, app } = await start(t);
  const store = parseRepository(`${registry.host}/packages`);
  const own = [3000, 1000, 9000, 5000].map((size) => blobOf(noise(size, 'own')));
  const mounted = [8000, 2000, 12_000].map((size) => blobOf(noise(size, 'mounted')));
  for (const { bytes } of mounted) put(registry, store, bytes);
  await pushBlobs(session, app, {
    blobs: [...mounted.map((blob) => ({ ...blob, mountFrom: [store.path] })), ...own],
    parallel: 1,
  });
  const sizes = new Map([...own, ...mounted].map(({ digest, size }) => [digest as string, size]));
  const order = registry
    .asked()
    .map((line) => sizes.get(/sha256(?::|%3A)[0-9a-f]+/.exec(line)?.[0].replace('%3A', ':') ?? ''));
  assert.deepEqual(
    [...new Set(order.filter((size) => size !== undefined))],
    [...[1000, 9000, 5000, 3000], ...[12_000, 8000, 2000]],
  );
});

test('what can be mounted takes one request', async (t) => {
  const { registry, session, app } = await start(t);
  const blobs = many(64);
  const store = parseRepository(`${registry.host}/packages`);
  for (const { bytes } of blobs) put(registry, store, bytes);
  const { mounted } = await pushBlobs(session, app, {
    blobs: blobs.map((blob) => ({ ...blob, mountFrom: [store.path] })),
  });
  assert.equal(mounted.length, 64);
  assert.equal(registry.requests.length, 64);
  assert.ok(registry.asked().every((line) => line.startsWith('POST team/app/blobs/uploads/?mount=sha256:')));
});

test('a mount that is not done goes on as an upload; what is there after all is not sent', async (t) => {
  for (const [mounts, isThere, expected] of [
    ['ignored', false, ['POST', 'HEAD', 'PUT']],
    ['ignored', true, ['POST', 'HEAD', 'DELETE']],
    ['refused', false, ['POST', 'HEAD', 'POST', 'PUT']],
    ['taken', false, ['POST', 'HEAD', 'PUT']],
  ] as const) {
    const { registry, session, app } = await start(t, { mounts });
    const blob = { ...many(1)[0]!, mountFrom: [parseRepository(`${registry.host}/packages`).path] };
    if (isThere) put(registry, app, blob.bytes);
    await pushBlobs(session, app, { blobs: [blob] });
    assert.deepEqual(
      registry.requests.map(({ method }) => method),
      expected,
    );
    assert.ok(registry.blobs.get(`team/app ${blob.digest}`)?.equals(blob.bytes));
    assert.equal(registry.uploads.size, 0);
  }
});

test('regression: where nothing is mounted, blobs that a new repository shows are not sent again', async (t) => {
  const { registry, session, app } = await start(t, { mounts: 'ignored' });
  const [there, own, other] = many(3) as [TestBlob, TestBlob, TestBlob];
  put(registry, app, there.bytes);
  const stored = {
    ...there,
    mountFrom: [parseRepository(`${registry.host}/packages`).path],
    keep: async () => 0,
  };
  const { present, uploaded } = await pushBlobs(session, app, { blobs: [stored, own, other] });
  assert.deepEqual(present, [there.digest]);
  assert.equal(uploaded.length, 2);
});

test('a mount from the repository itself is none', async (t) => {
  const { registry, session, app } = await start(t);
  const blob = put(registry, app, noise(10));
  await pushBlobs(session, app, { blobs: [{ ...blob, mountFrom: [app.path] }] });
  assert.deepEqual(registry.asked(), [`HEAD team/app/blobs/${blob.digest}`]);
});

for (const locations of ['relative', 'absolute', 'query'] as const) {
  test(`an upload that is cut goes on where the registry stands (${locations} locations)`, async (t) => {
    const { registry, session, app } = await start(t, { locations, cutUploads: [700_000, 900_000] });
    const blob = blobOf(noise(3 * MIB));
    const { sentBytes } = await pushBlobs(session, app, { blobs: [blob] });
    assert.ok(registry.blobs.get(`team/app ${blob.digest}`)?.equals(blob.bytes));
    assert.deepEqual(blob.opened, [0, 700_000, 1_600_000]);
    assert.ok(sentBytes >= blob.size && sentBytes <= 3 * blob.size);
    assert.deepEqual(
      registry.requests.map(({ method }) => method),
      ['HEAD', 'POST', 'PUT', 'GET', 'PATCH', 'GET', 'PATCH', 'PUT'],
    );
  });
}

test('an upload that is cut and forgotten is begun anew', async (t) => {
  const { registry, session, app } = await start(t, { cutUploads: [500_000] });
  registry.switches.intercept = (request, response) => {
    if (request.method !== 'GET') return false;
    registry.uploads.clear();
    response.writeHead(404).end();
    return true;
  };
  const blob = blobOf(noise(2 * MIB));
  await pushBlobs(session, app, { blobs: [blob] });
  assert.ok(registry.blobs.get(`team/app ${blob.digest}`)?.equals(blob.bytes));
  assert.deepEqual(blob.opened, [0, 0]);
});

test('an upload whose answer is lost is found done', async (t) => {
  const { registry, session, app } = await start(t);
  const blob = blobOf(noise(1000));
  registry.switches.intercept = (request) => {
    if (request.method !== 'PUT') return false;
    put(registry, app, blob.bytes);
    registry.uploads.clear();
    request.socket.destroy();
    return true;
  };
  await pushBlobs(session, app, { blobs: [blob] });
  assert.deepEqual(blob.opened.length, 1);
});

test('bodies that are too large are sent in pieces', async (t) => {
  const { registry, session, app } = await start(t, { maxBodyBytes: 20 * MIB });
  const blob = blobOf(noise(40 * MIB));
  await pushBlobs(session, app, { blobs: [blob] });
  assert.ok(registry.blobs.get(`team/app ${blob.digest}`)?.equals(blob.bytes));
  assert.equal(registry.requests.filter(({ method }) => method === 'PATCH').length, 3);
  registry.switches.maxBodyBytes = MIB;
  await fails(pushBlobs(session, app, { blobs: [blobOf(noise(41 * MIB))] }), 'LIMIT', /HTTP 413/);
});

for (const [how, mib, cuts, maxBodyBytes = Number.POSITIVE_INFINITY] of [
  ['in one body', 1, [], undefined],
  ['after a cut', 3, [700_000, 900_000], undefined],
  ['in pieces', 17, [], 16 * MIB],
  ['in pieces that are cut', 33, [5 * MIB], 16 * MIB],
] as const) {
  test(`damaged bytes are noticed before the last of them is sent, ${how}: the source is named, the upload cancelled`, async (t) => {
    for (const at of [0, 600_000, mib * MIB - 1]) {
      const { registry, session, app } = await start(t, { cutUploads: [...cuts], maxBodyBytes });
      const right = blobOf(noise(mib * MIB));
      const bytes = Buffer.from(right.bytes);
      bytes[at] = (bytes[at] as number) ^ 1;
      const wrong = blobOf(bytes);
      const damaged = (got: string) => new AppError('INTEGRITY', `layer.tar is damaged: ${got}`);
      const blob = { ...right, open: wrong.open, damaged };
      await fails(
        pushBlobs(session, app, { blobs: [blob] }),
        'INTEGRITY',
        new RegExp(`^layer.tar is damaged: bytes of ${wrong.digest}$`),
      );
      assert.equal(registry.blobs.size, 0);
      assert.equal(registry.uploads.size, 0);
      const closing = registry.requests.filter(({ method, status }) => method === 'PUT' && status === 400);
      assert.deepEqual(closing, [], 'the registry did not have to find out');
    }
  });
}

test('other bytes than promised are refused', async (t) => {
  const { registry, session, app } = await start(t);
  const blob = blobOf(noise(100_000));
  const source = (bytes: Buffer) => ({ ...blob, open: blobOf(bytes).open });
  await fails(
    pushBlobs(session, app, { blobs: [source(noise(99_999))] }),
    'INTEGRITY',
    /expected 100000 bytes, got 99999 bytes/,
  );
  await fails(
    pushBlobs(session, app, { blobs: [source(noise(200_000))] }),
    'INTEGRITY',
    /expected 100000 bytes, got 131072 bytes/,
  );
  await fails(
    pushBlobs(session, app, { blobs: [source(noise(100_000, 'x'))] }),
    'INTEGRITY',
    /expected 100000 bytes, got bytes of sha256:/,
  );
  assert.equal(registry.blobs.size, 0);
});

test('a source that fails is the error, at once', async (t) => {
  const { registry, session, app } = await start(t);
  const blob = {
    ...blobOf(noise(MIB)),
    open: (): AsyncIterable<Buffer> => {
      throw new RangeError('disk');
    },
  };
  await assert.rejects(pushBlobs(session, app, { blobs: [blob] }), /disk/);
  assert.equal(registry.requests.filter(({ method }) => method === 'PUT').length <= 1, true);
});

test('the first that fails ends the others, and its error is told', async (t) => {
  const { registry, session, app } = await start(t);
  const [bad, ...others] = many(10, MIB);
  registry.switches.intercept = (request, response) => {
    if (!request.url?.includes(bad!.digest)) return request.method === 'HEAD';
    response.writeHead(403).end();
    return true;
  };
  await fails(
    pushBlobs(session, app, { blobs: [...others.slice(0, 3), bad!, ...others.slice(3)] }),
    'AUTH',
    /403/,
  );
});

test('a signal ends a push', async (t) => {
  const end = new AbortController();
  const { registry } = await start(t);
  const session = quickSession(t, { signal: end.signal });
  registry.switches.intercept = () => {
    end.abort();
    return true;
  };
  const app = parseRepository(`${registry.host}/team/app`);
  await fails(pushBlobs(session, app, { blobs: many(3) }), 'CANCELLED', /cancelled/);
  await fails(pushBlobs(session, app, { blobs: many(3) }), 'CANCELLED', /cancelled/);
});

test('no more at a time than allowed', async (t) => {
  const { registry, session, app } = await start(t);
  let [now, most] = [0, 0];
  registry.switches.intercept = (_, response) => {
    most = Math.max(most, ++now);
    setTimeout(() => {
      now--;
      response.writeHead(201).end();
    }, 5);
    return true;
  };
  await pushBlobs(session, app, { blobs: many(30), parallel: 4 });
  assert.equal(most, 4);
});

test('whatever is cut, refused and mounted: the registry has every blob in the end, and the bar is full', async (t) => {
  const { registry, session, app } = await start(t);
  const store = parseRepository(`${registry.host}/packages`);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ size: fc.nat(400_000), state: fc.constantFrom('new', 'there', 'mountable') }), {
        maxLength: 6,
      }),
      fc.array(fc.nat(400_000), { maxLength: 4 }),
      fc.constantFrom('taken' as const, 'ignored' as const, 'refused' as const),
      async (shapes, cuts, mounts) => {
        registry.blobs.clear();
        registry.switches.mounts = mounts;
        registry.switches.cutUploads.splice(0, 10, ...cuts);
        const blobs = shapes.map(({ size }, n) => blobOf(noise(size, String(n))));
        for (const [n, { state }] of shapes.entries()) {
          if (state !== 'new') put(registry, state === 'there' ? app : store, blobs[n]!.bytes);
        }
        let shown = 0;
        const task = {
          advance: (bytes: number) => {
            shown += bytes;
          },
          done() {},
        };
        const push = { blobs: blobs.map((blob) => ({ ...blob, mountFrom: [store.path] })), task };
        await pushBlobs(session, app, push);
        const sizes = new Map(blobs.map(({ digest, size }) => [digest, size]));
        assert.equal(
          shown,
          [...sizes.values()].reduce((sum, size) => sum + size, 0),
        );
        for (const { digest, bytes } of blobs)
          assert.ok(registry.blobs.get(`team/app ${digest}`)?.equals(bytes));
      },
    ),
    { numRuns: 30 },
  );
});
