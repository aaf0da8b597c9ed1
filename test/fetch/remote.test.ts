import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FetchFailure } from '../../src/fetch/failure.ts';
import { download, fetchBytes } from '../../src/fetch/http.ts';
import type { FilePrefix, RemoteFiles } from '../../src/fetch/remote.ts';
import { isAppError } from '../../src/model/app-error.ts';
import { tempDir } from '../fixtures/temp.ts';

const BYTES = Buffer.from('0123456789'.repeat(100));
const ETAG = createHash('sha256').update(BYTES).digest('hex');
const URL = 'odd://place/file';

interface Remote extends RemoteFiles {
  /** Offsets that were read from */
  readonly asked: number[];
  /** Bytes after which the next reads are cut */
  readonly cuts: number[];
}

/** One file, whose whole is checked as a registry's blob is. */
function remoteOf(bytes = BYTES, etag = ETAG): Remote {
  const asked: number[] = [];
  const cuts: number[] = [];
  return {
    asked,
    cuts,
    serves: (url) => url.startsWith('odd://'),
    async find(url) {
      if (url !== URL) throw new FetchFailure('NOT_FOUND', 'not there', { retry: 'no' });
      return {
        sizeBytes: bytes.length,
        etag,
        async *read({ offset, hash }: FilePrefix = { offset: 0, hash: createHash('sha256') }) {
          asked.push(offset);
          const cut = cuts.shift();
          const rest = bytes.subarray(offset, cut);
          yield rest;
          if (cut !== undefined) throw new FetchFailure('NETWORK', 'cut', { retry: 'later' });
          if (hash.copy().update(rest).digest('hex') !== etag) {
            throw new FetchFailure('INTEGRITY', 'wrong bytes', { retry: 'later' });
          }
        },
      };
    },
  };
}

const options = { maxBytes: 10_000, backoffMs: 1 };

test('the whole, and not again what is known', async () => {
  const remote = remoteOf();
  const first = await fetchBytes([URL], { ...options, remote });
  assert.ok(first.modified);
  assert.deepEqual([first.bytes, first.etag, first.lastModified], [BYTES, ETAG, '']);
  const again = await fetchBytes([URL], { ...options, remote, validators: { etag: ETAG } });
  assert.deepEqual([again.modified, remote.asked], [false, [0]]);
  await assert.rejects(fetchBytes([URL], { ...options, remote, maxBytes: 999 }), (error) =>
    isAppError(error, 'LIMIT'),
  );
  await assert.rejects(fetchBytes(['odd://place/other'], { ...options, remote }), (error) =>
    isAppError(error, 'NOT_FOUND'),
  );
});

test('without one that serves it, an odd URL is none', async () => {
  await assert.rejects(fetchBytes([URL], { ...options, retries: 0 }), /not an http, https or file URL/);
});

test('a cut download goes on where it was, also in a later run, and from there alone', async (t) => {
  const path = join(tempDir(t), 'file');
  const remote = remoteOf();
  remote.cuts.push(300, 400);
  await assert.rejects(download([URL], path, { ...options, remote, retries: 1 }), /cut/);
  assert.deepEqual(remote.asked, [0, 300]);
  assert.equal(readFileSync(path).length, 400);
  const done = await download([URL], path, { ...options, remote });
  assert.deepEqual([done, remote.asked], [{ url: URL, sizeBytes: 1000 }, [0, 300, 400]]);
  assert.deepEqual(readFileSync(path), BYTES);
});

test('what is there of another file is left; bytes that were damaged there are got anew', async (t) => {
  const folder = tempDir(t);
  const other = join(folder, 'other');
  writeFileSync(other, 'x'.repeat(50));
  writeFileSync(`${other}.json`, JSON.stringify({ url: URL, etag: 'another', lastModified: '' }));
  const remote = remoteOf();
  await download([URL], other, { ...options, remote });
  assert.deepEqual([remote.asked, readFileSync(other)], [[0], BYTES]);

  const damaged = join(folder, 'damaged');
  writeFileSync(damaged, 'x'.repeat(50));
  writeFileSync(`${damaged}.json`, JSON.stringify({ url: 'odd://elsewhere', etag: ETAG, lastModified: '' }));
  await download([URL], damaged, { ...options, remote });
  assert.deepEqual([remote.asked, readFileSync(damaged)], [[0, 50, 0], BYTES]);
});

test('wrong bytes are asked for once more, and are nothing to go on from', async (t) => {
  const path = join(tempDir(t), 'file');
  const remote = remoteOf(Buffer.from(BYTES).fill('x', 10, 20));
  await assert.rejects(download([URL], path, { ...options, remote }), (error) =>
    isAppError(error, 'INTEGRITY'),
  );
  assert.deepEqual([remote.asked, existsSync(path)], [[0, 0], false]);
  await assert.rejects(
    download([URL], path, { ...options, remote: remoteOf(), expectedSizeBytes: 999 }),
    /expected 999 bytes, got 1000/,
  );
});

test('an empty file is a file', async (t) => {
  const path = join(tempDir(t), 'file');
  const empty = Buffer.alloc(0);
  const remote = remoteOf(empty, createHash('sha256').digest('hex'));
  assert.deepEqual(await download([URL], path, { ...options, remote }), { url: URL, sizeBytes: 0 });
  assert.deepEqual(readFileSync(path), empty);
});
