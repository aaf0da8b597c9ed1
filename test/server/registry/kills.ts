import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheGc, cacheVerify } from '../../../src/app/cache/cache.ts';
import { MEDIA_TYPES } from '../../../src/model/media-types.ts';
import { environment, start, use } from '../../app/harness.ts';
import { startBoundProcess } from '../../fixtures/bound-process.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { descriptorOf, digestOf } from './harness.ts';

const COMPOSE = resolve(import.meta.dirname, '../../../src/main.ts');
const START_MS = 60_000;
const PUSHERS = 4;
const LAYER_BYTES = 200_000;

interface TestHooks {
  after(fn: () => void | Promise<void>): void;
}

interface Server {
  readonly url: string;
  kill(): void;
}

/** An image whose push was acknowledged. */
interface Acknowledged {
  readonly tag: string;
  readonly manifest: string;
  readonly layer: string;
}

/**
 * Kills a server with SIGKILL during pushes and garbage collection, and every other time a collector too, that many times. Nothing
 * that was acknowledged may be lost, and nothing damaged or missing be left. Returns the number of images that were acknowledged.
 */
export async function killDuringPushes(t: TestHooks, rounds: number): Promise<number> {
  const folder = tempDir(t);
  const cache = join(folder, 'cache');
  const acknowledged: Acknowledged[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = acknowledged.length;
    const server = await startServer(folder, cache, round);
    const work = { over: false };
    t.after(() => {
      work.over = true;
    });
    const pushers = Array.from({ length: PUSHERS }, (_, pusher) =>
      pushUntil(work, server.url, `r${round}-${pusher}`, acknowledged),
    );
    const collecting = collectUntil(work, cache, round);
    const working = Promise.all([...pushers, collecting]);
    const first = untilTrue(() => acknowledged.length > before);
    await Promise.race([first, working]);
    await sleep((round * 37) % 300);
    server.kill();
    work.over = true;
    await working;
  }
  const server = await startServer(folder, cache, rounds);
  for (const image of acknowledged) await assertPullable(server.url, image);
  server.kill();
  const verified = await use({ cache }, (context) => cacheVerify(context, { repair: false }));
  assert.deepEqual([verified.damaged, verified.missing], [[], []]);
  return acknowledged.length;
}

async function untilTrue(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(5);
}

async function startServer(folder: string, cache: string, round: number): Promise<Server> {
  const server = startBoundProcess(
    process.execPath,
    [COMPOSE, 'serve', '--listen', '127.0.0.1:0', '--cache', cache],
    { logPath: join(folder, `log-${round}`), env: environment() },
  );
  const [, url = ''] = await server.printed(/serving on (http:\/\/\S+)/, START_MS);
  return { url, kill: () => process.kill(server.pid, 'SIGKILL') };
}

async function pushUntil(
  work: { readonly over: boolean },
  url: string,
  name: string,
  acknowledged: Acknowledged[],
): Promise<void> {
  for (let image = 0; !work.over; image++) {
    try {
      acknowledged.push(await pushOne(url, `${name}-${image}`));
    } catch (error) {
      // The server was killed; anything else is an answer that it should not give.
      if (!(error instanceof TypeError) && !work.over) throw error;
      if (error instanceof TypeError) return;
    }
  }
}

/** Half of a layer comes in a chunk of its own, so that uploads are cut in all their states. */
async function pushOne(url: string, tag: string): Promise<Acknowledged> {
  const layer = randomBytes(LAYER_BYTES);
  const config = Buffer.from(JSON.stringify({ tag }));
  await pushBlob(url, config);
  await pushBlob(url, layer);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: descriptorOf(config, MEDIA_TYPES.config),
    layers: [descriptorOf(layer, MEDIA_TYPES.layerTar)],
  });
  const put = await fetch(`${url}/v2/app/manifests/${tag}`, {
    method: 'PUT',
    headers: { 'content-type': MEDIA_TYPES.manifest },
    body: manifest,
  });
  await expectStatus(put, 201);
  return { tag, manifest, layer: digestOf(layer) };
}

async function pushBlob(url: string, bytes: Buffer): Promise<void> {
  const half = bytes.length >> 1;
  const begun = await fetch(`${url}/v2/app/blobs/uploads/`, { method: 'POST' });
  await expectStatus(begun, 202);
  const location = new URL(begun.headers.get('location') ?? '', url);
  await expectStatus(await fetch(location, { method: 'PATCH', body: bytes.subarray(0, half) }), 202);
  location.searchParams.set('digest', digestOf(bytes));
  await expectStatus(await fetch(location, { method: 'PUT', body: bytes.subarray(half) }), 201);
}

async function expectStatus(response: Response, status: number): Promise<void> {
  assert.equal(response.status, status, await response.text());
}

/** Removes all that it may; the processes that do so are killed too. */
async function collectUntil(work: { readonly over: boolean }, cache: string, round: number): Promise<void> {
  if (round % 2 === 1) {
    const { child, ended } = start(['cache', 'gc', '--max-size', '0', '--cache', cache]);
    await sleep(300 + ((round * 53) % 300));
    child.kill('SIGKILL');
    await ended;
  }
  while (!work.over) {
    await use({ cache }, (context) => cacheGc(context, { maxSizeBytes: 0 }));
    await sleep(1);
  }
}

async function assertPullable(url: string, { tag, manifest, layer }: Acknowledged): Promise<void> {
  const pulled = await fetch(`${url}/v2/app/manifests/${tag}`);
  assert.equal(await pulled.text(), manifest, tag);
  const blob = await fetch(`${url}/v2/app/blobs/${layer}`);
  assert.equal(digestOf(Buffer.from(await blob.arrayBuffer())), layer, tag);
}
