import assert from 'node:assert/strict';
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen } from '../../../src/server/http/listen.ts';
import { sendBlob } from '../../../src/server/http/send-bytes.ts';
import { tempDir } from '../../fixtures/temp.ts';

const SIZE = 8 * 1024 * 1024;
const CLIENTS = 20;

function isOpen(path: string): boolean {
  return readdirSync('/proc/self/fd').some((name) => {
    try {
      return readlinkSync(join('/proc/self/fd', name)) === path;
    } catch {
      return false;
    }
  });
}

test('files are closed as soon as the clients that they were sent to have left', async (t) => {
  if (process.platform !== 'linux') return t.skip('skipped: no /proc');
  const path = join(tempDir(t), 'blob');
  writeFileSync(path, Buffer.alloc(SIZE));
  const service = {
    handle: (exchange: Parameters<typeof sendBlob>[0]) =>
      sendBlob(exchange, { kind: 'file', path, sizeBytes: SIZE }, { contentType: 'text/plain' }),
  };
  const { url, close } = await listen(service, { host: '127.0.0.1', port: 0 });
  t.after(() => close(0));
  const leaveAfter = async (requests: number, waitMs: number): Promise<void> => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(requests));
    await sleep(waitMs);
    socket.destroy();
  };
  await Promise.all(
    Array.from({ length: CLIENTS }, (_, client) => leaveAfter(1 + (client % 3), (client * 7) % 50)),
  );
  for (let tries = 0; isOpen(path) && tries < 100; tries++) await sleep(50);
  assert.ok(!isOpen(path), 'the file is open without anybody who reads it');
});
