import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listen } from '../../../src/server/http/listen.ts';
import { respond } from '../../../src/server/http/respond.ts';

const echo = {
  handle: async (exchange: Parameters<typeof respond>[0] & { path: string }) =>
    respond(exchange, 200, { 'content-type': 'text/plain' }, exchange.path),
};

test('a server answers until it is closed', async () => {
  const { url, close } = await listen(echo, { host: '127.0.0.1', port: 0 });
  const answer = await fetch(`${url}/a/b?c`);
  assert.deepEqual([answer.status, await answer.text()], [200, '/a/b']);
  await close(1000);
  await assert.rejects(fetch(url));
});

test('a port that is taken is refused, with a hint', async () => {
  const { url, close } = await listen(echo, { host: '127.0.0.1', port: 0 });
  const port = Number(new URL(url).port);
  await assert.rejects(listen(echo, { host: '127.0.0.1', port }), {
    code: 'NETWORK',
    hint: /another port/,
  });
  await close(1000);
});
