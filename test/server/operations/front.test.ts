import assert from 'node:assert/strict';
import { readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentProgress } from '../../../src/model/progress.ts';
import { HttpError } from '../../../src/server/http/http-error.ts';
import { openFront } from '../../../src/server/operations/front.ts';
import type { Check } from '../../../src/server/operations/health.ts';
import { trustedProxies } from '../../../src/server/operations/proxies.ts';
import { requestId } from '../../../src/server/operations/request-id.ts';
import { routeOf } from '../../../src/server/operations/route.ts';
import { htpasswd } from '../../fixtures/htpasswd.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { basic } from '../access/guarded.ts';
import { startFronted } from './fronted.ts';

async function linesOf(path: string, count: number): Promise<Record<string, unknown>[]> {
  for (let tries = 0; ; tries++) {
    const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
    if (lines.length >= count || tries > 100) return lines.map((line) => JSON.parse(line));
    await sleep(50);
  }
}

test('requests are logged as lines of JSON, without secrets', async (t) => {
  const folder = tempDir(t);
  const [log, users] = [join(folder, 'access.log'), join(folder, 'users')];
  writeFileSync(users, htpasswd({ ann: 'pass-word' }));
  const { url, front } = await startFronted(t, { accessLog: log, access: { htpasswd: users } });
  const given = await fetch(`${url}/v2/a/manifests/x?secret=1`, {
    ...basic('ann', 'pass-word'),
    headers: {
      ...basic('ann', 'pass-word').headers,
      'x-request-id': 'id-1',
      'user-agent': 'a"b',
    },
  });
  assert.equal(given.headers.get('x-request-id'), 'id-1');
  const made = await fetch(`${url}/v2/`, { headers: { 'x-request-id': '{"a":1}' } });
  assert.match(made.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
  await front.close();
  const [first = {}, second = {}] = await linesOf(log, 2);
  const { time, ms, bytes, agent: _, ...rest } = first;
  assert.match(String(time), /^20\d\d-.*Z$/);
  assert.ok(Number(ms) >= 0 && Number(bytes) > 100);
  assert.deepEqual(rest, {
    id: 'id-1',
    client: '127.0.0.1',
    user: 'ann',
    method: 'GET',
    path: '/v2/a/manifests/x',
    digest: 'sha256:abc',
    status: 200,
  });
  assert.deepEqual(
    [second.status, second.user, second.id],
    [401, undefined, made.headers.get('x-request-id')],
  );
  assert.doesNotMatch(readFileSync(log, 'utf8'), /pass-word|secret|YW5u/);
});

test('a log goes on after it was truncated, and in a new file after it was renamed', async (t) => {
  const log = join(tempDir(t), 'access.log');
  const { url, front } = await startFronted(t, { accessLog: log });
  await (await fetch(`${url}/a`)).text();
  assert.equal((await linesOf(log, 1)).length, 1);
  truncateSync(log);
  await (await fetch(`${url}/b`)).text();
  assert.deepEqual(
    (await linesOf(log, 1)).map(({ path }) => path),
    ['/b'],
  );
  await (await fetch(`${url}/c`)).text();
  renameSync(log, `${log}.1`);
  front.reopenLog();
  await (await fetch(`${url}/d`)).text();
  await front.close();
  assert.deepEqual(
    (await linesOf(log, 1)).map(({ path }) => path),
    ['/d'],
  );
  assert.deepEqual(
    (await linesOf(`${log}.1`, 2)).map(({ path }) => path),
    ['/b', '/c'],
  );
});

test('a log that cannot be written is reported, and requests are answered', async (t) => {
  const { url, notes } = await startFronted(t, { accessLog: join(tempDir(t), 'none', 'access.log') });
  assert.equal((await fetch(url)).status, 200);
  for (let tries = 0; notes.length === 0 && tries < 50; tries++) await sleep(20);
  assert.match(notes[0] ?? '', /^the log cannot be written: ENOENT/);
});

test("errors of the server's own are reported with the id that the client got, and not told to it", async (t) => {
  const { url, notes } = await startFronted(
    t,
    {},
    {
      service: {
        async handle({ path }) {
          if (path === '/refused') throw new HttpError(404, 'NOT_FOUND', 'not here');
          throw new Error('inner trouble');
        },
      },
    },
  );
  const answer = await fetch(`${url}/x?y`);
  assert.equal(answer.status, 500);
  assert.doesNotMatch(await answer.text(), /inner/);
  await fetch(`${url}/refused`);
  assert.equal(notes.length, 1);
  const id = answer.headers.get('x-request-id');
  assert.match(notes[0] ?? '', new RegExp(`^request ${id}: GET /x: Error: inner trouble\\n`));
});

test('/metrics has requests by route, and what others measure; labels are bounded', async (t) => {
  const { url } = await startFronted(
    t,
    {},
    {
      vitals: { measures: [{ name: 'compose_queue_length', help: 'Waiting', kind: 'gauge', read: () => 7 }] },
    },
  );
  for (const path of ['/v2/a/b/manifests/x', '/v2/', '/v2/a/blobs/sha256:0', '/whatever/1', '/whatever/2']) {
    await (await fetch(`${url}${path}`)).text();
  }
  await (await fetch(`${url}/whatever/3`, { method: 'PROPFIND' })).text();
  const answer = await fetch(`${url}/metrics`);
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const text = await answer.text();
  for (const line of [
    'compose_http_requests_total{route="manifests",method="GET",status="200"} 1',
    'compose_http_requests_total{route="ping",method="GET",status="200"} 1',
    'compose_http_requests_total{route="other",method="GET",status="200"} 2',
    'compose_http_requests_total{route="other",method="other",status="200"} 1',
    'compose_http_request_duration_seconds_count{route="blobs"} 1',
    'compose_queue_length 7',
    'compose_http_requests_in_flight 1',
    'compose_image_misses_total 0',
  ]) {
    assert.ok(text.includes(`${line}\n`), `${line}\n${text}`);
  }
  assert.match(text, /^nodejs_eventloop_lag_p99_seconds /m);
  assert.match(text, /^compose_http_sent_bytes_total\{route="manifests"\} [1-9]\d\d/m);
});

test('/readyz says what is missing, and that the server ends; /healthz only that it is there', async (t) => {
  let state: string | undefined = 'not loaded yet';
  const { url, front } = await startFronted(
    t,
    { access: { anonymous: [] } },
    {
      vitals: {
        checks: new Map<string, Check>([
          ['index', () => state],
          ['store', () => Promise.reject(new Error('secret address'))],
        ]),
      },
    },
  );
  const ready = async () => {
    const answer = await fetch(`${url}/readyz`);
    return [answer.status, await answer.json()];
  };
  assert.deepEqual(await ready(), [
    503,
    { ready: false, checks: { index: 'not loaded yet', store: 'failed' } },
  ]);
  state = undefined;
  front.end();
  const [, { checks }] = (await ready()) as [number, { checks: object }];
  assert.deepEqual(checks, { index: 'ok', store: 'failed', server: 'ending' });
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
});

test('a client that asks too often gets 429 and when to come back; others are served', async (t) => {
  const users = join(tempDir(t), 'users');
  writeFileSync(users, htpasswd({ ann: 'a', bob: 'b' }));
  const { url } = await startFronted(t, {
    access: { htpasswd: users, anonymous: ['pull'] },
    limits: { requests: { perSecond: 1 / 60, burst: 3 } },
  });
  const ask = async (init: RequestInit) => (await fetch(`${url}/v2/a/tags/list`, init)).status;
  const ann = basic('ann', 'a');
  assert.deepEqual([await ask(ann), await ask(ann), await ask(ann), await ask(ann)], [200, 200, 200, 429]);
  assert.equal(await ask(basic('bob', 'b')), 200);
  // Guesses count too.
  assert.deepEqual(
    [await ask(basic('ann', '1')), await ask({}), await ask(basic('ann', '2'))],
    [401, 200, 401],
  );
  const refused = await fetch(`${url}/v2/a/tags/list`, basic('ann', '3'));
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get('retry-after'), '60');
  assert.equal(((await refused.json()) as { errors: { code: string }[] }).errors[0]?.code, 'TOOMANYREQUESTS');
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
});

