import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pull } from '../../src/app/images/pull.ts';
import { pushContents } from '../../src/app/images/push-contents.ts';
import { isAppError } from '../../src/model/app-error.ts';
import { digestOf } from '../../src/model/digest.ts';
import { silentProgress } from '../../src/model/progress.ts';
import { parseReference } from '../../src/model/reference.ts';
import type { PushReport } from '../../src/model/registry.ts';
import type { Image } from '../../src/output/image.ts';
import { contentsOf } from '../../src/output/image-content.ts';
import { contents } from '../app/harness.ts';
import { ACCESS, imageOf, inCache } from '../app/images/registry-images.ts';
import { seededRandom } from '../fake/body-stages.ts';
import type { ProxyFault } from '../fake/fault-exchange.ts';
import { type FaultProxy, type ProxyRule, startFaultProxy } from '../fake/fault-proxy.ts';
import { startRegistry, type TestRegistry } from '../fixtures/registries.ts';
import { tempDir } from '../fixtures/temp.ts';
import { verifyImage } from '../output/verify-image.ts';
import { quickSession } from '../registry/harness.ts';

interface TestHooks {
  after(fn: () => void | Promise<void>): void;
  diagnostic(message: string): void;
}

const SKIP = 'skipped: docker-registry is not here';
const SEEDS = 12;
const LAYER_BYTES = 60_000;
/** Fewer than the tries that a session has by default */
const FAULTS_A_RULE = 3;

const at = (random: () => number): number => Math.floor(random() * LAYER_BYTES);

/** What a line, a proxy or a registry does that another try gets past. */
const PASSING: readonly ((random: () => number) => ProxyFault)[] = [
  (random) => ({ cutRequestAfterBytes: at(random) }),
  (random) => ({ cutReplyAfterBytes: at(random) % 300 }),
  () => ({ losesReply: true }),
  () => ({ status: 500 }),
  () => ({ status: 503, replyHeaders: { 'Retry-After': '0' } }),
  () => ({ status: 429, replyHeaders: { 'Retry-After': '0' } }),
  () => ({ status: 502, afterServer: true }),
  (random) => ({ delayMs: random() * 50 }),
];

/** What makes other bytes of it. */
const CORRUPTING: readonly ((random: () => number) => ProxyFault)[] = [
  (random) => ({ corruptRequestByte: at(random) }),
  (random) => ({ corruptReplyByte: at(random) % 500 }),
  (random) => ({ truncateReplyTo: at(random) % 500 }),
  (random) => ({ truncateReplyTo: at(random), contentLength: 'original' }),
  () => ({ status: 404 }),
  () => ({ status: 200, body: '{}' }),
  () => ({ status: 401 }),
];

function rulesOf(seed: number, makers: typeof PASSING): readonly ProxyRule[] {
  const random = seededRandom(seed);
  return Array.from({ length: 2 }, () => {
    const make = makers[Math.floor(random() * makers.length)]!;
    return { probability: 0.3, times: FAULTS_A_RULE, fault: make(random) };
  });
}

interface Lab {
  readonly registry: TestRegistry;
  readonly proxy: FaultProxy;
  readonly image: Image;
  push(repository: string): Promise<PushReport>;
}

async function labOf(t: TestHooks, seed: number, registry: TestRegistry): Promise<Lab> {
  const proxy = await startFaultProxy(registry.url, { seed });
  t.after(() => proxy.close());
  const image = imageOf(t, ['a', 'b', 'c', 'd'], { layerBytes: LAYER_BYTES });
  const push: Lab['push'] = (repository) =>
    pushContents(quickSession(t, { timeoutMs: 5_000 }), {
      contents: contentsOf(image),
      to: parseReference(`${proxy.host}/${repository}:1`),
      progress: silentProgress,
      mountFrom: () => undefined,
    });
  return { registry, proxy, image, push };
}

