import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Digest } from '../../src/model/digest.ts';
import { FileBlobStore } from '../../src/store/blob-store.ts';
import { collectGarbage } from '../../src/store/gc.ts';
import { verifyStore } from '../../src/store/verify.ts';
import { tempDir } from '../fixtures/temp.ts';

const DAY_S = 24 * 60 * 60;
const NOW_S = 1_700_000_000;
/** No process has it: above Linux's PID_MAX_LIMIT of 2^22. */
const DEAD_PID = 2 ** 22 + 1;

/** Blobs of 100 bytes, the first used longest ago. */
async function filledStore(t: TestContext, count: number): Promise<[FileBlobStore, Digest[]]> {
  const store = new FileBlobStore(tempDir(t));
  const digests: Digest[] = [];
  for (let index = 0; index < count; index++) {
    const { digest } = await store.put(Buffer.alloc(100, index + 1));
    utimesSync(store.get(digest), NOW_S - 1000 + index, NOW_S - 1000 + index);
    digests.push(digest);
  }
  return [store, digests];
}

const never = () => false;

test('the least recently used blobs go until the rest fits; what must stay stays', async (t) => {
  const [store, digests] = await filledStore(t, 5);
  const result = await collectGarbage(store, { maxSizeBytes: 250, keep: (digest) => digest === digests[0] });
  assert.deepEqual(result, {
    removed: 3,
    removedTemporary: 0,
    freedBytes: 300,
    keptBytes: 200,
    removedDigests: digests.slice(1, 4),
  });
  assert.deepEqual(
    digests.map((digest) => store.has(digest)),
    [true, false, false, false, true],
  );
});

test('a touched blob outlives older ones; no limit removes none, limit 0 all', async (t) => {
  const [store, digests] = await filledStore(t, 3);
  store.touch(digests[0] as Digest);
  assert.equal((await collectGarbage(store, { maxSizeBytes: undefined, keep: never })).removed, 0);
  await collectGarbage(store, { maxSizeBytes: 100, keep: never });
  assert.deepEqual(
    digests.map((digest) => store.has(digest)),
    [true, false, false],
  );
  assert.equal((await collectGarbage(store, { maxSizeBytes: 0, keep: never })).keptBytes, 0);
});

test('temp files go when they are a day old and their process is dead; partial downloads when a day old', async (t) => {
  const store = new FileBlobStore(tempDir(t));
  const place = (folder: string, name: string, ageS: number) => {
    const path = join(folder, name);
    writeFileSync(path, 'left');
    utimesSync(path, NOW_S - ageS, NOW_S - ageS);
    return path;
  };
  const gone = [
    place(store.ingestDirectory, `${DEAD_PID}-aa`, DAY_S + 1),
    place(store.partialDirectory, 'some.apk', DAY_S + 1),
  ];
  const stays = [
    place(store.ingestDirectory, `${DEAD_PID}-bb`, DAY_S - 1),
    place(store.ingestDirectory, `${process.pid}-cc`, 10 * DAY_S),
    place(store.partialDirectory, 'other.apk', 60),
  ];
  const result = await collectGarbage(store, { maxSizeBytes: undefined, keep: never, nowMs: NOW_S * 1000 });
  assert.deepEqual([result.removedTemporary, result.freedBytes], [2, 8]);
  assert.deepEqual(gone.map(existsSync), [false, false]);
  assert.deepEqual(stays.map(existsSync), [true, true, true]);
});

test('verify tells every damaged blob with what it is; repair removes them, and only them', async (t) => {
  const [store, digests] = await filledStore(t, 3);
  const damaged = digests[1] as Digest;
  chmodSync(store.get(damaged), 0o644);
  writeFileSync(store.get(damaged), Buffer.alloc(100, 3));
  const seen = await verifyStore(store, { repair: false });
  assert.deepEqual(seen, {
    checked: 3,
    damaged: [{ digest: damaged, expected: damaged, got: digests[2] }],
    removed: 0,
  });
  assert.equal((await verifyStore(store, { repair: true })).removed, 1);
  assert.deepEqual(await verifyStore(store), { checked: 2, damaged: [], removed: 0 });
  assert.equal(readdirSync(store.blobsDirectory).length, 2);
});

test('verify stops when asked to', async (t) => {
  const [store] = await filledStore(t, 2);
  await assert.rejects(verifyStore(store, { signal: AbortSignal.abort() }), { name: 'AbortError' });
});
