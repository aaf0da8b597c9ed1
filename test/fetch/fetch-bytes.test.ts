import assert from 'node:assert/strict';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { closeConnections } from '../../src/fetch/connections.ts';
import { retryAfter } from '../../src/fetch/exchange.ts';
import { fetchBytes } from '../../src/fetch/http.ts';
import { AppError, type ErrorCode } from '../../src/model/app-error.ts';
import { type Fault, type Mirror, startMirror } from '../fake/mirror.ts';
import { tempDir } from '../fixtures/temp.ts';

after(closeConnections);

const content = Buffer.from('the index, '.repeat(20_000));
const quick = { maxBytes: 1 << 20, backoffMs: 1 };

async function mirrorOf(t: TestContext, faults: Record<string, Fault> = {}): Promise<Mirror> {
  const mirror = await startMirror((path) => (path === '/i' ? { bytes: content } : undefined), faults);
  t.after(() => mirror.close());
  return mirror;
}

function failsWith(code: ErrorCode, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof AppError, String(error));
    assert.match(error.message, message);
    assert.equal(error.code, code);
    return true;
  };
}

test('the bytes come with their validators, and an unchanged file costs one request without a body', async (t) => {
  const mirror = await mirrorOf(t);
  const first = await fetchBytes([`${mirror.url}/i`], quick);
  assert.ok(first.modified && first.bytes.equals(content));
  for (const validators of [{ etag: first.etag }, { lastModified: first.lastModified }]) {
    assert.deepEqual(await fetchBytes([`${mirror.url}/i`], { ...quick, validators }), {
      modified: false,
      url: `${mirror.url}/i`,
    });
  }
  const changed = await fetchBytes([`${mirror.url}/i`], { ...quick, validators: { etag: '"other"' } });
  assert.equal(changed.modified, true);
  assert.deepEqual(
    mirror.requests.map(({ status }) => status),
    [200, 304, 304, 200],
  );
});

test('a Content-Encoding is neither asked for nor undone', async (t) => {
  const zipped = gzipSync(content);
  const mirror = await startMirror(() => ({ bytes: zipped }), {
    '*': { headers: { 'content-encoding': 'gzip' } },
  });
  t.after(() => mirror.close());
  const result = await fetchBytes([`${mirror.url}/a.tar.gz`], quick);
  assert.ok(result.modified && result.bytes.equals(zipped));
  assert.equal(mirror.requests[0]?.headers['accept-encoding'], 'identity');
});

test('files are read, conditional too', async (t) => {
  const directory = tempDir(t);
  const path = join(directory, 'a b+1%20.db');
  writeFileSync(path, content);
  const url = pathToFileURL(path).href;
  const first = await fetchBytes([url], quick);
  assert.ok(first.modified && first.bytes.equals(content));
  const validators = { etag: first.etag };
  assert.equal((await fetchBytes([path], { ...quick, validators })).modified, false);
  utimesSync(path, 1, 1);
  assert.equal((await fetchBytes([path], { ...quick, validators })).modified, true);
  mkdirSync(join(directory, 'd'));
  await assert.rejects(fetchBytes([join(directory, 'd')], quick), failsWith('NOT_FOUND', /not a file/));
  await assert.rejects(fetchBytes([path], { maxBytes: 10 }), failsWith('LIMIT', /limit 10/));
});

test('missing everywhere is NOT_FOUND, missing here and broken there is NETWORK; all are named', async (t) => {
  const mirror = await mirrorOf(t, { '/gone': { status: 410 }, '/denied': { status: 403 } });
  const nowhere = [`${mirror.url}/x`, `${mirror.url}/gone`, '/no/such/file'];
  await assert.rejects(fetchBytes(nowhere, quick), (error) => {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, 'NOT_FOUND');
    assert.deepEqual(
      (error.details.urls as { url: string }[]).map(({ url }) => url),
      nowhere,
    );
    for (const url of nowhere) assert.ok(error.message.includes(url), error.message);
    return true;
  });
  await assert.rejects(
    fetchBytes([`${mirror.url}/x`, `${mirror.url}/denied`], quick),
    failsWith('NETWORK', /404.*\n.*HTTP 403: access denied/),
  );
  await assert.rejects(
    fetchBytes(['ftp://h/x'], quick),
    failsWith('UNSUPPORTED', /not an http, https or file URL/),
  );
  assert.deepEqual(
    mirror.requests.map(({ status }) => status),
    [404, 410, 404, 403],
  );
});

