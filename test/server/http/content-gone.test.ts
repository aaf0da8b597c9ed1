import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { foundAgain } from '../../../src/server/http/content-gone.ts';
import { listen } from '../../../src/server/http/listen.ts';
import { sendBlob } from '../../../src/server/http/send-bytes.ts';
import { tempDir } from '../../fixtures/temp.ts';

/** A server whose content is gone so many times after it was found. */
async function losing(t: TestContext, times: number): Promise<string> {
  const path = join(tempDir(t), 'blob');
  writeFileSync(path, 'content');
  let left = times;
  const service = foundAgain({
    async handle(exchange) {
      left -= 1;
      const found = left < 0 ? path : `${path}-removed`;
      const blob = { kind: 'file', path: found, sizeBytes: 7 } as const;
      await sendBlob(exchange, blob, { contentType: 'text/plain' });
    },
  });
  const { url, close } = await listen(service, { host: '127.0.0.1', port: 0 });
  t.after(() => close(0));
  return url;
}

test('content that is removed between finding and sending it is found again', async (t) => {
  const answer = await fetch(await losing(t, 2));
  assert.deepEqual([answer.status, await answer.text()], [200, 'content']);
});

test('content that stays away is told to come back later, not to be unknown', async (t) => {
  const answer = await fetch(await losing(t, 100));
  assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '1']);
  await answer.text();
});
