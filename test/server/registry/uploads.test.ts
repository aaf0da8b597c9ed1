import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { codesOf, digestOf, pushBlob, startServer, type TestServer } from './harness.ts';

const BYTES = Buffer.from('0123456789abcdefghij');
const DIGEST = digestOf(BYTES);

async function begin(server: TestServer, repository = 'app', query = ''): Promise<string> {
  const response = await server.send('POST', `/v2/${repository}/blobs/uploads/${query}`);
  assert.equal(response.status, 202);
  assert.match(response.headers.get('docker-upload-uuid') ?? '', /^[0-9a-f-]{36}$/);
  return response.headers.get('location') ?? '';
}

function chunk(
  server: TestServer,
  location: string,
  [start, end]: readonly [number, number],
): Promise<Response> {
  return server.send('PATCH', location, {
    headers: { 'content-range': `${start}-${end - 1}`, 'content-type': 'application/octet-stream' },
    body: BYTES.subarray(start, end),
  });
}

async function read(server: TestServer, digest = DIGEST): Promise<string> {
  const response = await server.send('GET', `/v2/app/blobs/${digest}`);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('docker-content-digest'), digest);
  return await response.text();
}

test('a blob comes in chunks, the last one with PUT; its state can be asked for', async (t) => {
  const server = await startServer(t);
  const location = await begin(server);
  const first = await chunk(server, location, [0, 8]);
  assert.deepEqual([first.status, first.headers.get('range')], [202, '0-7']);
  const state = await server.send('GET', location);
  assert.deepEqual(
    [state.status, state.headers.get('range'), state.headers.get('location')],
    [204, '0-7', location],
  );
  const last = await server.send('PUT', `${location}?digest=${DIGEST}`, {
    headers: { 'content-range': '8-19' },
    body: BYTES.subarray(8),
  });
  assert.deepEqual([last.status, last.headers.get('location')], [201, `/v2/app/blobs/${DIGEST}`]);
  assert.equal(await read(server), BYTES.toString());
  assert.equal((await server.send('GET', location)).status, 404);
});

test('a chunk in the wrong place is refused (416) and changes nothing', async (t) => {
  const server = await startServer(t);
  const location = await begin(server);
  await chunk(server, location, [0, 8]);
  for (const range of [
    [9, 20],
    [0, 8],
  ] as const) {
    const refused = await chunk(server, location, range);
    assert.deepEqual([refused.status, refused.headers.get('range')], [416, '0-7']);
  }
  const wrongLength = await server.send('PATCH', location, {
    headers: { 'content-range': '8-9' },
    body: BYTES.subarray(8),
  });
  assert.deepEqual([wrongLength.status, await codesOf(wrongLength)], [400, ['SIZE_INVALID']]);
  await chunk(server, location, [8, 20]);
  assert.equal((await server.send('PUT', `${location}?digest=${DIGEST}`)).status, 201);
});

test('an upload goes on after a restart, and with a client that left in the middle of a chunk', async (t) => {
  const first = await startServer(t);
  const location = await begin(first);
  await leaveInChunk(first, location);
  const second = await startServer(t, { directory: first.directory });
  const state = await second.send('GET', location);
  assert.deepEqual([state.status, state.headers.get('range')], [204, '0-7']);
  assert.equal((await chunk(second, location, [8, 20])).status, 202);
  assert.equal((await second.send('PUT', `${location}?digest=${DIGEST}`)).status, 201);
  assert.equal(await read(second), BYTES.toString());
});

/** Announces twenty bytes, sends eight, and leaves. */
async function leaveInChunk({ host, send }: TestServer, location: string): Promise<void> {
  const [name = '', port] = host.split(':');
  const socket = connect(Number(port), name);
  socket.write(`PATCH ${location} HTTP/1.1\r\nhost: x\r\ncontent-length: 20\r\n\r\n`);
  socket.write(BYTES.subarray(0, 8));
  for (let range = ''; range !== '0-7'; ) range = (await send('GET', location)).headers.get('range') ?? '';
  socket.destroy();
}

