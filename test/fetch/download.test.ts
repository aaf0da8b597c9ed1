import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { closeConnections } from '../../src/fetch/connections.ts';
import { download, whileDownloading } from '../../src/fetch/http.ts';
import { PartialWriter } from '../../src/fetch/partial.ts';
import { AppError, type ErrorCode } from '../../src/model/app-error.ts';
import { type Fault, type Mirror, startMirror } from '../fake/mirror.ts';
import { tempDir } from '../fixtures/temp.ts';

after(closeConnections);

const content = randomBytes(900_000);
const quick = { maxBytes: 1 << 20, backoffMs: 1, expectedSizeBytes: content.length };
const unknownSize = { maxBytes: 1 << 20, backoffMs: 1 };

async function setUp(
  t: TestContext,
  fault: Fault = {},
): Promise<{ mirror: Mirror; url: string; path: string; ranges: () => (string | undefined)[] }> {
  const mirror = await startMirror((path) => (path === '/p' ? { bytes: content } : undefined), {
    '/p': fault,
  });
  t.after(() => mirror.close());
  const path = join(tempDir(t), 'p');
  const ranges = () => mirror.requests.map(({ headers }) => headers.range);
  return { mirror, url: `${mirror.url}/p`, path, ranges };
}

function failsWith(code: ErrorCode, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof AppError, String(error));
    assert.match(error.message, message);
    assert.equal(error.code, code);
    return true;
  };
}

function assertComplete(path: string): void {
  assert.ok(readFileSync(path).equals(content));
  assert.equal(existsSync(`${path}.json`), false);
}

/** Leaves the first `bytes` bytes behind as a download that broke off does. */
async function leavePartial(mirror: Mirror, path: string, bytes: number): Promise<void> {
  const before = { ...mirror.faults.get('/p') };
  mirror.faults.set('/p', { ...before, cutAfterBytes: bytes });
  await assert.rejects(
    download([`${mirror.url}/p`], path, { ...quick, retries: 0 }),
    failsWith('NETWORK', /closed/),
  );
  mirror.faults.set('/p', before);
  mirror.requests.length = 0;
  assert.equal(readFileSync(path).length, bytes);
}

test('a whole file, with and without a known size, announced or not', async (t) => {
  for (const fault of [{}, { chunked: true }, { noValidators: true }]) {
    for (const options of [quick, unknownSize]) {
      const { url, path } = await setUp(t, fault);
      assert.deepEqual(await download([url], path, options), { url, sizeBytes: content.length });
      assertComplete(path);
    }
  }
});

test('files and plain paths are copied', async (t) => {
  const path = join(tempDir(t), 'out');
  const source = join(tempDir(t), 'a b');
  writeFileSync(source, content);
  for (const url of [source, `file://${source.replace(' ', '%20')}`]) {
    assert.deepEqual(await download([url], path, unknownSize), { url, sizeBytes: content.length });
    assertComplete(path);
  }
  await assert.rejects(
    download([source], path, { ...quick, expectedSizeBytes: 5 }),
    failsWith('INTEGRITY', /expected 5/),
  );
  await assert.rejects(download([`${source}x`], path, quick), failsWith('NOT_FOUND', /no such file/));
});

test('an empty file', async (t) => {
  const mirror = await startMirror(() => ({ bytes: Buffer.alloc(0) }));
  t.after(() => mirror.close());
  const path = join(tempDir(t), 'p');
  for (const options of [{ ...quick, expectedSizeBytes: 0 }, unknownSize]) {
    assert.equal((await download([`${mirror.url}/p`], path, options)).sizeBytes, 0);
    assert.equal(readFileSync(path).length, 0);
  }
});

