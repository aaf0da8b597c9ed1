import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connections } from '../../src/fetch/connections.ts';
import { exchange } from '../../src/fetch/exchange.ts';
import { REQUESTS, type RequestRecord } from '../../src/fetch/request-log.ts';

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function listen(t: TestContext): readonly RequestRecord[] {
  const records: RequestRecord[] = [];
  const take = (record: unknown) => records.push(record as RequestRecord);
  REQUESTS.subscribe(take);
  t.after(() => REQUESTS.unsubscribe(take));
  return records;
}

const plain = { headers: {}, signal: undefined, timeoutMs: 10_000 };

test('every request that ends is published, without anything secret', async (t) => {
  const host = await serve(t, (request, response) => {
    request.resume().on('end', () => response.writeHead(request.method === 'PUT' ? 201 : 200).end('12345'));
  });
  const records = listen(t);
  const { send } = connections();
  const url = new URL(`http://me:hunter2@${host}/it's/a%20b.apk?token=hunter3&x='y"#hunter4`);
  const headers = { authorization: 'Bearer hunter5' };
  const response = await exchange(url, { ...plain, method: 'GET', headers }, send);
  for await (const _ of response.body);
  await response.discard();
  const body = Buffer.from('hunter6');
  const put = { ...plain, method: 'PUT', headers: { 'content-length': '7' }, body } as const;
  await (await exchange(new URL(`http://${host}/v2/upload`), put, send)).discard();
  assert.deepEqual(
    records.map(({ tookMs, ...record }) => [record, tookMs >= 0]),
    [
      [
        {
          method: 'GET',
          url: `http://${host}/it's/a%20b.apk?***`,
          status: 200,
          sentBytes: 0,
          receivedBytes: 5,
        },
        true,
      ],
      [{ method: 'PUT', url: `http://${host}/v2/upload`, status: 201, sentBytes: 7, receivedBytes: 0 }, true],
    ],
  );
  assert.doesNotMatch(JSON.stringify(records), /hunter|me:/);
});

test('a request without a response is published too, and its secrets are not', async (t) => {
  const host = await serve(t, (request) => request.socket.destroy());
  const records = listen(t);
  const url = new URL(`http://me:hunter2@${host}/x?hunter3`);
  await assert.rejects(exchange(url, { ...plain, method: 'GET' }, connections().send));
  assert.deepEqual(
    records.map(({ url, status }) => [url, status]),
    [[`http://${host}/x?***`, undefined]],
  );
});