test('a client has so many images composed; its other requests are answered', async (t) => {
  const { url, front } = await startFronted(t, { limits: { composing: { perSecond: 1 / 60, burst: 2 } } });
  const asker = (name: string) => ({
    ...{ identity: { name, may: () => true }, address: '192.0.2.1' },
    signal: new AbortController().signal,
  });
  front.admitComposing(asker('ann'));
  front.admitComposing(asker('ann'));
  assert.throws(() => front.admitComposing(asker('ann')), { status: 429, headers: { 'retry-after': '60' } });
  front.admitComposing(asker('bob'));
  assert.equal((await fetch(url)).status, 200);
});

test('a client has so many requests at once, and gets room again when they end', async (t) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { url } = await startFronted(
    t,
    { limits: { concurrent: 2 } },
    {
      service: {
        async handle({ response }) {
          await held;
          response.end('ok');
        },
      },
    },
  );
  const first = [fetch(url), fetch(url)];
  await sleep(100);
  assert.equal((await fetch(url)).status, 429);
  release();
  for (const answer of first) assert.equal(await (await answer).text(), 'ok');
  assert.equal((await fetch(url)).status, 200);
});

test('only proxies that are named are believed about addresses', () => {
  const request = (remoteAddress: string, ...hops: string[]) =>
    ({
      socket: { remoteAddress },
      headers: { 'x-forwarded-for': hops.join(', ') || undefined, 'x-forwarded-proto': 'https' },
    }) as never;
  const proxies = trustedProxies([
    ['10.0.0.0', 8],
    ['fd00::', 8],
  ]);
  for (const [expected, remote, ...hops] of [
    ['192.0.2.9', '192.0.2.9', '203.0.113.7'],
    ['203.0.113.7', '10.1.1.1', '203.0.113.7'],
    ['203.0.113.7', '::ffff:10.1.1.1', '203.0.113.7'],
    ['203.0.113.7', '10.1.1.1', '1.1.1.1', '203.0.113.7', '10.2.2.2'],
    ['2001:db8::1', 'fd00::2', '2001:db8::1'],
    ['10.1.1.1', '10.1.1.1'],
    ['10.1.1.1', '10.1.1.1', 'not an address'],
    ['10.2.2.2', '10.1.1.1', '<script>', '10.2.2.2'],
  ] as const) {
    assert.equal(proxies.clientOf(request(remote, ...hops)), expected, `${remote} ${hops}`);
  }
  assert.equal(proxies.isSecure(request('10.1.1.1')), true);
  assert.equal(proxies.isSecure(request('192.0.2.9')), false);
});

