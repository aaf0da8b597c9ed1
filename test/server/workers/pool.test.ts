import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ResourceLimits } from 'node:worker_threads';
import { AppError } from '../../../src/model/app-error.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import type { Asker } from '../../../src/server/content.ts';
import { HttpError } from '../../../src/server/http/http-error.ts';
import { FairQueue } from '../../../src/server/workers/fair-queue.ts';
import { JobThread } from '../../../src/server/workers/job-thread.ts';
import { openPool, POOL_LIMITS, type Pool, type PoolLimits } from '../../../src/server/workers/pool.ts';
import { environment, KEY, small, source } from '../../app/harness.ts';
import { startMirror } from '../../fake/mirror.ts';
import { writeAlpineMirror, writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';

function asker(address: string, signal = new AbortController().signal): Asker {
  return { address, identity: { name: '', may: () => true }, signal };
}

/** A pool whose jobs do what their request says (odd-thread.ts). */
function oddPool(t: TestContext, limits: Partial<PoolLimits> = {}): Pool {
  const main = new URL('./odd-thread.ts', import.meta.url);
  const pool = openPool({
    env: {},
    progress: silentProgress,
    limits: { ...POOL_LIMITS, short: { threads: 1, jobsPerThread: 1, timeoutMs: 10_000 }, ...limits },
    startThread: (lane) => new JobThread({ env: {}, cacheDirectory: undefined, lane }, () => {}, main),
  });
  t.after(() => pool.close());
  return pool;
}

const does = (what: string) => ({ source: source(), packages: [what], base: undefined });

test('an item that waits for several clients is served once, and clients in turn', () => {
  const queue = new FairQueue<string>();
  for (const item of ['a1', 'a2', 'a3']) queue.add('a', item);
  queue.add('b', 'b1');
  queue.add('b', 'a2');
  assert.equal(queue.countOf('a'), 3);
  const taken = [];
  for (let item = queue.take(); item !== undefined; item = queue.take()) taken.push(item);
  assert.deepEqual(taken, ['a1', 'b1', 'a2', 'a3']);
  assert.equal(queue.countOf('a'), 0);
});

test('a job in the catalog’s reach, one that has to fetch first, and the errors of both', async (t) => {
  const folder = tempDir(t);
  writeAlpineMirror(join(folder, 'mirror'), { packages: [small('tool')], key: KEY });
  const mirror = await startMirror(join(folder, 'mirror'));
  t.after(() => mirror.close());
  const keyring = writeApkKeyring(join(folder, 'keys'), [KEY]);
  const repositories = [`${mirror.url}/v3.19/main`];
  const pool = openPool({
    env: environment(),
    cacheDirectory: join(folder, 'cache'),
    progress: silentProgress,
  });
  t.after(() => pool.close());
  const plan = (name: string) =>
    pool.run(
      'plan',
      { source: source({ repositories, keyring }), packages: [name], base: 'none' },
      asker('a'),
    );
  const { packages } = await plan('tool');
  assert.deepEqual(
    packages.map(({ name }) => name),
    ['tool'],
  );
  const asked = mirror.requests.length;
  await assert.rejects(plan('took'), (error) => {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, 'UNKNOWN_PACKAGE');
    assert.equal(error.hint, 'Did you mean tool?');
    assert.ok(Array.isArray(error.details.problems));
    return true;
  });
  assert.equal(mirror.requests.length, asked);
});

test('equal requests are run once', async (t) => {
  const pool = oddPool(t);
  const both = [pool.run('plan', does('slow'), asker('a')), pool.run('plan', does('slow'), asker('b'))];
  assert.deepEqual(pool.load().short, { waiting: 0, running: 1 });
  assert.deepEqual(await Promise.all(both), ['slow', 'slow']);
});

test('one client’s many requests do not keep another one waiting', async (t) => {
  const pool = oddPool(t);
  const order: string[] = [];
  const run = async (client: string, what: string) =>
    order.push(String(await pool.run('plan', does(what), asker(client))));
  await Promise.all([run('a', 'slow1'), run('a', 'slow2'), run('a', 'slow3'), run('b', 'slow4')]);
  assert.deepEqual(order, ['slow1', 'slow2', 'slow4', 'slow3']);
});

test('too many waiting requests are refused, with the time to try again', async (t) => {
  const pool = oddPool(t, { maxWaitingPerClient: 1, maxWaiting: 2 });
  const running = ['slow1', 'slow2'].map((what) => pool.run('plan', does(what), asker('a')));
  const refusal = (status: number) => (error: unknown) => {
    assert.ok(error instanceof HttpError);
    assert.equal(error.status, status);
    assert.equal(error.headers['retry-after'], '5');
    return true;
  };
  await assert.rejects(pool.run('plan', does('slow3'), asker('a')), refusal(429));
  running.push(pool.run('plan', does('slow3'), asker('b')));
  await assert.rejects(pool.run('plan', does('slow4'), asker('c')), refusal(503));
  await Promise.all(running);
});

test('a job that nobody waits for any more is cancelled', async (t) => {
  const pool = oddPool(t);
  const leaving = [new AbortController(), new AbortController()] as const;
  const waiting = leaving.map(({ signal }) => pool.run('plan', does('wait'), asker('a', signal)));
  const queued = new AbortController();
  const later = pool.run('plan', does('slow'), asker('b', queued.signal));
  leaving[0].abort();
  queued.abort();
  await assert.rejects(waiting[0]!, { name: 'AbortError' });
  await assert.rejects(later, { name: 'AbortError' });
  assert.deepEqual(pool.load().short, { waiting: 0, running: 1 });
  leaving[1].abort();
  await assert.rejects(waiting[1]!, { name: 'AbortError' });
  // Its thread does not listen, and is replaced.
  assert.equal(await pool.run('plan', does('ok'), asker('a')), 'ok');
});

for (const what of ['exit', 'throw', 'spin'])
  test(`a thread that ends or hangs (${what}) fails its job and is replaced`, async (t) => {
    const pool = oddPool(t, { short: { threads: 1, jobsPerThread: 1, timeoutMs: 300 } });
    const after = assert.rejects(pool.run('plan', does(what), asker('a')), { status: 503 });
    const next = pool.run('plan', does('ok'), asker('b'));
    await after;
    assert.equal(await next, 'ok');
  });

test('the heap of a thread is limited, so that it is kept small and its end is not the server’s', async (t) => {
  const limits: unknown = await oddPool(t).run('plan', does('limits'), asker('a'));
  const { maxYoungGenerationSizeMb, maxOldGenerationSizeMb } = limits as ResourceLimits;
  assert.deepEqual([maxYoungGenerationSizeMb, maxOldGenerationSizeMb], [16, 2_000]);
});

test('a pool that is closed rejects what waits and what comes', async (t) => {
  const pool = oddPool(t);
  const ending = { status: 503, message: 'the server is ending' };
  const waiting = ['wait', 'ok'].map((what) =>
    assert.rejects(pool.run('plan', does(what), asker('a')), ending),
  );
  await pool.close();
  await Promise.all(waiting);
  await assert.rejects(pool.run('plan', does('ok'), asker('a')), ending);
});
