import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '../fixtures/temp.ts';
import { startMirror } from './mirror.ts';

test('a folder is served with ranges, validators and HEAD, and nothing outside it', async (t) => {
  const root = tempDir(t);
  mkdirSync(join(root, 'repo'));
  writeFileSync(join(root, 'repo', '1:a+b.txt'), '0123456789');
  writeFileSync(join(root, 'secret'), 'x');
  const mirror = await startMirror(join(root, 'repo'));
  t.after(() => mirror.close());
  const url = `${mirror.url}/1:a+b.txt`;
  const whole = await fetch(url);
  assert.equal(await whole.text(), '0123456789');
  const etag = whole.headers.get('etag') ?? '';
  for (const [range, expected, status] of [
    ['bytes=2-4', '234', 206],
    ['bytes=7-', '789', 206],
    ['bytes=-2', '89', 206],
    ['bytes=5-99', '56789', 206],
    ['bytes=10-', '', 416],
  ] as const) {
    const part = await fetch(url, { headers: { range, 'if-range': etag } });
    assert.deepEqual([part.status, await part.text()], [status, expected]);
  }
  assert.equal((await fetch(url, { headers: { range: 'bytes=2-4', 'if-range': '"other"' } })).status, 200);
  assert.equal((await fetch(url, { headers: { 'if-none-match': etag } })).status, 304);
  const head = await fetch(url, { method: 'HEAD' });
  assert.equal(head.headers.get('content-length'), '10');
  for (const path of ['/', '/%2e%2e/secret', '/..%2fsecret', '/none']) {
    assert.equal((await fetch(mirror.url + path)).status, 404, path);
  }
  assert.equal((await fetch(url, { method: 'POST' })).status, 405);
  assert.deepEqual(
    mirror.requests.slice(0, 2).map(({ method, status, bytes }) => [method, status, bytes]),
    [
      ['GET', 200, 10],
      ['GET', 206, 3],
    ],
  );
});

test('faults hit so many requests, and their bytes', async (t) => {
  const mirror = await startMirror(() => ({ bytes: Buffer.from([1, 2]) }), {
    '/a': { status: 500, times: 2 },
    '/b': { wrongBytes: true },
  });
  t.after(() => mirror.close());
  const statuses: number[] = [];
  for (let n = 0; n < 3; n++) statuses.push((await fetch(`${mirror.url}/a`)).status);
  assert.deepEqual(statuses, [500, 500, 200]);
  assert.deepEqual(
    Buffer.from(await (await fetch(`${mirror.url}/b`)).arrayBuffer()),
    Buffer.from([254, 253]),
  );
});
