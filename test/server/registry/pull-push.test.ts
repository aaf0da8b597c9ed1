import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codesOf, digestOf, pushBlob, pushImage, startServer } from './harness.ts';

test('an image is pushed and pulled by tag and by digest, with HEAD as with GET', async (t) => {
  const server = await startServer(t);
  const { digest, text, response } = await pushImage(server, 'team/app', { by: 'v1' });
  assert.equal(response.headers.get('docker-content-digest'), digest);
  assert.equal(response.headers.get('location'), `/v2/team/app/manifests/${digest}`);
  for (const reference of ['v1', digest]) {
    for (const method of ['GET', 'HEAD']) {
      const pulled = await server.send(method, `/v2/team/app/manifests/${reference}`, {
        headers: { accept: 'application/x-nothing-of-this' },
      });
      assert.equal(pulled.status, 200);
      assert.equal(pulled.headers.get('content-type'), 'application/vnd.oci.image.manifest.v1+json');
      assert.equal(pulled.headers.get('docker-content-digest'), digest);
      assert.equal(pulled.headers.get('content-length'), String(text.length));
      assert.equal(await pulled.text(), method === 'GET' ? text : '');
    }
  }
  const unchanged = await server.send('GET', '/v2/team/app/manifests/v1', {
    headers: { 'if-none-match': `"${digest}"` },
  });
  assert.equal(unchanged.status, 304);
  assert.equal((await server.send('GET', '/v2/')).status, 200);
});

test('a blob is sent whole, in parts, and not at all if the client has it', async (t) => {
  const server = await startServer(t);
  const bytes = Buffer.alloc(1_000_000, 'abcdefghij');
  const digest = await pushBlob(server, 'app', bytes);
  const path = `/v2/app/blobs/${digest}`;
  const whole = await server.send('GET', path);
  assert.deepEqual(Buffer.from(await whole.arrayBuffer()), bytes);
  assert.equal(whole.headers.get('docker-content-digest'), digest);
  const ranges: readonly (readonly [string, number, string, number])[] = [
    ['bytes=500-1499', 206, 'bytes 500-1499/1000000', 1000],
    ['bytes=999990-', 206, 'bytes 999990-999999/1000000', 10],
    ['bytes=-3', 206, 'bytes 999997-999999/1000000', 3],
    ['bytes=999999-2000000', 206, 'bytes 999999-999999/1000000', 1],
    ['bytes=0-1,5-6', 200, '', 1_000_000],
    ['items=0-1', 200, '', 1_000_000],
  ];
  for (const [range, status, contentRange, length] of ranges) {
    const part = await server.send('GET', path, { headers: { range } });
    const got = Buffer.from(await part.arrayBuffer());
    assert.deepEqual(
      [part.status, part.headers.get('content-range') ?? '', got.length],
      [status, contentRange, length],
    );
    const start = Number(/ (\d+)-/.exec(contentRange)?.[1] ?? 0);
    assert.deepEqual(got, bytes.subarray(start, start + length));
  }
  for (const range of ['bytes=500-0', 'bytes=1000000-', 'bytes=2000000-3000000', 'bytes=-0']) {
    const refused = await server.send('GET', path, { headers: { range } });
    assert.deepEqual([refused.status, refused.headers.get('content-range')], [416, 'bytes */1000000']);
  }
  const stale = await server.send('GET', path, { headers: { range: 'bytes=0-1', 'if-range': '"other"' } });
  assert.equal((await stale.arrayBuffer()).byteLength, 1_000_000);
  const head = await server.send('HEAD', path);
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, '1000000']);
});

test('what is not there is a 404 that says so; what cannot be done a 405 with what can', async (t) => {
  const server = await startServer(t);
  await pushImage(server, 'app', { by: 'v1' });
  const cases: readonly (readonly [string, string, number, string])[] = [
    ['GET', '/v2/app/manifests/v2', 404, 'MANIFEST_UNKNOWN'],
    ['GET', `/v2/app/manifests/${digestOf('x')}`, 404, 'MANIFEST_UNKNOWN'],
    ['GET', '/v2/app/manifests/sha256:totallywrong', 404, 'MANIFEST_UNKNOWN'],
    ['GET', `/v2/app/blobs/${digestOf('x')}`, 404, 'BLOB_UNKNOWN'],
    ['DELETE', `/v2/app/blobs/${digestOf('x')}`, 404, 'BLOB_UNKNOWN'],
    ['DELETE', '/v2/app/manifests/v2', 404, 'MANIFEST_UNKNOWN'],
    ['GET', '/v2/other/tags/list', 404, 'NAME_UNKNOWN'],
    ['GET', '/v2/app/nothing', 404, 'NOT_FOUND'],
    ['GET', '/v2/App/manifests/v1', 400, 'NAME_INVALID'],
    ['GET', '/v2/a%2fb/manifests/v1', 400, 'BAD_REQUEST'],
    ['GET', '/v2/app/referrers/sha256:short', 400, 'DIGEST_INVALID'],
    ['PATCH', '/v2/app/blobs/uploads/x', 404, 'BLOB_UPLOAD_UNKNOWN'],
    ['POST', '/v2/app/manifests/v1', 405, 'UNSUPPORTED'],
  ];
  for (const [method, path, status, code] of cases) {
    const response = await server.send(method, path);
    assert.deepEqual([path, response.status, await codesOf(response)], [path, status, [code]]);
  }
  const refused = await server.send('PUT', '/v2/app/tags/list');
  assert.equal(refused.headers.get('allow'), 'GET, HEAD');
});

test('a repository may have components that the API uses as words', async (t) => {
  const server = await startServer(t);
  const { text } = await pushImage(server, 'blobs/uploads/manifests', { by: 'tags' });
  const pulled = await server.send('GET', '/v2/blobs/uploads/manifests/manifests/tags');
  assert.equal(await pulled.text(), text);
});

test('everything is still there after a restart', async (t) => {
  const first = await startServer(t);
  const { text } = await pushImage(first, 'app', { by: 'v1', layer: 'content' });
  const second = await startServer(t, { directory: first.directory });
  assert.equal(await (await second.send('GET', '/v2/app/manifests/v1')).text(), text);
  assert.equal(await (await second.send('GET', `/v2/app/blobs/${digestOf('content')}`)).text(), 'content');
});

test('a repository has only what was pushed to it or mounted', async (t) => {
  const server = await startServer(t);
  const digest = await pushBlob(server, 'one', 'secret');
  assert.equal((await server.send('GET', `/v2/two/blobs/${digest}`)).status, 404);
  assert.equal((await server.send('HEAD', `/v2/two/blobs/${digest}`)).status, 404);
  const mounted = await server.send('POST', `/v2/two/blobs/uploads/?mount=${digest}&from=one`);
  assert.equal(mounted.status, 201);
  assert.equal(await (await server.send('GET', mounted.headers.get('location') ?? '')).text(), 'secret');
});
