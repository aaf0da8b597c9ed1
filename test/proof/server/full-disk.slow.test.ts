import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mountSmall, verify } from '../../app/process/survival-setting.ts';
import { whyNoBoundProcess } from '../../fixtures/bound-process.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { digestOf } from './client.ts';
import { serve, sourceWords, startUpstream } from './served.ts';

const DISK_BYTES = 48 * 1024 * 1024;
const LEFT_BYTES = [0, 20_000, 150_000, 500_000];
const PACKAGES = 'alpine/v3.19/main/x86_64';

/** Writes into a file until only so many bytes are left, about. */
function fillUp(path: string, leftBytes: number): void {
  const reserve = `${path}-reserve`;
  writeFileSync(reserve, Buffer.alloc(leftBytes));
  for (let piece = 8 * 1024 * 1024; piece >= 4096; ) {
    try {
      writeFileSync(path, Buffer.alloc(piece), { flag: 'a' });
    } catch {
      piece >>= 1;
    }
  }
  rmSync(reserve);
}

test('a full disk under the cache: pushes, names and packages are told so, nothing is damaged, and with room again all works', async (t) => {
  const reason = whyNoBoundProcess();
  if (reason !== undefined) return t.skip(`skipped: ${reason}`);
  const disk = mountSmall(t, DISK_BYTES);
  if (disk === undefined) return t.skip('skipped: a small file system cannot be mounted here');
  const folder = tempDir(t);
  const cache = join(disk, 'cache');
  const upstream = await startUpstream(t, folder, 40);
  const server = await serve(t, { folder, cache, words: sourceWords(upstream) });
  const status = async (method: string, path: string, body?: Buffer): Promise<number> => {
    const response = await fetch(server.url + path, { method, ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    if (response.status >= 500) assert.match(text, /no space left/, `${method} ${path}: ${response.status}`);
    return response.status;
  };
  const manifest = (name: string) => status('GET', `/v2/bare/alpine/${name}/manifests/latest`);
  const push = (bytes: Buffer) => status('POST', `/v2/a/blobs/uploads/?digest=${digestOf(bytes)}`, bytes);
  // What was already being sent as it came is cut.
  const fromMirror = (file: string) => status('GET', `/mirror/${PACKAGES}/${file}`).catch(() => 0);
  const kept = randomBytes(100_000);
  assert.deepEqual([await manifest('p1'), await push(kept)], [200, 201]);

  const filler = join(disk, 'filler');
  for (const [round, leftBytes] of LEFT_BYTES.entries()) {
    fillUp(filler, leftBytes);
    assert.equal(await push(randomBytes(1_000_000)), 507);
    const name = `p${10 + round}/p${20 + round}`;
    const file = `p${round * 3 + 2}-1.0-r0.apk`;
    const answers = [await manifest(name), await fromMirror(file), await push(randomBytes(1000))];
    t.diagnostic(`${leftBytes} bytes left: ${answers}`);
    for (const answer of answers) assert.ok([0, 200, 201, 503, 507].includes(answer), `${answers}`);
    // What is there is answered as ever.
    assert.deepEqual(
      [await manifest('p1'), await status('GET', `/v2/a/blobs/${digestOf(kept)}`)],
      [200, 200],
    );
    assert.equal(await status('GET', '/healthz'), 200);
    rmSync(filler, { force: true });
    const after = [await push(randomBytes(1_000_000)), await manifest(name), await fromMirror(file)];
    assert.deepEqual(after, [201, 200, 200], 'with room again');
  }
  await server.end();
  const verified = await verify(cache);
  assert.deepEqual([verified.damaged, verified.missing], [[], []]);
});
