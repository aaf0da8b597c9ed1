import assert from 'node:assert/strict';
import { Agent, createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import fc from 'fast-check';
import { digestOf } from '../../src/model/digest.ts';
import { seededRandom } from './body-stages.ts';
import type { ProxyFault } from './fault-exchange.ts';
import { type FaultProxy, type ProxyRule, startFaultProxy } from './fault-proxy.ts';

interface TestHooks {
  after(fn: () => void | Promise<void>): void;
}

const BODY = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 251));

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly host: string | undefined;
  /** Of the body, so far */
  bytes: Buffer;
  complete: boolean;
}

/** GET gives BODY; the rest is read and answered with 201; without Authorization, `/private` asks for it. */
async function startServer(t: TestHooks): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const { authorization, host } = request.headers;
    const entry: Seen = {
      method: request.method ?? '',
      url: request.url ?? '',
      authorization,
      host,
      bytes: Buffer.alloc(0),
      complete: false,
    };
    seen.push(entry);
    request.on('data', (chunk: Buffer) => {
      entry.bytes = Buffer.concat([entry.bytes, chunk]);
    });
    request.on('error', () => undefined);
    request.on('end', () => {
      entry.complete = true;
      if (request.url === '/private' && authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Bearer realm="x"' }).end('who?');
      } else if (request.method === 'GET' || request.method === 'HEAD') {
        response.writeHead(200, { 'content-length': BODY.length, 'x-kind': 'body' });
        response.end(request.method === 'GET' ? BODY : undefined);
      } else response.writeHead(201, { location: `http://${host}/done` }).end('made');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

async function start(t: TestHooks, rules: readonly ProxyRule[] = [], seed = 1) {
  const { url, seen } = await startServer(t);
  const proxy = await startFaultProxy(url, { rules, seed });
  t.after(() => proxy.close());
  return { proxy, seen };
}

/** The reply to a GET as a client sees it: what came before the end or the cut. */
function get(
  proxy: FaultProxy,
  path = '/x',
  agent: Agent | false = false,
): Promise<{ reply: IncomingMessage; bytes: Buffer; cut: boolean }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${proxy.url}${path}`, { agent }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('error', () => undefined);
      reply.on('close', () => resolve({ reply, bytes: Buffer.concat(chunks), cut: !reply.complete }));
    });
    request.on('error', reject);
    request.end();
  });
}

const put = (proxy: FaultProxy, body: Uint8Array, path = '/x') =>
  fetch(`${proxy.url}${path}`, { method: 'PUT', body: body as Uint8Array<ArrayBuffer> });

/** A moment for what travels on without the client. */
async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(condition());
}

const always = (fault: ProxyFault): readonly ProxyRule[] => [{ fault }];

test('without rules it passes everything through and keeps account', async (t) => {
  const { proxy, seen } = await start(t);
  const reply = await fetch(`${proxy.url}/a%2Bb?c=d`, { headers: { authorization: 'Basic c2VjcmV0' } });
  assert.deepEqual(Buffer.from(await reply.arrayBuffer()), BODY);
  assert.equal(reply.headers.get('x-kind'), 'body');
  const made = await put(proxy, BODY);
  assert.equal(made.status, 201);
  assert.equal(made.headers.get('location'), `${proxy.url}/done`, 'the server knows the host that was asked');
  assert.equal(await made.text(), 'made');
  assert.equal(seen[0]?.authorization, 'Basic c2VjcmV0');
  assert.ok(seen[1]?.bytes.equals(BODY));

  const [first] = proxy.requests;
  assert.match(first?.headers.authorization ?? '', /^Basic sha256:[0-9a-f]{8}$/);
  assert.ok(!JSON.stringify(proxy.requests).includes('c2VjcmV0'));
  assert.deepEqual(
    proxy.requests.map(({ method, url, status, serverStatus, requestBytes, replyBytes, fault, done }) => {
      return { method, url, status, serverStatus, requestBytes, replyBytes, fault, done };
    }),
    [
      {
        method: 'GET',
        url: '/a%2Bb?c=d',
        status: 200,
        serverStatus: 200,
        requestBytes: 0,
        replyBytes: BODY.length,
        fault: undefined,
        done: true,
      },
      {
        method: 'PUT',
        url: '/x',
        status: 201,
        serverStatus: 201,
        requestBytes: BODY.length,
        replyBytes: 4,
        fault: undefined,
        done: true,
      },
    ],
  );
  assert.equal(proxy.peakParallel(), 1);
});

test('HEAD keeps its Content-Length; requests side by side are counted', async (t) => {
  const { proxy } = await start(t, always({ delayMs: 50 }));
  const before = performance.now();
  const replies = await Promise.all([1, 2, 3].map(() => fetch(`${proxy.url}/x`, { method: 'HEAD' })));
  assert.ok(performance.now() - before >= 45, 'delayed');
  assert.deepEqual(
    replies.map(({ headers }) => headers.get('content-length')),
    [1, 2, 3].map(() => String(BODY.length)),
  );
  assert.equal(proxy.peakParallel(), 3);
});

test('connections stay open, and requests tell which they came by', async (t) => {
  const { proxy } = await start(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  for (const using of [agent, agent, false] as const) await get(proxy, '/x', using);
  assert.deepEqual(
    proxy.requests.map(({ connection }) => connection),
    [1, 1, 2],
  );
});

test('rules: method, path, nth, times; the first that fits wins, and all count', async (t) => {
  const { proxy } = await start(t, [
    { method: ['PUT', 'PATCH'], path: /^\/a/, nth: 2, fault: { status: 500 } },
    { method: 'PUT', times: 2, fault: { status: 502 } },
    { path: /q=1$/, fault: { status: 503, body: 'busy', replyHeaders: { 'Retry-After': '7' } } },
  ]);
  const statuses: number[] = [];
  for (const path of ['/a', '/a', '/a', '/a', '/b']) statuses.push((await put(proxy, BODY, path)).status);
  assert.deepEqual(statuses, [502, 500, 502, 201, 201]);
  const busy = await fetch(`${proxy.url}/z?q=1`);
  assert.deepEqual([busy.status, busy.headers.get('retry-after'), await busy.text()], [503, '7', 'busy']);
  assert.equal(proxy.requests.at(-1)?.fault?.status, 503);
  proxy.rules.length = 0;
  assert.equal((await fetch(`${proxy.url}/z?q=1`)).status, 200, 'rules may go while it runs');
});

test('a seed decides what a probability hits', async (t) => {
  const hits = async (seed: number) => {
    const { proxy } = await start(t, [{ probability: 0.5, fault: { status: 500 } }], seed);
    const statuses: number[] = [];
    for (let at = 0; at < 20; at++) statuses.push((await fetch(`${proxy.url}/x`, { method: 'HEAD' })).status);
    return statuses;
  };
  const first = await hits(7);
  assert.deepEqual(await hits(7), first);
  assert.notDeepEqual(await hits(8), first);
  assert.deepEqual(new Set(first), new Set([200, 500]));
});

test('seeded numbers lie from 0 to 1 and repeat', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const [one, other] = [seededRandom(seed), seededRandom(seed)];
      for (let at = 0; at < 50; at++) {
        const number = one();
        assert.ok(number >= 0 && number < 1);
        assert.equal(other(), number);
      }
    }),
  );
});

test('an answer made here: after the whole request, early, or when the server has done it', async (t) => {
  const { proxy, seen } = await start(t, [
    {
      path: /whole/,
      fault: { status: 429, replyHeaders: { 'retry-after': 'Wed, 21 Oct 2099 07:28:00 GMT' } },
    },
    { path: /early/, fault: { status: 401, afterRequestBytes: 1 } },
    { path: /gateway/, fault: { status: 504, afterServer: true } },
  ]);
  const limited = await put(proxy, BODY, '/whole');
  assert.deepEqual(
    [limited.status, limited.headers.get('retry-after')],
    [429, 'Wed, 21 Oct 2099 07:28:00 GMT'],
  );
  assert.equal(proxy.requests[0]?.requestBytes, BODY.length);
  assert.equal(seen.length, 0, 'the server was not asked');

  // The body never ends, so only an early reply can come.
  const early = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = httpRequest(`${proxy.url}/early`, { method: 'PUT', agent: false }, (reply) => {
      reply.resume().on('end', () => request.destroy());
      resolve(reply);
    });
    request.on('error', reject);
    request.write('begin');
  });
  assert.equal(early.statusCode, 401);
  assert.equal(seen.length, 0);

  const late = await put(proxy, BODY, '/gateway');
  assert.equal(late.status, 504);
  assert.ok(seen[0]?.complete, 'the server has done it');
  const { status, serverStatus } = proxy.requests.at(-1) ?? {};
  assert.deepEqual([status, serverStatus], [504, 201]);
});

test('without its Authorization a request gets the own challenge of the server', async (t) => {
  const { proxy, seen } = await start(t, [{ nth: 1, fault: { dropsAuthorization: true } }]);
  const ask = () => fetch(`${proxy.url}/private`, { headers: { authorization: 'Bearer token' } });
  const refused = await ask();
  assert.deepEqual([refused.status, refused.headers.get('www-authenticate')], [401, 'Bearer realm="x"']);
  assert.equal((await ask()).status, 200);
  assert.deepEqual(
    seen.map(({ authorization }) => authorization),
    [undefined, 'Bearer token'],
  );
});

test('a request is cut: before it reaches the server, and within its body', async (t) => {
  const { proxy, seen } = await start(t, [
    { path: /before/, fault: { cutRequestAfterBytes: 0 } },
    { path: /within/, fault: { cutRequestAfterBytes: 30_000 } },
    { path: /short/, fault: { cutRequestAfterBytes: BODY.length + 1 } },
  ]);
  await assert.rejects(put(proxy, BODY, '/before'));
  assert.equal(seen.length, 0);
  await assert.rejects(put(proxy, BODY, '/within'));
  await until(() => seen[0]?.bytes.length === 30_000);
  assert.equal(seen[0]?.complete, false);
  assert.ok(BODY.subarray(0, 30_000).equals(seen[0]?.bytes ?? BODY));
  assert.equal((await put(proxy, BODY, '/short')).status, 201, 'a shorter body is not cut');
  assert.deepEqual(
    proxy.requests.map(({ status, done }) => [status, done]),
    [
      [0, true],
      [0, true],
      [201, true],
    ],
  );
});

test('a lost reply: the server has done it, the client hears nothing', async (t) => {
  const { proxy, seen } = await start(t, always({ losesReply: true }));
  await assert.rejects(put(proxy, BODY));
  assert.ok(seen[0]?.complete);
  const { status, serverStatus, replyBytes } = proxy.requests[0] ?? {};
  assert.deepEqual({ status, serverStatus, replyBytes }, { status: 0, serverStatus: 201, replyBytes: 0 });
});

test('a reply is cut after its headers, and within its body', async (t) => {
  const { proxy } = await start(t, [
    { path: /headers/, fault: { cutReplyAfterBytes: 0 } },
    { path: /body/, fault: { cutReplyAfterBytes: 40_000 } },
  ]);
  const headers = await get(proxy, '/headers');
  assert.deepEqual([headers.reply.statusCode, headers.bytes.length, headers.cut], [200, 0, true]);
  const body = await get(proxy, '/body');
  assert.ok(body.bytes.equals(BODY.subarray(0, 40_000)));
  assert.ok(body.cut);
  assert.equal(proxy.requests[1]?.replyBytes, 40_000);
});

test('a truncated reply: with the length that comes, that should come, and none', async (t) => {
  const lengths = { truncated: '1000', original: String(BODY.length), none: undefined } as const;
  for (const [contentLength, expected] of Object.entries(lengths)) {
    const fault = { truncateReplyTo: 1000, contentLength: contentLength as keyof typeof lengths };
    const { proxy } = await start(t, always(fault));
    const { reply, bytes, cut } = await get(proxy);
    assert.ok(bytes.equals(BODY.subarray(0, 1000)), contentLength);
    assert.equal(reply.headers['content-length'], expected);
    assert.equal(cut, contentLength === 'original');
  }
});

test('one byte is corrupted, on its way there or back', async (t) => {
  const at = 70_001;
  const changed = Buffer.from(BODY);
  changed[at] = (BODY[at] ?? 0) ^ 0xff;
  const { proxy, seen } = await start(t, always({ corruptRequestByte: at, corruptReplyByte: at }));
  assert.equal(digestOf((await get(proxy)).bytes), digestOf(changed));
  await put(proxy, BODY);
  assert.equal(digestOf(seen[1]?.bytes ?? BODY), digestOf(changed));
});

test('a slow line carries both bodies whole', async (t) => {
  const { proxy, seen } = await start(t, always({ bytesPerSecond: 500_000 }));
  const before = performance.now();
  assert.ok((await get(proxy)).bytes.equals(BODY));
  const between = performance.now();
  await put(proxy, BODY);
  assert.ok(seen[1]?.bytes.equals(BODY));
  for (const [from, to] of [
    [before, between],
    [between, performance.now()],
  ] as const) {
    assert.ok(to - from > 150, `${to - from} ms`);
  }
});

test('headers of a reply are changed, added and left out', async (t) => {
  const { proxy } = await start(t, always({ replyHeaders: { 'X-Kind': undefined, 'X-New': 'n' } }));
  const { reply, bytes } = await get(proxy);
  assert.deepEqual([reply.headers['x-kind'], reply.headers['x-new']], [undefined, 'n']);
  assert.ok(bytes.equals(BODY));
});

test('a server that is gone, and one that breaks off, look so to the client', async (t) => {
  const gone = await startFaultProxy('http://127.0.0.1:1');
  t.after(() => gone.close());
  await assert.rejects(get(gone));
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-length': 10 });
    response.write('half', () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const proxy = await startFaultProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.after(() => proxy.close());
  const { bytes, cut } = await get(proxy);
  assert.deepEqual([bytes.toString(), cut], ['half', true]);
});

test('a client that leaves takes its request to the server with it', async (t) => {
  const { proxy, seen } = await start(t);
  const request = httpRequest(`${proxy.url}/x`, { method: 'PUT', agent: false });
  request.on('error', () => undefined);
  request.write('begin');
  await until(() => seen[0]?.bytes.toString() === 'begin');
  request.destroy();
  await until(() => proxy.requests[0]?.done === true);
  assert.equal(seen[0]?.complete, false);
});

test('a reply that comes before the request has ended reaches the client', async (t) => {
  const server = createServer((_request, response) => {
    response.writeHead(413, { connection: 'close' }).end('too much');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const proxy = await startFaultProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.after(() => proxy.close());
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = httpRequest(`${proxy.url}/x`, { method: 'PUT', agent: false }, resolve);
    request.on('error', reject);
    request.write(BODY);
  });
  assert.deepEqual([reply.statusCode, await text(reply)], [413, 'too much']);
  reply.socket.destroy();
});
