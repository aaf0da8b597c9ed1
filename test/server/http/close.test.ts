import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Exchange } from '../../../src/server/http/exchange.ts';
import { listen } from '../../../src/server/http/listen.ts';
import { sendBlob } from '../../../src/server/http/send-bytes.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { connectRaw } from './raw.ts';

const SIZE = 32 * 1024 * 1024;

test('an answer that has begun is finished after close; new connections are refused, idle ones closed', async (t) => {
  const path = join(tempDir(t), 'file');
  writeFileSync(path, Buffer.alloc(SIZE, 'x'));
  const handle = (exchange: Exchange) =>
    sendBlob(exchange, { kind: 'file', path, sizeBytes: SIZE }, { contentType: 'x/y' });
  const { url, close } = await listen({ handle }, { host: '127.0.0.1', port: 0 });
  const idle = connectRaw(t, url, 'HEAD / HTTP/1.1\r\nhost: x\r\n\r\n');
  await idle.until(/\r\n\r\n/);
  const pull = await fetch(url);
  let closed = false;
  const closing = close(10_000).then(() => {
    closed = true;
  });
  await idle.closed;
  await assert.rejects(fetch(url));
  assert.equal(closed, false);
  assert.equal((await pull.arrayBuffer()).byteLength, SIZE);
  await closing;
});

test('an answer that does not end in time is cut', async (t) => {
  const handle = (exchange: Exchange) =>
    sendBlob(
      exchange,
      {
        kind: 'stream',
        sizeBytes: 10,
        async *open(_, signal) {
          yield Buffer.from('x');
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
        },
      },
      { contentType: 'x/y' },
    );
  const { url, close } = await listen({ handle }, { host: '127.0.0.1', port: 0 });
  const { until, closed } = connectRaw(t, url, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await until(/x$/);
  await close(50);
  assert.match(await closed, /200 OK/);
});
