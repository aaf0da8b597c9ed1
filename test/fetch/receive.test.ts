import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { linkSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FetchFailure } from '../../src/fetch/failure.ts';
import { Meter } from '../../src/fetch/meter.ts';
import { receiveFile } from '../../src/fetch/receive.ts';
import type { FilePrefix, RemoteFile } from '../../src/fetch/remote.ts';
import { AppError, isAppError } from '../../src/model/app-error.ts';
import { digestOf } from '../../src/model/digest.ts';
import { tempDir } from '../fixtures/temp.ts';

const CONTENT = Buffer.from('a file whose digest is known before it is read');
const origin = { url: 'oci://mirror.example/x', etag: digestOf(CONTENT), lastModified: '' };
const meter = new Meter(undefined, 'x');

/** Serves `served` as CONTENT, checks it at its end, and records from where it was read. */
function fileOf(served = CONTENT, offsets: number[] = []): RemoteFile {
  return {
    sizeBytes: CONTENT.length,
    etag: digestOf(CONTENT),
    async *read(prefix?: FilePrefix) {
      const start = prefix?.offset ?? 0;
      offsets.push(start);
      const hash = prefix?.hash.copy() ?? createHash('sha256');
      const rest = served.subarray(start);
      if (rest.length > 0) yield rest;
      if (`sha256:${hash.update(rest).digest('hex')}` !== digestOf(CONTENT)) {
        throw new FetchFailure('INTEGRITY', 'other bytes', { retry: 'later' });
      }
    },
  };
}

function partialIn(t: TestContext, content?: Buffer, etag?: string) {
  const folder = tempDir(t);
  const path = join(folder, 'p');
  if (content !== undefined) writeFileSync(path, content);
  if (etag !== undefined) writeFileSync(`${path}.json`, JSON.stringify({ ...origin, etag }));
  return { folder, path };
}

for (const [what, { content, etag, named, offset }] of Object.entries({
  'nothing is there': { content: undefined, etag: undefined, named: false, offset: 0 },
  'a part of the same content': {
    content: CONTENT.subarray(0, 7),
    etag: origin.etag,
    named: false,
    offset: 7,
  },
  'all of the same content': { content: CONTENT, etag: origin.etag, named: false, offset: CONTENT.length },
  'a part of other content': { content: CONTENT.subarray(0, 7), etag: 'other', named: false, offset: 0 },
  'a part of unknown origin': { content: CONTENT.subarray(0, 7), etag: undefined, named: false, offset: 0 },
  'a part that its name identifies': {
    content: CONTENT.subarray(0, 7),
    etag: undefined,
    named: true,
    offset: 7,
  },
  'a file that is longer': {
    content: Buffer.concat([CONTENT, CONTENT]),
    etag: origin.etag,
    named: false,
    offset: 0,
  },
})) {
  test(`receiving where there is ${what} starts at byte ${offset}`, async (t) => {
    const { path } = partialIn(t, content, etag);
    const offsets: number[] = [];
    const resumed = await receiveFile(fileOf(CONTENT, offsets), path, named ? { meter } : { meter, origin });
    assert.equal(resumed, offset);
    assert.deepEqual(offsets, [offset]);
    assert.deepEqual(readFileSync(path), CONTENT);
  });
}

test('other bytes leave nothing to resume; a cut leaves what came, with its origin', async (t) => {
  const { folder, path } = partialIn(t);
  await assert.rejects(receiveFile(fileOf(Buffer.alloc(CONTENT.length)), path, { meter, origin }), {
    code: 'INTEGRITY',
  });
  assert.deepEqual(readdirSync(folder), []);
  const cut: RemoteFile = {
    ...fileOf(),
    async *read() {
      yield CONTENT.subarray(0, 9);
      throw new AppError('NETWORK', 'cut');
    },
  };
  await assert.rejects(receiveFile(cut, path, { meter, origin }), { code: 'NETWORK' });
  assert.deepEqual(readdirSync(folder).sort(), ['p', 'p.json']);
  assert.equal(await receiveFile(fileOf(), path, { meter, origin }), 9);
});

test('a longer body is INTEGRITY and leaves nothing', async (t) => {
  const { folder, path } = partialIn(t);
  const long = fileOf(Buffer.concat([CONTENT, CONTENT]));
  await assert.rejects(receiveFile(long, path, { meter }), { code: 'INTEGRITY' });
  assert.deepEqual(readdirSync(folder), []);
});

test('a partial that others could still write to is replaced; a symbolic link is refused', async (t) => {
  const { folder, path } = partialIn(t, CONTENT.subarray(0, 7), origin.etag);
  linkSync(path, join(folder, 'second name'));
  assert.equal(await receiveFile(fileOf(), path, { meter, origin }), 0);
  assert.equal(readFileSync(join(folder, 'second name')).length, 7);
  const link = join(folder, 'link');
  symlinkSync('second name', link);
  await assert.rejects(receiveFile(fileOf(), link, { meter }), (error) => isAppError(error, 'STORAGE'));
  assert.equal(readFileSync(join(folder, 'second name')).length, 7);
});
