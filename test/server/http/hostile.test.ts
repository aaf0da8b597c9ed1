import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Exchange } from '../../../src/server/http/exchange.ts';
import { type ListenLimits, listen } from '../../../src/server/http/listen.ts';
import { receive, receiveAll } from '../../../src/server/http/receive.ts';
import { segments } from '../../../src/server/http/request-path.ts';
import { respond, respondJson } from '../../../src/server/http/respond.ts';
import { sendBlob } from '../../../src/server/http/send-bytes.ts';
import { connectRaw, statuses } from './raw.ts';

const MAX_BODY = 100;
const SLOW = { idleMs: 50, minBytesPerSecond: 1000, firstMs: 50 };
const CHUNK = Buffer.alloc(1024 * 1024);

/** What a service of the tests does, by the first segment of the path. */
const SERVICES: Readonly<Record<string, (exchange: Exchange) => Promise<void> | void>> = {
  echo: (exchange) => respondJson(exchange, 200, { path: segments(exchange.path) }),
  refuse: (exchange) => respond(exchange, 403, {}, 'no'),
  body: async (exchange) => respond(exchange, 200, {}, await receiveAll(exchange, MAX_BODY)),
  slow: async (exchange) => {
    for await (const _ of receive(exchange, MAX_BODY, SLOW));
    respond(exchange, 200, {});
  },
  endless: (exchange) =>
    sendBlob(
      exchange,
      {
        kind: 'stream',
        sizeBytes: 1024 ** 4,
        async *open() {
          for (;;) yield CHUNK;
        },
      },
      { contentType: 'x/y', timeoutMs: 100 },
    ),
};

async function start(t: TestContext, limits: Partial<ListenLimits> = {}): Promise<string> {
  const service = {
    handle: (exchange: Exchange) => SERVICES[segments(exchange.path)[0] ?? '']?.(exchange),
  };
  const { url, close } = await listen(service, { host: '127.0.0.1', port: 0, limits });
  t.after(() => close(0));
  return url;
}

const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nhost: x\r\n${headers}\r\n`;

test('paths that mean more than they say are refused', async (t) => {
  const url = await start(t);
  const cases: readonly (readonly [string, number])[] = [
    ['/echo/../secret', 400],
    ['/echo/%2e%2E/secret', 400],
    ['/echo/.%2e', 400],
    ['/./echo', 200],
    ['/echo/././a/.', 400],
    ['/echo/a%2fb', 400],
    ['/echo/a%5Cb', 400],
    ['/echo/a\\b', 400],
    ['/echo/%00', 400],
    ['/echo/%0d%0aset-cookie:x', 400],
    ['/echo/%7f', 400],
    ['/echo/%', 400],
    ['/echo/%ff', 400],
    ['*', 400],
    ['http://elsewhere.example/echo/a', 200],
    ['HTTPS://elsewhere.example:1/echo/a?b', 200],
    ['ftp://elsewhere.example/echo/a', 400],
    ['/echo/a%20b%C3%BC..', 200],
    ['/echo//a', 200],
  ];
  for (const [path, status] of cases) {
    const { closed } = connectRaw(t, url, get(path, 'connection: close\r\n'));
    assert.deepEqual([path, ...statuses(await closed)], [path, status]);
  }
});

test('what two readers could understand differently is refused (request smuggling)', async (t) => {
  const url = await start(t);
  const post = 'POST /body HTTP/1.1\r\nhost: x\r\n';
  const cases: readonly string[] = [
    `${post}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${post}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n`,
    `${post}content-length: 5\r\ncontent-length: 6\r\n\r\nabcdef`,
    `${post}content-length: +5\r\n\r\nabcde`,
    `${post}content-length: 0x5\r\n\r\nabcde`,
    `${post}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n`,
    `${post}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    `${post}transfer-encoding : chunked\r\n\r\n0\r\n\r\n`,
    `${post}transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n`,
    `${post}x: y\n z: w\r\n\r\n`,
    `GET /echo HTTP/1.1\r\nhost: a\r\nx: a\rb\r\n\r\n`,
    `GET /echo HTTP/1.1\r\n\r\n`,
    `GET /echo HTTP/9.9\r\nhost: x\r\n\r\n`,
  ];
  for (const bytes of cases) {
    const { closed } = connectRaw(t, url, bytes);
    const [status, ...more] = statuses(await closed);
    assert.ok(status !== undefined && status >= 400 && status < 500, `${JSON.stringify(bytes)}: ${status}`);
    assert.deepEqual(more, [], bytes);
  }
});

test('a greeting of TLS on the plain port gets a clean answer', async (t) => {
  const url = await start(t);
  const hello = Buffer.from('160301004a0100004603035f', 'hex');
  const { socket, closed } = connectRaw(t, url);
  socket.write(hello);
  assert.deepEqual(statuses(await closed), [400]);
});