test('the next mirror answers when the first does not', async (t) => {
  const mirror = await mirrorOf(t);
  const notes: string[] = [];
  const progress = {
    task: () => ({ advance() {}, done() {} }),
    note: (message: string) => notes.push(message),
  };
  const urls = ['http://127.0.0.1:1/i', `${mirror.url}/x`, `${mirror.url}/i`];
  const result = await fetchBytes(urls, { ...quick, retries: 1, progress });
  assert.equal(result.url, urls[2]);
  assert.equal(notes.length, 2);
  assert.match(notes[0] ?? '', /connection refused; trying the next mirror/);
});

test('what is not in a folder is looked for in the one above it without a word', async (t) => {
  const mirror = await mirrorOf(t);
  const notes: string[] = [];
  const progress = {
    task: () => ({ advance() {}, done() {} }),
    note: (message: string) => notes.push(message),
  };
  const dir = tempDir(t);
  writeFileSync(join(dir, 'i'), 'x');
  await fetchBytes([join(dir, 'x86_64', 'i'), join(dir, 'i')], { ...quick, progress });
  await fetchBytes([`${mirror.url}/x86_64/i?token=/a`, `${mirror.url}/i?token=/a`], { ...quick, progress });
  assert.deepEqual(notes, []);
  await fetchBytes([join(dir, 'a', 'i'), `${mirror.url}/i`], { ...quick, progress });
  assert.equal(notes.length, 1);
});

test('408, 425, 429, 5xx and cut connections are tried again, others not', async (t) => {
  for (const status of [408, 425, 429, 500, 502, 503, 504]) {
    const mirror = await mirrorOf(t, { '/i': { status, times: 3 } });
    assert.equal((await fetchBytes([`${mirror.url}/i`], quick)).modified, true);
    assert.equal(mirror.requests.length, 4, String(status));
  }
  for (const status of [400, 401, 403, 404, 451, 501]) {
    const mirror = await mirrorOf(t, { '/i': { status, times: 1 } });
    await assert.rejects(fetchBytes([`${mirror.url}/i`], quick));
    assert.equal(mirror.requests.length, 1, String(status));
  }
  for (const fault of [
    { cutAfterBytes: 0 },
    { cutAfterBytes: 70_000 },
    { contentLength: content.length + 5 },
  ]) {
    const mirror = await mirrorOf(t, { '/i': { ...fault, times: 2 } });
    const result = await fetchBytes([`${mirror.url}/i`], quick);
    assert.ok(result.modified && result.bytes.equals(content));
    assert.equal(mirror.requests.length, 3);
  }
});

test('retries end', async (t) => {
  const mirror = await mirrorOf(t, { '/i': { status: 503 } });
  await assert.rejects(
    fetchBytes([`${mirror.url}/i`], { ...quick, retries: 2 }),
    failsWith('NETWORK', /HTTP 503/),
  );
  assert.equal(mirror.requests.length, 3);
});

test('Retry-After is honoured in seconds and as a date, within bounds', async (t) => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  assert.equal(retryAfter('2', now), 2_000);
  assert.equal(retryAfter('Thu, 01 Jan 2026 00:00:03 GMT', now), 3_000);
  assert.equal(retryAfter('Thu, 01 Jan 2025 00:00:03 GMT', now), 0);
  assert.equal(retryAfter('86400', now), 30_000);
  assert.equal(retryAfter('soon', now), undefined);
  assert.equal(retryAfter('', now), undefined);
  const mirror = await mirrorOf(t, { '/i': { status: 429, headers: { 'retry-after': '1' }, times: 1 } });
  const start = performance.now();
  await fetchBytes([`${mirror.url}/i`], quick);
  assert.ok(performance.now() - start >= 990);
});

test('silence is told before and within the body, and the next mirror is asked at once', async (t) => {
  for (const [stallAfterBytes, reason] of [
    [0, /no answer in 150 ms/],
    [1_000, /no data for 150 ms after 1000 bytes/],
  ] as const) {
    const silent = await mirrorOf(t, { '/i': { stallAfterBytes } });
    const options = { ...quick, timeoutMs: 150, retries: 0 };
    await assert.rejects(fetchBytes([`${silent.url}/i`], options), failsWith('NETWORK', reason));
    const good = await mirrorOf(t);
    const result = await fetchBytes([`${silent.url}/i`, `${good.url}/i`], { ...options, retries: 3 });
    assert.equal(result.url, `${good.url}/i`);
    assert.equal(silent.requests.length, 2);
  }
});

