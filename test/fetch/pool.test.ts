import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { mapConcurrent } from '../../src/fetch/pool.ts';

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