test('headers above the limit are refused (431), and so are those that never end (408)', async (t) => {
  const url = await start(t, { headersTimeoutMs: 100, checkIntervalMs: 20 });
  const large = connectRaw(t, url, get('/echo', `x: ${'y'.repeat(40_000)}\r\n`));
  assert.deepEqual(statuses(await large.closed), [431]);
  const flood = connectRaw(t, url, get('/echo', 'x: y\r\n'.repeat(20_000)));
  assert.deepEqual(statuses(await flood.closed), [431]);
  const slow = connectRaw(t, url, 'GET /echo HTTP/1.1\r\nhost: x\r\n');
  assert.deepEqual(statuses(await slow.closed), [408]);
  const trickle = connectRaw(t, url, 'GET /echo HTTP/1.1\r\nhost: x\r\n');
  const timer = setInterval(() => trickle.socket.write('a: b\r\n'), 10);
  t.after(() => clearInterval(timer));
  assert.deepEqual(statuses(await trickle.closed), [408]);
  const silent = connectRaw(t, url);
  await silent.closed;
});

test('a body that stops, or trickles, ends its connection', async (t) => {
  const url = await start(t);
  const head = 'POST /slow HTTP/1.1\r\nhost: x\r\ncontent-length: 90\r\n\r\n';
  await connectRaw(t, url, `${head}abc`).closed;
  const trickle = connectRaw(t, url, head);
  const timer = setInterval(() => trickle.socket.write('a'), 20);
  t.after(() => clearInterval(timer));
  assert.equal(statuses(await trickle.closed)[0], 408);
});

test('a client that does not take its answer is given up', async (t) => {
  const url = await start(t);
  const { socket, until, closed } = connectRaw(t, url, get('/endless'));
  await until(/HTTP\/1\.1 200/);
  socket.pause();
  await new Promise((resolve) => setTimeout(resolve, 300));
  socket.resume();
  await closed;
});

test('a body above the limit gets its answer, and is not read to its end', async (t) => {
  const url = await start(t, { unreadMs: 100 });
  for (const path of ['/body', '/refuse']) {
    const { socket, until, closed } = connectRaw(t, url);
    socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000000000\r\n\r\n`);
    const timer = setInterval(() => socket.writableLength < 1e6 && socket.write(CHUNK), 1);
    t.after(() => clearInterval(timer));
    assert.deepEqual(statuses(await until(/"errors"|no$/)), [path === '/body' ? 413 : 403]);
    await closed;
  }
});

test('a client that waits before it sends a body is told to go on, or gets its refusal at once', async (t) => {
  const url = await start(t);
  const head = (path: string, length: number) =>
    `POST ${path} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: ${length}\r\n\r\n`;
  const wanted = connectRaw(t, url, head('/body', 3));
  await wanted.until(/100 Continue/);
  wanted.socket.write('abc');
  assert.deepEqual(statuses(await wanted.until(/abc$/)), [100, 200]);
  wanted.socket.write(get('/echo/again'));
  await wanted.until(/again/);
  for (const [path, length, status] of [
    ['/refuse', 3, 403],
    ['/body', 101, 413],
  ] as const) {
    const refused = connectRaw(t, url, head(path, length));
    assert.deepEqual(statuses(await refused.closed), [status]);
  }
  const other = connectRaw(t, url, get('/echo', 'expect: miracles\r\n'));
  assert.deepEqual(statuses(await other.until(/\r\n\r\n/)), [417]);
});

test('requests that are sent ahead are answered in their order', async (t) => {
  const url = await start(t);
  const paths = Array.from({ length: 50 }, (_, index) => `/echo/${index}`);
  const { until } = connectRaw(t, url, paths.map((path) => get(path)).join(''));
  const text = await until(/"49"/);
  assert.deepEqual(
    [...text.matchAll(/\["echo","(\d+)"\]/g)].map(([, index]) => Number(index)),
    paths.map((_, index) => index),
  );
});

test('methods that turn a connection into something else get nowhere', async (t) => {
  const url = await start(t);
  const tunnel = connectRaw(
    t,
    url,
    'CONNECT elsewhere.example:443 HTTP/1.1\r\nhost: elsewhere.example\r\n\r\n',
  );
  assert.equal(await tunnel.closed, '');
  const upgrade = connectRaw(t, url, get('/echo/a', 'connection: upgrade\r\nupgrade: h2c\r\n'));
  assert.deepEqual(statuses(await upgrade.until(/echo/)), [200]);
});

test('connections above the limit are closed', async (t) => {
  const url = await start(t, { maxConnections: 2 });
  const first = connectRaw(t, url, get('/echo'));
  const second = connectRaw(t, url, get('/echo'));
  await Promise.all([first.until(/200/), second.until(/200/)]);
  assert.equal(await connectRaw(t, url, get('/echo')).closed, '');
  first.socket.destroy();
  await first.closed;
  await connectRaw(t, url, get('/echo')).until(/200/);
});