/** Past the proxy: whether the tag is there, and that all it names has the right bytes. */
async function isRightlyThere({ registry, image }: Lab, repository: string): Promise<boolean> {
  const get = (path: string) =>
    fetch(`${registry.url}/v2/${repository}/${path}`, {
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    });
  const manifest = await get('manifests/1');
  if (manifest.status === 404) return false;
  assert.deepEqual(Buffer.from(await manifest.arrayBuffer()), Buffer.from(image.manifest));
  for (const { digest } of [...image.layers, image.config]) {
    assert.equal(digestOf(Buffer.from(await (await get(`blobs/${digest}`)).arrayBuffer())), digest);
  }
  return true;
}

/** What became of it; anything but an AppError is a bug. */
async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    if (isAppError(error)) return error.code;
    throw error;
  }
}

test('whatever passes by, a push gets there', async (t) => {
  const registry = await startRegistry(t);
  if (registry === undefined) return t.skip(SKIP);
  for (let seed = 1; seed <= SEEDS; seed++) {
    const lab = await labOf(t, seed, registry);
    lab.proxy.rules.push(...rulesOf(seed, PASSING));
    const outcome = await outcomeOf(lab.push(`pass/${seed}`));
    assert.equal(outcome, 'done', `seed ${seed}: ${JSON.stringify(rulesOf(seed, PASSING))}`);
    assert.ok(await isRightlyThere(lab, `pass/${seed}`));
  }
});

test('whatever else happens, nothing wrong is stored as right, and the next push gets there', async (t) => {
  const registry = await startRegistry(t);
  if (registry === undefined) return t.skip(SKIP);
  const outcomes: string[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const lab = await labOf(t, seed, registry);
    lab.proxy.rules.push(...rulesOf(seed, [...CORRUPTING, ...PASSING]));
    const outcome = await outcomeOf(lab.push(`any/${seed}`));
    outcomes.push(outcome);
    const there = await isRightlyThere(lab, `any/${seed}`);
    if (outcome === 'done') assert.ok(there, `seed ${seed}`);
    lab.proxy.rules.length = 0;
    await lab.push(`any/${seed}`);
    assert.ok(await isRightlyThere(lab, `any/${seed}`), `seed ${seed}`);
  }
  t.diagnostic(`outcomes: ${outcomes.join(' ')}`);
});

test('a pull gets the right bytes or says why not, and leaves nothing half-written', async (t) => {
  const registry = await startRegistry(t);
  if (registry === undefined) return t.skip(SKIP);
  const outcomes: string[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const lab = await labOf(t, seed, registry);
    await lab.push(`pull/${seed}`);
    lab.proxy.rules.push(...rulesOf(seed, [...CORRUPTING, ...PASSING]));
    const cache = tempDir(t);
    const path = join(cache, 'out.tar');
    const pulling = () =>
      inCache(cache, (context) =>
        pull(context, {
          image: `${lab.proxy.host}/pull/${seed}:1`,
          platform: '',
          output: { path, format: 'tar' },
          access: ACCESS,
        }),
      );
    const outcome = await outcomeOf(pulling());
    outcomes.push(outcome);
    const { blobs, ingest } = contents(cache);
    assert.deepEqual(ingest, [], `seed ${seed}`);
    const known = [...lab.image.layers, lab.image.config].map(({ digest }) => digest.slice('sha256:'.length));
    assert.ok(blobs.every((name) => known.includes(name)));
    assert.equal(existsSync(path), outcome === 'done', `seed ${seed}`);
    lab.proxy.rules.length = 0;
    await pulling();
    assert.equal((await verifyImage(path)).manifestDigest, lab.image.manifestDigest);
  }
  t.diagnostic(`outcomes: ${outcomes.join(' ')}`);
});

test('a push that was interrupted is continued by the next: what had come is not sent again', async (t) => {
  const registry = await startRegistry(t);
  if (registry === undefined) return t.skip(SKIP);
  const lab = await labOf(t, 1, registry);
  lab.proxy.rules.push({ method: 'PUT', path: /\/manifests\//, fault: { status: 403 } });
  assert.equal(await outcomeOf(lab.push('cut/off')), 'AUTH');
  assert.equal(await isRightlyThere(lab, 'cut/off'), false);
  lab.proxy.rules.length = 0;
  const report = await lab.push('cut/off');
  assert.deepEqual([report.present.blobs, report.uploaded.blobs, report.sentBytes], [5, 0, 0]);
});
