import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { MEDIA_TYPES } from '../../src/model/media-types.ts';
import { parseTagName, withTag } from '../../src/model/reference.ts';
import { hasBlob, readBlob } from '../../src/registry/blobs.ts';
import { getManifest } from '../../src/registry/manifests.ts';
import { ping } from '../../src/registry/ping.ts';
import { pushBlobs } from '../../src/registry/push-blobs.ts';
import { listTags } from '../../src/registry/tags.ts';
import type { SessionOptions } from '../../src/registry/types.ts';
import { blobOf, collect, fails, noise, type Opened, start } from './harness.ts';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/** A registry that answers so to everything. */
function hostile(
  t: Parameters<typeof start>[0],
  answer: Answer,
  options: SessionOptions = {},
): Promise<Opened> {
  const intercept = (request: IncomingMessage, response: ServerResponse): boolean => {
    response.on('error', () => {});
    answer(response, request);
    return true;
  };
  return start(t, { intercept }, { retries: 1, timeoutMs: 300, ...options });
}

const endless = (response: ServerResponse): void => {
  const more = (): void => {
    while (!response.destroyed)
      if (!response.write(Buffer.alloc(65_536, ' '))) return void response.once('drain', more);
  };
  more();
};

/** A byte now and then, for ever. */
const drip = (response: ServerResponse): void => {
  const timer = setInterval(() => (response.destroyed ? clearInterval(timer) : response.write(' ')), 20);
};

for (const [what, fill] of [
  ['without end', endless],
  ['byte by byte', drip],
] as const) {
  test(`answers ${what} are ended, whatever is asked`, async (t) => {
    const { session, app } = await hostile(t, (response, request) => {
      response.writeHead(request.url?.includes('tags') ? 200 : 400, { 'content-type': MEDIA_TYPES.manifest });
      response.flushHeaders();
      // Nothing follows the headers of these.
      if (request.method === 'HEAD') response.end();
      else fill(response);
    });
    await assert.rejects(listTags(session, app), /limit 16777216|too slow/);
    // The body of an error is read as far as it is of use.
    await fails(ping(session, app.domain), 'UNSUPPORTED', /HTTP 400/);
    await fails(pushBlobs(session, app, { blobs: [blobOf(noise(10))] }), 'UNSUPPORTED', /HTTP 400/);
  });
}

test('a manifest and a blob that come byte by byte are given up', async (t) => {
  const { session, app } = await hostile(t, (response) => {
    response.writeHead(200, { 'content-type': MEDIA_TYPES.manifest });
    drip(response);
  });
  await fails(
    getManifest(session, withTag(app, parseTagName('a'))),
    'NETWORK',
    /too slow: \d+ bytes in \d+ ms/,
  );
  await fails(
    collect(readBlob(session, app, blobOf(noise(100_000)))),
    'NETWORK',
    /too slow: \d+ bytes in \d+ ms/,
  );
});

test('silence is given up: no headers, half of the headers, half of the body', async (t) => {
  for (const [answer, message] of [
    [() => {}, /no answer in 300 ms/],
    [
      (response: ServerResponse) => void response.socket?.write('HTTP/1.1 200 OK\r\nX: '),
      /no answer in 300 ms/,
    ],
    [
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-length': 1000 });
        response.write('{');
      },
      /no data for 300 ms after 1 bytes/,
    ],
  ] as const) {
    const { session, app } = await hostile(t, answer, { retries: 0 });
    await fails(listTags(session, app), 'NETWORK', message);
  }
});

test('what is no HTTP, and headers without end', async (t) => {
  for (const [text, message] of [
    ['SSH-2.0-OpenSSH_9\r\n\r\n', /not valid HTTP/],
    ['HTTP/1.1 200 OK\r\nA: b\nc\x00d: e\r\n\r\n', /not valid HTTP/],
    [
      `HTTP/1.1 200 OK\r\n${'X-Header: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n'.repeat(2000)}\r\n`,
      /headers are larger/,
    ],
  ] as const) {
    const { session, app } = await hostile(t, (response) => void response.socket?.end(text), { retries: 0 });
    await fails(listTags(session, app), 'NETWORK', message);
  }
});

