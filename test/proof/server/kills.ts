import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheGc } from '../../../src/app/cache/cache.ts';
import { start, use } from '../../app/harness.ts';
import { assertWhole, verify } from '../../app/process/survival-setting.ts';
import { seededRandom } from '../../fake/body-stages.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { askOnce } from './client.ts';
import { type Served, serve, sourceWords, startUpstream, type TestHooks, type Upstream } from './served.ts';
import { doSomething, expectStored, type Known } from './soak-client.ts';

const PACKAGES = 60;
const CLIENTS = 6;
/** Downloads take 20 to 500 ms, so that most kills hit some. */
const BYTES_PER_SECOND = 2_000_000;
const LONGEST_LIFE_MS = 900;
const GC_PAUSE_MS = 300;

export interface Kills {
  readonly rounds: number;
  /** Servers on one cache, of which one is killed in each round */
  readonly servers: number;
  readonly seed: number;
}

/**
 * Kills servers with SIGKILL while they compose, fetch, serve their mirror and take pushes; beside them, commands compose and collect
 * garbage on the same cache, and are killed too. Then all that was acknowledged is there, and nothing is damaged.
 * @throws Error for what is lost, damaged or wrong
 */
export async function killWhileServing(
  t: TestHooks,
  { rounds, servers: count, seed }: Kills,
): Promise<Known> {
  const folder = tempDir(t);
  const cache = join(folder, 'cache');
  const upstream = await startUpstream(t, folder, PACKAGES);
  upstream.mirror.faults.set('*', { bytesPerSecond: BYTES_PER_SECOND });
  const known: Known = { upstream, composed: new Map(), stored: [], done: new Map(), openUploads: 0 };
  const random = seededRandom(seed);
  const startServer = (): Promise<Served> => serve(t, { folder, cache, words: sourceWords(upstream) });
  const servers = await Promise.all(Array.from({ length: count }, startServer));
  for (let round = 0; round < rounds; round++) {
    const work = { over: false };
    t.after(() => {
      work.over = true;
    });
    const victim = Math.floor(random() * servers.length);
    const killed = Promise.withResolvers<void>();
    const clients = Array.from({ length: CLIENTS }, async (_, id) => {
      const server = servers[id % servers.length] as Served;
      const using = { id, known, random: seededRandom(seed + round * 100 + id) };
      const used = useUntilKilled(work, server, using);
      // Clients try again for long, which would be in vain.
      await (server === servers[victim] ? Promise.race([used, killed.promise]) : used);
    });
    const commands = [collect(work, cache, round % 3 === 0)];
    if (round % 2 === 0) commands.push(composeBeside({ upstream, cache, random }));
    await Promise.race([untilSomethingIsDone(work, known), Promise.all(clients)]);
    await sleep(random() * LONGEST_LIFE_MS);
    servers[victim]?.kill();
    work.over = true;
    killed.resolve();
    await Promise.all([...clients, ...commands]);
    assertWhole(cache);
    servers[victim] = await startServer();
  }
  upstream.mirror.faults.clear();
  for (const server of servers) {
    for (const image of known.stored) await expectStored(server.url, image);
    await composeAll(server, known);
    await server.end();
  }
  const verified = await verify(cache);
  assert.deepEqual([verified.damaged, verified.missing], [[], []]);
  return known;
}

/** Otherwise most kills would hit the start. */
async function untilSomethingIsDone(work: { readonly over: boolean }, known: Known): Promise<void> {
  const count = (): number => known.stored.length + (known.done.get('composed') ?? 0);
  const before = count();
  while (count() === before && !work.over) await sleep(5);
}

type Using = Pick<Parameters<typeof doSomething>[0], 'id' | 'known' | 'random'>;

/** The server may go away in the middle of anything; what it says before has to be right. */
async function useUntilKilled(work: { over: boolean }, server: Served, using: Using): Promise<void> {
  while (!work.over) {
    try {
      await doSomething({ ...using, base: server.url });
    } catch (error) {
      const isGone = (await askOnce(server.url, 'GET', '/healthz', { leavesAfterMs: 2_000 })) === undefined;
      if (!isGone) throw error;
      return;
    }
  }
}

interface Beside {
  readonly upstream: Upstream;
  readonly cache: string;
  readonly random: () => number;
}

/** Half of the commands that compose on the same cache are killed too. */
async function composeBeside({ upstream, cache, random }: Beside): Promise<void> {
  const name = upstream.names[Math.floor(random() * upstream.names.length)] ?? '';
  const words = [
    name,
    '--base',
    'none',
    ...sourceWords(upstream),
    '--cache',
    cache,
    '-o',
    join(cache, '../out.tar'),
  ];
  const { child, ended } = start(words);
  const isVictim = random() < 0.5;
  if (isVictim) {
    await sleep(200 + random() * LONGEST_LIFE_MS);
    child.kill('SIGKILL');
  }
  const { code, stderr } = await ended;
  if (!isVictim) assert.equal(code, 0, stderr);
}

/** @param dies whether a process that collects is killed after the others */
async function collect(work: { readonly over: boolean }, cache: string, dies: boolean): Promise<void> {
  while (!work.over) {
    await use({ cache }, (context) => cacheGc(context, { maxSizeBytes: 0 }));
    await sleep(GC_PAUSE_MS);
  }
  if (!dies) return;
  const { child, ended } = start(['cache', 'gc', '--max-size', '0', '--cache', cache]);
  await sleep(400);
  child.kill('SIGKILL');
  await ended;
}

/** All names that were composed once have the same digests, and their packages can be read from the mirror. */
async function composeAll({ url }: Served, { composed, upstream }: Known): Promise<void> {
  for (const [name, digest] of composed) {
    const answer = await askOnce(url, 'HEAD', `/v2/${name}/manifests/latest`);
    assert.equal(answer?.headers.get('docker-content-digest'), digest, name);
  }
  for (const name of upstream.names) {
    const path = `v3.19/main/x86_64/${name}-1.0-r0.apk`;
    const answer = await askOnce(url, 'GET', `/mirror/alpine/${path}`);
    assert.ok(answer?.body.equals(readFileSync(join(upstream.folder, path))), path);
  }
}
