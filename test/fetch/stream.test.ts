import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { streamFile } from '../../src/fetch/stream.ts';
import { type Fault, type Mirror, startMirror } from '../fake/mirror.ts';
import { tempDir } from '../fixtures/temp.ts';

const CONTENT = Buffer.from(Array.from({ length: 600_000 }, (_, index) => (index * 7 + (index >> 8)) & 0xff));

async function mirror(t: TestContext, fault: Fault = {}, content = CONTENT): Promise<Mirror> {
  const started = await startMirror(() => ({ bytes: content }), { '*': fault });
  t.after(() => started.close());
  return started;
}

async function streamed(urls: readonly string[]): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const write = async (bytes: Uint8Array) => void pieces.push(Buffer.from(bytes));
  await streamFile(urls, write, { sizeBytes: CONTENT.length, backoffMs: 1, retries: 2 });
  return Buffer.concat(pieces);
}

test('a cut transfer goes on where it was cut, at the same mirror', async (t) => {
  const { url, requests } = await mirror(t, { cutAfterBytes: 300_000, times: 1 });
  assert.ok((await streamed([`${url}/f`])).equals(CONTENT));
  assert.match(String(requests[1]?.headers.range), /^bytes=\d{5,}-$/);
});

test('the next mirror goes on where the first one failed for good', async (t) => {
  const first = await mirror(t, { cutAfterBytes: 1000 });
  const second = await mirror(t);
  assert.ok((await streamed([`${first.url}/f`, `${second.url}/f`])).equals(CONTENT));
  assert.equal(second.requests.length, 1);
  assert.match(String(second.requests[0]?.headers.range), /^bytes=[1-9]\d*-$/);
});

test('a mirror that ignores ranges is read from its start', async (t) => {
  const { url } = await mirror(t, { cutAfterBytes: 300_000, times: 1, ignoresRange: true });
  assert.ok((await streamed([`${url}/f`])).equals(CONTENT));
});

test('a mirror with a file of another size is passed over', async (t) => {
  const [short, long, right] = [
    await mirror(t, {}, CONTENT.subarray(1)),
    await mirror(t, { chunked: true }, Buffer.concat([CONTENT, CONTENT])),
    await mirror(t),
  ];
  assert.ok((await streamed([short, right].map(({ url }) => `${url}/f`))).equals(CONTENT));
  await assert.rejects(streamed([`${long?.url}/f`]), { code: 'INTEGRITY', message: /wrong size/ });
});

test('a folder is a source too', async (t) => {
  const path = join(tempDir(t), 'f');
  writeFileSync(path, CONTENT);
  assert.ok((await streamed([path])).equals(CONTENT));
});

test('a file that no mirror has is not found', async (t) => {
  const started = await mirror(t, { status: 404 });
  await assert.rejects(streamed([`${started.url}/f`]), { code: 'NOT_FOUND' });
});

test('the end of the writer ends the transfer', async (t) => {
  const { url } = await mirror(t);
  const full = Object.assign(new Error('full'), { code: 'ENOSPC', syscall: 'write' });
  const write = () => Promise.reject(full);
  await assert.rejects(streamFile([`${url}/f`], write, { sizeBytes: CONTENT.length }), full);
});
