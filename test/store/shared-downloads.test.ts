import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { limited } from '../../src/fetch/pool.ts';
import { SharedDownloads, type WantedFile } from '../../src/store/shared-downloads.ts';
import { tempDir } from '../fixtures/temp.ts';

const CONTENT = Buffer.from('the bytes of a file that many readers want at once');
const signal = new AbortController().signal;

function downloads(t: TestContext, more: { signal?: AbortSignal; limit?: number } = {}) {
  const directory = tempDir(t);
  const shared = new SharedDownloads({
    directory,
    signal: more.signal ?? signal,
    limit: limited(more.limit ?? 4),
  });
  return { directory, shared };
}

/** A file whose pieces arrive, and that is accepted, when the test says so. */
function gated(more: Partial<WantedFile<string>> = {}) {
  const gate = { piece: () => {}, accept: () => {}, refuse: (_: Error) => {}, fetched: 0 };
  const piece = new Promise<void>((resolve) => {
    gate.piece = resolve;
  });
  const accepted = new Promise<void>((resolve, reject) => {
    gate.accept = resolve;
    gate.refuse = reject;
  });
  accepted.catch(() => {});
  const file: WantedFile<string> = {
    key: 'k',
    sizeBytes: CONTENT.length,
    async fetch(write) {
      gate.fetched++;
      await write(CONTENT.subarray(0, 10));
      await piece;
      await write(CONTENT.subarray(10));
    },
    async accept(path) {
      await accepted;
      return readFileSync(path, 'utf8');
    },
    ...more,
  };
  return { file, gate };
}

async function all(bytes: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

test('a hundred readers cause one download, and see its bytes as they arrive', async (t) => {
  const { shared, directory } = downloads(t);
  const { file, gate } = gated();
  const readers = Array.from({ length: 100 }, (_, index) => shared.get(file).read(index % 10, signal));
  const first = await Promise.all(readers.map(async (reader) => (await reader.next()).value as Buffer));
  assert.ok(first.every((piece, index) => piece.toString() === CONTENT.subarray(index % 10, 10).toString()));
  gate.piece();
  gate.accept();
  const rest = await Promise.all(readers.map(all));
  assert.ok(rest.every((text) => text === CONTENT.subarray(10).toString()));
  assert.equal(gate.fetched, 1);
  assert.deepEqual(readdirSync(directory), []);
});

test('the last byte is yielded only after the file has been accepted', async (t) => {
  const { shared } = downloads(t);
  const { file, gate } = gated();
  gate.piece();
  const arriving = shared.get(file);
  let got = '';
  const reading = (async () => {
    for await (const piece of arriving.read(0, signal)) got += piece;
  })();
  while (got.length < CONTENT.length - 1) await new Promise(setImmediate);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(got, CONTENT.subarray(0, -1).toString());
  gate.accept();
  await reading;
  assert.equal(got, CONTENT.toString());
  assert.equal(await arriving.accepted, CONTENT.toString());
});

test('a refused file ends every reader before its last byte, and the next request downloads anew', async (t) => {
  const { shared, directory } = downloads(t);
  const { file, gate } = gated();
  gate.piece();
  const arriving = shared.get(file);
  const reading = all(arriving.read(0, signal));
  gate.refuse(new Error('other bytes'));
  await assert.rejects(reading, /other bytes/);
  await assert.rejects(arriving.accepted, /other bytes/);
  const again = gated();
  again.gate.piece();
  again.gate.accept();
  assert.equal(await all(shared.get(again.file).read(0, signal)), CONTENT.toString());
  assert.deepEqual(readdirSync(directory), []);
});

test('a reader that leaves harms neither the others nor the download', async (t) => {
  const { shared } = downloads(t);
  const { file, gate } = gated();
  const leaving = new AbortController();
  const leaver = shared.get(file).read(0, leaving.signal);
  await leaver.next();
  const waits = assert.rejects(leaver.next(), { name: 'AbortError' });
  leaving.abort();
  await waits;
  const stays = all(shared.get(file).read(0, signal));
  gate.piece();
  gate.accept();
  assert.equal(await stays, CONTENT.toString());
});

for (const [what, pieces] of Object.entries({ shorter: [9], longer: [40, 40] })) {
  test(`a ${what} file than announced is refused`, async (t) => {
    const { shared, directory } = downloads(t);
    const { file } = gated({
      async fetch(write) {
        for (const size of pieces) await write(Buffer.alloc(size));
      },
    });
    const arriving = shared.get(file);
    await assert.rejects(all(arriving.read(0, signal)), { code: 'INTEGRITY', message: /wrong size/ });
    assert.deepEqual(readdirSync(directory), []);
  });
}

test('a full disk is reported as such, and leaves nothing', async (t) => {
  const { shared, directory } = downloads(t);
  const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
  const { file } = gated({ fetch: () => Promise.reject(full) });
  await assert.rejects(shared.get(file).accepted, { code: 'STORAGE', message: /no space left/ });
  assert.deepEqual(readdirSync(directory), []);
});

test('no more downloads run at a time than allowed, and the end of the server ends them', async (t) => {
  const ending = new AbortController();
  const { shared } = downloads(t, { limit: 1, signal: ending.signal });
  const first = gated({
    key: 'first',
    fetch: (_, end) => new Promise((_, reject) => end.addEventListener('abort', () => reject(end.reason))),
  });
  const second = gated({ key: 'second' });
  const arriving = [shared.get(first.file), shared.get(second.file)];
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(second.gate.fetched, 0);
  ending.abort();
  for (const file of arriving) await assert.rejects(file.accepted, { name: 'AbortError' });
  assert.equal(second.gate.fetched, 0);
});
