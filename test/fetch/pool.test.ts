import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { limited, mapConcurrent } from '../../src/fetch/pool.ts';

test('results are in order and at most `limit` run at once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 5 }),
      async (items, limit) => {
        let running = 0;
        let most = 0;
        const results = await mapConcurrent(
          new Set(items.map((turns, index) => ({ turns, index }))),
          limit,
          async (item) => {
            most = Math.max(most, ++running);
            for (let turn = 0; turn < item.turns; turn++) await nextTurn();
            running--;
            return item.index;
          },
        );
        assert.deepEqual(
          results,
          items.map((_, index) => index),
        );
        assert.equal(most, Math.min(limit, items.length));
      },
    ),
    { numRuns: 50 },
  );
});

test('the first error stops further starts and waits for those under way', async () => {
  const started: number[] = [];
  const ended: number[] = [];
  const work = mapConcurrent([0, 1, 2, 3, 4], 2, async (n) => {
    started.push(n);
    if (n === 0) throw new Error('first');
    await sleep(10);
    ended.push(n);
  });
  await assert.rejects(work, /first/);
  assert.deepEqual(started, [0, 1]);
  assert.deepEqual(ended, [1]);
});

test('an iterator that throws is an error like any other', async () => {
  function* items() {
    yield 1;
    throw new Error('no more');
  }
  await assert.rejects(
    mapConcurrent(items(), 3, async (n) => n),
    /no more/,
  );
});

test('limited work starts in the order of the calls, at most `limit` at once, whatever fails', async () => {
  const inTurn = limited(2);
  const started: number[] = [];
  let running = 0;
  let most = 0;
  const outcomes = await Promise.allSettled(
    [3, 1, 2, 1, 1].map((turns, index) =>
      inTurn(async () => {
        started.push(index);
        most = Math.max(most, ++running);
        for (let turn = 0; turn < turns; turn++) await nextTurn();
        running--;
        if (index === 1) throw new Error('failed');
        return index;
      }),
    ),
  );
  assert.deepEqual(started, [0, 1, 2, 3, 4]);
  assert.equal(most, 2);
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : 'failed')),
    [0, 'failed', 2, 3, 4],
  );
});