test('ids of requests are taken if they are harmless', () => {
  const id = (given: string) => requestId({ headers: { 'x-request-id': given } });
  for (const sane of ['a', '0af7651916cd43dd8448eb211c80319c', 'req-1.2:3_4']) assert.equal(id(sane), sane);
  for (const odd of ['', ' a', 'a b', 'a\u00e9', '-a', 'a'.repeat(65), 'a"', '{}'])
    assert.notEqual(id(odd), odd);
});

test('routes are a dozen words, whatever is asked', () => {
  for (const [path, route] of [
    ['/', 'page'],
    ['/v2', 'other'],
    ['/v2/', 'ping'],
    ['/v2/a/b/manifests/latest', 'manifests'],
    ['/v2/manifests/manifests/manifests', 'manifests'],
    ['/v2/a/blobs/sha256:1', 'blobs'],
    ['/v2/a/blobs/uploads/', 'uploads'],
    ['/v2/a/blobs/uploads/1-2', 'uploads'],
    ['/v2/a/tags/list', 'tags'],
    ['/v2/a/referrers/sha256:1', 'referrers'],
    ['/mirror/alpine/x', 'mirror'],
    ['/constructor', 'other'],
    ['//', 'page'],
    ['*', 'page'],
  ] as const) {
    assert.equal(routeOf(path), route, path);
  }
});

test('passwords over plain HTTP are only taken from this machine, unless told', async (t) => {
  const users = join(tempDir(t), 'users');
  writeFileSync(users, htpasswd({ ann: 'a' }));
  const open = (options: object) =>
    openFront(
      { progress: silentProgress },
      { access: { htpasswd: users }, listen: { host: '::' }, ...options },
      { measures: [], checks: new Map() },
    );
  await assert.rejects(open({}), { code: 'USAGE', message: /over plain HTTP/, hint: /--plain-http/ });
  for (const host of ['127.0.0.1', '::1', 'localhost']) await (await open({ listen: { host } })).close();
  await (await open({ plainHttp: true })).close();
});

test('rules and limits are read again while requests are answered', async (t) => {
  const { url, front } = await startFronted(t, { access: { anonymous: ['pull'] } });
  const status = async () => (await fetch(`${url}/v2/a/tags/list`)).status;
  assert.equal(await status(), 200);
  await front.reload({ access: { anonymous: [] } });
  assert.equal(await status(), 403);
  await assert.rejects(front.reload({ access: { htpasswd: '/nowhere/at/all' } }), { code: 'USAGE' });
  assert.equal(await status(), 403);
});
