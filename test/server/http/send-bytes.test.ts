import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exchange } from '../../../src/server/http/exchange.ts';
import { sendBlob } from '../../../src/server/http/send-bytes.ts';
import { tempDir } from '../../fixtures/temp.ts';

/** A client that takes bytes a while after they were written. */
class SlowResponse extends Writable {
  readonly taken: Buffer[] = [];
  readonly headersSent = false;

  writeHead(): this {
    return this;
  }

  override async _write(bytes: Buffer, _: string, done: () => void): Promise<void> {
    await sleep(5);
    this.taken.push(Buffer.from(bytes));
    done();
  }
}

test('many slow clients at once each get the right bytes, with fewer buffers than two each', async (t) => {
  const bytes = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(
    Buffer.alloc(1_000_000),
  );
  const path = join(tempDir(t), 'blob');
  writeFileSync(path, bytes);
  const pulls = Array.from({ length: 100 }, async () => {
    const response = new SlowResponse();
    const exchange = { request: { headers: {} }, response, method: 'GET' } as unknown as Exchange;
    await sendBlob(exchange, { kind: 'file', path, sizeBytes: bytes.length }, { contentType: 'any/type' });
    assert.ok(Buffer.concat(response.taken).equals(bytes));
  });
  await Promise.all(pulls);
});