test('redirects in a circle, to no URL, to a file, with a password', async (t) => {
  for (const [location, message] of [
    ['/v2/team/app/tags/list', /more than 5 redirects/],
    ['file:///etc/passwd', /leads to "file:\/\/\/etc\/passwd", which is not an http or https URL/],
    ['javascript:alert(1)', /not an http or https URL/],
    ['http://', /not an http or https URL/],
    ['http://127.0.0.1:1/x', /connection refused/],
  ] as const) {
    const { session, app } = await hostile(t, (response) => response.writeHead(307, { location }).end(), {
      retries: 0,
    });
    await fails(listTags(session, app), 'NETWORK', message);
  }
});

test('uploads are led nowhere but to a URL', async (t) => {
  for (const [headers, message] of [
    [{}, /opened an upload without a Location/],
    [{ location: 'file:///tmp/x' }, /not an http or https URL/],
    [{ location: 'http://127.0.0.1:1/x' }, /connection refused/],
  ] as const) {
    const { session, app } = await hostile(t, (response, request) => {
      request.resume();
      response.writeHead(request.method === 'HEAD' ? 404 : 202, headers).end();
    });
    await fails(pushBlobs(session, app, { blobs: [blobOf(noise(10))] }), 'NETWORK', message);
  }
});

test('a registry that says "done" of what it did not take, or of something else', async (t) => {
  const blob = blobOf(noise(10));
  for (const [headers, status, code, message] of [
    [
      { 'docker-content-digest': `sha256:${'0'.repeat(64)}` },
      201,
      'INTEGRITY',
      /the registry stored sha256:000/,
    ],
    [{ location: '/v2/x' }, 202, 'NETWORK', /accepted the bytes but did not store the blob/],
  ] as const) {
    const { session, app } = await hostile(t, (response, request) => {
      request.resume();
      if (request.method === 'HEAD') response.writeHead(404).end();
      else if (request.method === 'PUT') response.writeHead(status, headers).end();
      else response.writeHead(202, { location: '/v2/team/app/blobs/uploads/1' }).end();
    });
    await fails(pushBlobs(session, app, { blobs: [blob] }), code, message);
  }
});

test('a status of an upload that is beyond the blob begins it anew, and ends', async (t) => {
  const { session, app } = await hostile(t, (response, request) => {
    request.resume();
    if (request.method === 'HEAD') response.writeHead(404).end();
    else if (request.method === 'GET')
      response.writeHead(204, { range: '0-999999999999', location: '/v2/u' }).end();
    else if (request.method === 'POST') response.writeHead(202, { location: '/v2/u' }).end();
    else response.destroy();
  });
  await fails(pushBlobs(session, app, { blobs: [blobOf(noise(10))] }), 'NETWORK', /closed|reset/);
});

test('words of a registry are cut, and stand in one message', async (t) => {
  const { session, app } = await hostile(t, (response) => {
    const errors = Array.from({ length: 1000 }, () => ({ code: 'X', message: 'y'.repeat(1000) }));
    response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ errors }));
  });
  await assert.rejects(ping(session, app.domain), (error: Error) => error.message.length < 1000);
});

test('the words of a registry are one line of a message', async (t) => {
  const { session, app } = await hostile(t, (response) => {
    const errors = [{ code: 'DENIED\nerror: one', message: 'a\nerror: two\r\u001b[2J' }];
    response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ errors }));
  });
  await assert.rejects(ping(session, app.domain), (error: Error) => {
    assert.match(error.message, /DENIED.error: one: a.error: two/);
    assert.doesNotMatch(error.message, /[\n\r\u001b]/);
    return true;
  });
});

test('errors in other shapes are no accident', async (t) => {
  for (const body of [
    '',
    'null',
    '5',
    '{"errors":null}',
    '{"errors":[null,5,{"code":{}}]}',
    '{"errors":{}}',
    '\x00\xff',
  ]) {
    const { session, app } = await hostile(t, (response) => response.writeHead(418).end(body));
    await fails(ping(session, app.domain), 'UNSUPPORTED', /HTTP 418/);
  }
});

test('compressed answers are not undone: a blob is what is sent', async (t) => {
  const { session, app } = await hostile(t, (response) => {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': 10 }).end(noise(10));
  });
  assert.deepEqual(await collect(readBlob(session, app, blobOf(noise(10)))), noise(10));
  assert.ok(await hasBlob(session, app, blobOf(noise(10))));
});