test('a cut download goes on where it broke off', async (t) => {
  const { url, path, ranges, mirror } = await setUp(t, { cutAfterBytes: 300_000, times: 2 });
  await download([url], path, { ...quick, retries: 0 });
  assertComplete(path);
  assert.deepEqual(ranges(), [undefined, 'bytes=300000-', 'bytes=600000-']);
  assert.match(String(mirror.requests[1]?.headers['if-range']), /^"/);
});

test('a later call resumes what an earlier one left', async (t) => {
  const { url, path, ranges, mirror } = await setUp(t);
  await leavePartial(mirror, path, 123_457);
  await download([url], path, unknownSize);
  assertComplete(path);
  assert.deepEqual(ranges(), ['bytes=123457-']);
  assert.equal(mirror.requests[0]?.bytes, content.length - 123_457);
});

test('another mirror is asked to resume by modification time, as entity tags are each its own', async (t) => {
  const { path, mirror } = await setUp(t);
  await leavePartial(mirror, path, 10_000);
  const other = await setUp(t, { headers: { etag: '"its own"' } });
  await download([other.url], path, quick);
  assertComplete(path);
  assert.match(String(other.mirror.requests[0]?.headers['if-range']), /GMT$/);
  assert.equal(other.mirror.requests[0]?.status, 206);
});

test('a file that changed in the meantime starts again', async (t) => {
  const { path, mirror } = await setUp(t);
  await leavePartial(mirror, path, 10_000);
  const changed = await startMirror(() => ({ bytes: content, mtimeMs: 1_800_000_000_000 }));
  t.after(() => changed.close());
  await download([`${changed.url}/p`], path, quick);
  assertComplete(path);
  assert.equal(changed.requests[0]?.status, 200);
});

test('a server that ignores Range starts again', async (t) => {
  const { url, path, mirror } = await setUp(t);
  await leavePartial(mirror, path, 10_000);
  mirror.faults.set('/p', { ignoresRange: true });
  await download([url], path, quick);
  assertComplete(path);
  assert.deepEqual(
    mirror.requests.map(({ status, bytes }) => [status, bytes]),
    [[200, content.length]],
  );
});

test('416 starts again from zero', async (t) => {
  const { url, path, ranges, mirror } = await setUp(t);
  await leavePartial(mirror, path, 10_000);
  mirror.faults.set('/p', { status: 416, times: 1 });
  await download([url], path, { ...quick, retries: 0 });
  assertComplete(path);
  assert.deepEqual(ranges(), ['bytes=10000-', undefined]);
});

test('206 of another range than asked for is not written', async (t) => {
  const { url, path, mirror } = await setUp(t);
  await leavePartial(mirror, path, 10_000);
  const headers = { 'content-range': `bytes 0-${content.length - 1}/${content.length}` };
  mirror.faults.set('/p', { status: 206, headers, times: 1 });
  await download([url], path, { ...quick, retries: 0 });
  assertComplete(path);
});

test('a partial without a known origin, with a broken one, or longer than expected is not resumed', async (t) => {
  const origin = JSON.stringify({ url: '', etag: '"x"', lastModified: '' });
  for (const [bytes, json] of [
    [1000, undefined],
    [1000, '{"url":'],
    [1000, '{"url": 5}'],
    [content.length + 1, origin],
  ] as const) {
    const { url, path, ranges } = await setUp(t);
    writeFileSync(path, Buffer.alloc(bytes, 'x'));
    if (json !== undefined) writeFileSync(`${path}.json`, json);
    await download([url], path, quick);
    assertComplete(path);
    assert.deepEqual(ranges(), [undefined]);
  }
});

test('a complete file of the expected size is not asked for again; of unknown size it is', async (t) => {
  const { url, path, ranges } = await setUp(t);
  writeFileSync(path, content);
  assert.deepEqual(await download([url], path, quick), { url, sizeBytes: content.length });
  assert.deepEqual(ranges(), []);
  await download([url], path, unknownSize);
  assert.deepEqual(ranges(), [undefined]);
});

test('a mirror with the wrong size is tried once more, then the next; with no other it is INTEGRITY', async (t) => {
  const wrong = await startMirror(() => ({ bytes: content.subarray(1) }));
  t.after(() => wrong.close());
  const good = await setUp(t);
  const result = await download([`${wrong.url}/p`, good.url], good.path, quick);
  assert.equal(result.url, good.url);
  assert.equal(wrong.requests.length, 2);
  assertComplete(good.path);
  const path = join(tempDir(t), 'p');
  const alone = download([`${wrong.url}/p`], path, quick);
  await assert.rejects(alone, failsWith('INTEGRITY', /expected 900000 bytes, got 899999/));
  assert.deepEqual(readdirSync(join(path, '..')), []);
});

test('bodies longer and shorter than expected or announced', async (t) => {
  for (const fault of [{ contentLength: content.length - 5 }, { contentLength: content.length + 5 }]) {
    const { url, path } = await setUp(t, fault);
    await assert.rejects(download([url], path, quick), failsWith('INTEGRITY', /expected 900000 bytes, got/));
  }
  const chunked = await setUp(t, { chunked: true });
  for (const expectedSizeBytes of [content.length - 1, content.length + 1]) {
    const result = download([chunked.url], chunked.path, { ...quick, expectedSizeBytes });
    await assert.rejects(result, failsWith('INTEGRITY', /got/));
  }
  for (const fault of [{}, { chunked: true }]) {
    const { url, path } = await setUp(t, fault);
    await assert.rejects(download([url], path, { maxBytes: 1000 }), failsWith('LIMIT', /limit 1000/));
    assert.deepEqual(readdirSync(join(path, '..')), []);
  }
});

test('a mirror that falls silent is left for the next, which goes on', async (t) => {
  const silent = await setUp(t, { stallAfterBytes: 400_000 });
  const good = await setUp(t);
  const result = await download([silent.url, good.url], good.path, { ...quick, timeoutMs: 200 });
  assert.equal(result.url, good.url);
  assert.equal(silent.mirror.requests.length, 1);
  assert.match(String(good.ranges()[0]), /^bytes=[1-9]\d*-$/);
  assertComplete(good.path);
});

test('wherever a line is cut, the result is the same', async (t) => {
  const { mirror, url, path } = await setUp(t);
  const cut = fc.record({ cutAfterBytes: fc.integer({ min: 0, max: 400_000 }), ignoresRange: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(cut, { maxLength: 3 }), fc.boolean(), async (faults, knowsSize) => {
      for (const fault of faults) {
        mirror.faults.set('/p', { ...fault, times: 1 });
        await download([url], path, { ...(knowsSize ? quick : unknownSize), retries: 0 }).catch((error) => {
          assert.ok(error instanceof AppError && error.code === 'NETWORK', String(error));
        });
      }
      await download([url], path, knowsSize ? quick : unknownSize);
      assertComplete(path);
      writeFileSync(path, content.subarray(0, 0));
    }),
    { numRuns: 15 },
  );
});

test('progress adds up to the size, over cuts and restarts', async (t) => {
  const { url, path } = await setUp(t, { cutAfterBytes: 300_000, ignoresRange: true, times: 2 });
  const tasks: { label: string; total: number | undefined; bytes: number; done: boolean }[] = [];
  const progress = {
    task(label: string, total: number | undefined) {
      const task = { label, total, bytes: 0, done: false };
      tasks.push(task);
      return {
        advance(amount: number) {
          task.bytes += amount;
        },
        done() {
          task.done = true;
        },
      };
    },
    note() {},
  };
  await download([url], path, { ...unknownSize, progress });
  assert.deepEqual(tasks, [{ label: 'p', total: content.length, bytes: content.length, done: true }]);
});

test('a full disk and a folder that cannot be written are STORAGE, at once', async (t) => {
  const { url, path, mirror } = await setUp(t);
  const second = [url, url];
  await assert.rejects(
    whileDownloading(join(path, 'missing/p'), {}, () => download(second, join(path, 'missing/p'), quick)),
    failsWith('STORAGE', /no such file or folder/),
  );
  assert.equal(mirror.requests.length, 0);
  if (process.getuid?.() === 0) t.diagnostic('as root every folder can be written: not checked');
  else {
    chmodSync(join(path, '..'), 0o500);
    await assert.rejects(download(second, path, quick), failsWith('STORAGE', /permission denied/));
    chmodSync(join(path, '..'), 0o700);
  }
  if (!existsSync('/dev/full')) return t.diagnostic('no /dev/full here: a full disk is not checked');
  const writer = PartialWriter.over(await open('/dev/full', 'r+'));
  await writer.write(Buffer.alloc(5));
  await assert.rejects(writer.close(), { code: 'ENOSPC' });
});

test('cancelling keeps what came, for the next time', async (t) => {
  const { url, path, mirror } = await setUp(t, { stallAfterBytes: 50_000, times: 1 });
  const signal = AbortSignal.timeout(150);
  await assert.rejects(download([url], path, { ...quick, signal }), failsWith('CANCELLED', /cancelled/));
  assert.deepEqual(readdirSync(join(path, '..')).sort(), ['p', 'p.json']);
  await download([url], path, quick);
  assertComplete(path);
  assert.equal(mirror.requests[1]?.status, 206);
});

test('many downloads share one signal without a warning', async (t) => {
  const { url, path } = await setUp(t);
  const warnings: Error[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  process.on('warning', listen);
  const { signal } = new AbortController();
  await Promise.all(
    Array.from({ length: 30 }, (_, n) => download([url], `${path}${n}`, { ...quick, signal })),
  );
  process.off('warning', listen);
  assert.deepEqual(warnings, []);
});
