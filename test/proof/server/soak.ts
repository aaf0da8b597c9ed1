import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheGc } from '../../../src/app/cache/cache.ts';
import { use } from '../../app/harness.ts';
import { verify } from '../../app/process/survival-setting.ts';
import { seededRandom } from '../../fake/body-stages.ts';
import { type ProxyRule, startFaultProxy } from '../../fake/fault-proxy.ts';
import { tempDir } from '../../fixtures/temp.ts';
import {
  descriptorsOf,
  type Held,
  type Served,
  serve,
  sourceWords,
  startUpstream,
  type TestHooks,
} from './served.ts';
import { doSomething, expectStored, type Known } from './soak-client.ts';

export interface SoakOptions {
  readonly seconds: number;
  readonly clients: number;
  readonly seed: number;
}

export interface SoakReport {
  readonly done: ReadonlyMap<string, number>;
  /** After each phase, when nobody has asked for anything for a while; the first is that of the warm-up */
  readonly held: readonly Held[];
  readonly descriptors: readonly string[];
  readonly stored: number;
}

const PACKAGES = 120;
const PHASES = 4;
const QUIET_MS = 3_000;
const GC_INTERVAL_MS = 2_000;
const UPSTREAM_FAULT_MS = 500;

/** What happens to one request in five. */
const FAULTS: readonly ProxyRule[] = [
  { probability: 0.06, fault: { delayMs: 150 } },
  { probability: 0.03, fault: { losesReply: true } },
  { probability: 0.03, fault: { cutReplyAfterBytes: 0 } },
  { probability: 0.03, fault: { cutReplyAfterBytes: 700 } },
  { probability: 0.02, fault: { cutReplyAfterBytes: 30_000 } },
  { probability: 0.02, method: ['POST', 'PUT', 'PATCH'], fault: { cutRequestAfterBytes: 0 } },
  { probability: 0.03, method: ['POST', 'PUT', 'PATCH'], fault: { cutRequestAfterBytes: 500 } },
  { probability: 0.02, fault: { bytesPerSecond: 200_000 } },
];

/**
 * Lets clients do what clients do, through a proxy that cuts, delays and loses, before a server whose cache is emptied meanwhile.
 * @throws Error for a wrong byte, a lost image, an answer that should not be, or a server that does not end
 */
export async function soak(t: TestHooks, { seconds, clients, seed }: SoakOptions): Promise<SoakReport> {
  const folder = tempDir(t);
  const cache = join(folder, 'cache');
  const upstream = await startUpstream(t, folder, PACKAGES);
  const known: Known = { upstream, composed: new Map(), stored: [], done: new Map(), openUploads: 0 };
  const server = await serve(t, { folder, cache, words: sourceWords(upstream) });
  const held: Held[] = [];
  for (let phase = 0; phase < PHASES; phase++) {
    await runPhase(server, { known, cache, clients, seed: seed + phase, ms: (seconds * 1000) / PHASES });
    await sleep(QUIET_MS);
    held.push(server.held());
  }
  const uploads = readdirSync(join(cache, 'partial')).length;
  assert.ok(uploads <= known.openUploads + LEFT_PER_LEAVER, `${uploads} uploads, ${known.openUploads} open`);
  const descriptors = descriptorsOf(server.process.pid);
  await server.end();
  assert.doesNotMatch(server.process.log(), /\n\s+at |unhandled|UNKNOWN/i);
  const verified = await verify(cache);
  assert.deepEqual([verified.damaged, verified.missing], [[], []]);
  const again = await serve(t, { folder, cache, words: sourceWords(upstream) });
  for (const image of known.stored) await expectStored(again.url, image);
  await again.end();
  return { done: known.done, held, descriptors, stored: known.stored.length };
}

/** What has not been noticed to be left yet. */
const LEFT_PER_LEAVER = 5;

interface Phase {
  readonly known: Known;
  readonly cache: string;
  readonly clients: number;
  readonly seed: number;
  readonly ms: number;
}

async function runPhase({ url, process }: Served, { known, cache, clients, seed, ms }: Phase): Promise<void> {
  const proxy = await startFaultProxy(url, { rules: FAULTS, seed });
  const { faults } = known.upstream.mirror;
  const end = Date.now() + ms;
  let failed: unknown;
  const isOver = (): boolean => failed !== undefined || Date.now() > end;
  const until = async (work: () => Promise<void>, pauseMs = 0): Promise<void> => {
    while (!isOver()) {
      await work().catch((error: unknown) => {
        failed ??= error;
      });
      if (pauseMs > 0) await sleep(pauseMs);
    }
  };
  const work = Array.from({ length: clients }, (_, id) => {
    const client = { id, known, base: proxy.url, random: seededRandom(seed * 1000 + id) };
    return until(() => doSomething(client));
  });
  // Composed images lose their blobs, and what was pushed keeps them.
  const collect = async (): Promise<void> =>
    void (await use({ cache }, (context) => cacheGc(context, { maxSizeBytes: 0 })));
  const disturb = async (): Promise<void> => {
    faults.set('*', { cutAfterBytes: 20_000, times: 1 });
    proxy.requests.length = 0;
  };
  await Promise.all([...work, until(collect, GC_INTERVAL_MS), until(disturb, UPSTREAM_FAULT_MS)]);
  faults.clear();
  await proxy.close();
  if (failed !== undefined)
    throw new Error(`${(failed as Error).message}\nthe server: ${process.log().slice(-2000)}`, {
      cause: failed,
    });
}