test('an upload is found by its own repository only, can be cancelled, and ends with a wrong digest', async (t) => {
  const server = await startServer(t);
  const location = await begin(server);
  const elsewhere = location.replace('/v2/app/', '/v2/other/');
  assert.equal((await server.send('GET', elsewhere)).status, 404);
  assert.equal((await server.send('DELETE', elsewhere)).status, 404);
  assert.equal((await server.send('DELETE', location)).status, 204);
  const gone = await chunk(server, location, [0, 8]);
  assert.deepEqual([gone.status, await codesOf(gone)], [404, ['BLOB_UPLOAD_UNKNOWN']]);
  const other = await begin(server);
  const wrong = await server.send('PUT', `${other}?digest=${digestOf('x')}`, { body: BYTES });
  assert.deepEqual([wrong.status, await codesOf(wrong)], [400, ['DIGEST_INVALID']]);
  assert.equal((await server.send('GET', other)).status, 404);
  assert.equal((await server.send('GET', `/v2/app/blobs/${DIGEST}`)).status, 404);
});

test('one request with the digest stores a blob at once, also an empty one; a wrong digest stores nothing', async (t) => {
  const server = await startServer(t);
  assert.equal(await pushBlob(server, 'app', BYTES), DIGEST);
  assert.equal(await read(server), BYTES.toString());
  const empty = await pushBlob(server, 'app', '');
  assert.equal(await read(server, empty), '');
  for (const digest of ['sha256:0', 'sha384:00', digestOf('x')]) {
    const refused = await server.send('POST', `/v2/app/blobs/uploads/?digest=${digest}`, { body: BYTES });
    assert.deepEqual([refused.status, await codesOf(refused)], [400, ['DIGEST_INVALID']]);
  }
});

test('content is named by sha512 too, announced or not', async (t) => {
  const server = await startServer(t);
  const digest = digestOf(BYTES, 'sha512');
  for (const query of ['?digest-algorithm=sha512', '']) {
    const location = await begin(server, 'app', query);
    const put = await server.send('PUT', `${location}?digest=${digest}`, { body: BYTES });
    assert.deepEqual([put.status, put.headers.get('docker-content-digest')], [201, digest]);
    assert.equal(await read(server, digest), BYTES.toString());
  }
  assert.equal(
    (await server.send('GET', `/v2/app/blobs/${DIGEST}`)).status,
    404,
    'pushed under the other name only',
  );
  assert.equal((await server.send('POST', '/v2/app/blobs/uploads/?digest-algorithm=md5')).status, 400);
});

test('a mount needs a source that has the blob and that the client may read', async (t) => {
  const server = await startServer(t, { may: (_, repository) => repository !== 'private' });
  await pushBlob(server, 'private', BYTES);
  for (const query of [`mount=${DIGEST}&from=private`, `mount=${DIGEST}`, `mount=${DIGEST}&from=nobody`]) {
    const response = await server.send('POST', `/v2/app/blobs/uploads/?${query}`);
    assert.equal(response.status, 202);
    assert.match(response.headers.get('location') ?? '', /^\/v2\/app\/blobs\/uploads\//);
  }
  await pushBlob(server, 'public', BYTES);
  assert.equal((await server.send('POST', `/v2/app/blobs/uploads/?mount=${DIGEST}`)).status, 201);
  assert.equal(await read(server), BYTES.toString());
});

test('a blob above the limit is refused, announced or not', async (t) => {
  const server = await startServer(t, { maxBlobBytes: 10 });
  const announced = await server.send('PATCH', await begin(server), { body: BYTES });
  assert.deepEqual([announced.status, await codesOf(announced)], [413, ['SIZE_INVALID']]);
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(BYTES);
      controller.close();
    },
  });
  const chunked = await server.send('PATCH', await begin(server), { body: stream, duplex: 'half' });
  assert.equal(chunked.status, 413);
});

test('two requests never write into one upload', async (t) => {
  const server = await startServer(t);
  const location = await begin(server);
  let finish = () => {};
  const held = new ReadableStream({
    start(controller) {
      controller.enqueue(BYTES.subarray(0, 8));
      finish = () => controller.close();
    },
  });
  const writing = server.send('PATCH', location, { body: held, duplex: 'half' });
  for (let range = ''; range !== '0-7'; )
    range = (await server.send('GET', location)).headers.get('range') ?? '';
  assert.equal((await chunk(server, location, [8, 20])).status, 409);
  finish();
  assert.equal((await writing).status, 202);
});
