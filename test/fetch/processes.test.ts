import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeConnections } from '../../src/fetch/connections.ts';
import { download as fetchTo, whileDownloading } from '../../src/fetch/http.ts';
import { isAppError } from '../../src/model/app-error.ts';
import { type Fault, type Mirror, startMirror } from '../fake/mirror.ts';
import { tempDir } from '../fixtures/temp.ts';

after(closeConnections);

const content = randomBytes(4_000_000);
const options = { maxBytes: 1 << 30, backoffMs: 1, expectedSizeBytes: content.length };

function download(
  urls: readonly string[],
  path: string,
  how: Parameters<typeof fetchTo>[2] = options,
): ReturnType<typeof fetchTo> {
  return whileDownloading(path, how, () => fetchTo(urls, path, how));
}

async function setUp(
  t: TestContext,
  fault: Fault = {},
): Promise<{ mirror: Mirror; url: string; path: string }> {
  const mirror = await startMirror(() => ({ bytes: content }), { '/p': fault });
  t.after(() => mirror.close());
  return { mirror, url: `${mirror.url}/p`, path: join(tempDir(t), 'p') };
}

function start(t: TestContext, ...args: readonly string[]): { child: ChildProcess; said: Promise<string> } {
  const script = join(import.meta.dirname, 'download-child.ts');
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const said = (async () => {
    let text = '';
    for await (const part of child.stdout) text += part;
    return text;
  })();
  return { child, said };
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if (condition()) return;
    await sleep(10);
  }
  assert.fail(`never came: ${condition}`);
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}

test('a process killed in the middle of a download leaves what the next one resumes', async (t) => {
  const { mirror, url, path } = await setUp(t, { bytesPerSecond: 4_000_000, times: 1 });
  const { child } = start(t, url, path, String(content.length));
  await until(() => sizeOf(path) > 1_000_000);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok(existsSync(`${path}.lock`));
  const left = statSync(path).size;
  assert.ok(left < content.length);
  await download([url], path, options);
  assert.ok(readFileSync(path).equals(content));
  assert.equal(mirror.requests[1]?.headers.range, `bytes=${left}-`);
  assert.equal(mirror.requests[1]?.status, 206);
});

test('killed at any moment, again and again, it gets there', async (t) => {
  const { url, path } = await setUp(t, { bytesPerSecond: 30_000_000 });
  for (let round = 0; round < 5; round++) {
    const before = sizeOf(path);
    const { child, said } = start(t, url, path, String(content.length));
    await until(() => child.exitCode !== null || sizeOf(path) > before);
    child.kill('SIGKILL');
    await said;
  }
  await download([url], path, options);
  assert.ok(readFileSync(path).equals(content));
});

test('processes that want the same file at once come one after the other', async (t) => {
  const { mirror, url, path } = await setUp(t, { bytesPerSecond: 20_000_000 });
  const targets = [1, 2, 3].map((n) => `${path}.moved-${n}`);
  const children = targets.map((target) => start(t, url, path, String(content.length), target, '50'));
  for (const { said } of children) assert.equal(await said, 'done\n');
  for (const target of targets) assert.ok(readFileSync(target).equals(content));
  assert.equal(mirror.requests.length, 3);
  assert.deepEqual(readdirSync(join(path, '..')).sort(), ['p.moved-1', 'p.moved-2', 'p.moved-3']);
});

test('nobody takes a finished file from the one who checks it', async (t) => {
  const { url, path } = await setUp(t);
  const first = start(t, url, path, String(content.length), `${path}.first`, '400');
  await until(() => sizeOf(path) === content.length && !existsSync(`${path}.json`));
  const inode = statSync(path).ino;
  await download([url], path, options);
  assert.equal(await first.said, 'done\n');
  assert.equal(statSync(`${path}.first`).ino, inode);
  assert.notEqual(statSync(path).ino, inode);
});

test('two calls of one process come one after the other', async (t) => {
  const { mirror, url, path } = await setUp(t, { bytesPerSecond: 40_000_000 });
  await Promise.all([download([url], path, options), download([url], path, options)]);
  assert.ok(readFileSync(path).equals(content));
  assert.equal(mirror.requests.length, 1);
});

test('a waiting process can be cancelled, and says what it waits for', async (t) => {
  const { url, path } = await setUp(t, { bytesPerSecond: 1_000_000 });
  start(t, url, path, String(content.length));
  await until(() => sizeOf(path) > 0);
  const notes: string[] = [];
  const progress = { task: () => ({ advance() {}, done() {} }), note: (text: string) => notes.push(text) };
  const waiting = download([url], path, { ...options, signal: AbortSignal.timeout(1500), progress });
  await assert.rejects(waiting, (error) => isAppError(error, 'CANCELLED'));
  assert.deepEqual(notes, [`waiting for another process that downloads ${path}`]);
});
