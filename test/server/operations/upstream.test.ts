import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REQUESTS, type RequestRecord } from '../../../src/fetch/request-log.ts';
import { Upstream } from '../../../src/server/operations/upstream.ts';

const record = { method: 'GET', url: 'http://mirror.example/a', sentBytes: 0, receivedBytes: 0, tookMs: 1 };

test('requests to others are counted, those without a good answer too', () => {
  const upstream = new Upstream();
  const send = (outcome: Pick<RequestRecord, 'status'> & Partial<RequestRecord>) =>
    REQUESTS.publish({ ...record, ...outcome });
  send({ status: 200, receivedBytes: 100 });
  send({ status: 304 });
  send({ status: 404, receivedBytes: 5 });
  for (const status of [undefined, 429, 500, 503]) send({ status });
  const read = () => Object.fromEntries(upstream.measures.map((one) => [one.name, one.read()]));
  const expected = {
    compose_upstream_requests_total: 7,
    compose_upstream_failures_total: 4,
    compose_upstream_received_bytes_total: 105,
  };
  assert.deepEqual(read(), expected);
  upstream.close();
  send({ status: 500 });
  assert.deepEqual(read(), expected);
});