test('more than maxBytes is refused, announced or not', async (t) => {
  const mirror = await mirrorOf(t);
  await assert.rejects(
    fetchBytes([`${mirror.url}/i`], { ...quick, maxBytes: 1000 }),
    failsWith('LIMIT', /limit 1000/),
  );
  const chunked = await mirrorOf(t, { '/i': { chunked: true } });
  await assert.rejects(
    fetchBytes([`${chunked.url}/i`], { ...quick, maxBytes: 1000 }),
    failsWith('LIMIT', /limit 1000/),
  );
});

test('redirects are followed, relative ones too, five at most', async (t) => {
  const faults: Record<string, Fault> = { '/loop': { redirect: '/loop' } };
  for (let n = 1; n <= 5; n++)
    faults[`/${n}`] = { redirect: n === 1 ? 'i' : `/${n - 1}`, status: 300 + (n % 2) + 1 };
  const mirror = await mirrorOf(t, faults);
  const result = await fetchBytes([`${mirror.url}/5`], quick);
  assert.equal(result.url, `${mirror.url}/5`);
  assert.equal(mirror.requests.length, 6);
  await assert.rejects(
    fetchBytes([`${mirror.url}/loop`], quick),
    failsWith('NETWORK', /more than 5 redirects/),
  );
  const away = await mirrorOf(t, { '/i': { redirect: 'file:///etc/passwd' } });
  await assert.rejects(fetchBytes([`${away.url}/i`], quick), failsWith('UNSUPPORTED', /not an http/));
});

test('replies that make no sense are failures, not crashes', async (t) => {
  const mirror = await mirrorOf(t, {
    '/nowhere': { redirect: 'http://[' },
    '/304': { status: 304 },
    '/206': { status: 206 },
    '/416': { status: 416 },
  });
  await assert.rejects(fetchBytes([`${mirror.url}/nowhere`], quick), failsWith('UNSUPPORTED', /not an http/));
  for (const status of ['304', '206', '416']) {
    const result = fetchBytes([`${mirror.url}/${status}`], quick);
    await assert.rejects(result, failsWith('NETWORK', new RegExp(`unexpected HTTP ${status}`)));
  }
  const odd = `${mirror.url.replace('//', '//50%:x@')}/i`;
  assert.equal((await fetchBytes([odd], quick)).modified, true);
  assert.equal(
    mirror.requests.at(-1)?.headers.authorization,
    `Basic ${Buffer.from('50%:x').toString('base64')}`,
  );
});

test('credentials are sent to their own host only and never shown', async (t) => {
  const other = await mirrorOf(t);
  const mirror = await mirrorOf(t, { '/away': { redirect: `${other.url}/i` }, '/near': { redirect: '/i' } });
  const base = mirror.url.replace('//', '//me:s%40cret@');
  await fetchBytes([`${base}/near`], quick);
  await fetchBytes([`${base}/away`], quick);
  const expected = `Basic ${Buffer.from('me:s@cret').toString('base64')}`;
  assert.deepEqual(
    mirror.requests.map(({ headers }) => headers.authorization),
    [expected, expected, expected],
  );
  assert.equal(other.requests[0]?.headers.authorization, undefined);
  await assert.rejects(fetchBytes([`${base}/none?sig=s%40cret`], quick), (error) => {
    assert.ok(error instanceof AppError);
    const shown = JSON.stringify([error.message, error.hint, error.details, String(error.stack)]);
    assert.doesNotMatch(shown, /cret/);
    return true;
  });
});

test('cancelling works before, in a request, in a body and in a pause', async (t) => {
  const aborted = AbortSignal.abort();
  const mirror = await mirrorOf(t, {
    '/i': { stallAfterBytes: 10 },
    '/silent': { stallAfterBytes: 0 },
    '/busy': { status: 503, headers: { 'retry-after': '20' } },
  });
  await assert.rejects(
    fetchBytes([`${mirror.url}/i`], { ...quick, signal: aborted }),
    failsWith('CANCELLED', /cancelled/),
  );
  assert.equal(mirror.requests.length, 0);
  for (const path of ['i', 'silent', 'busy']) {
    const signal = AbortSignal.timeout(100);
    await assert.rejects(
      fetchBytes([`${mirror.url}/${path}`, `${mirror.url}/i`], { ...quick, signal }),
      failsWith('CANCELLED', new RegExp(path)),
    );
  }
});
