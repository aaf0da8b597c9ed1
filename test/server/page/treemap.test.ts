import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { treemap } from '../../../src/server/page/treemap.ts';

const AREA = { width: 1000, height: 320 };

test('areas are as large as their values, lie within the whole, and do not overlap', () => {
  const values = fc.array(fc.integer({ min: 1, max: 1e9 }), { minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(values, (unsorted) => {
      const sorted = unsorted.toSorted((a, b) => b - a);
      const total = sorted.reduce((sum, value) => sum + value, 0);
      const areas = treemap(sorted, AREA);
      assert.equal(areas.length, sorted.length);
      for (const [index, { x, y, width, height }] of areas.entries()) {
        const expected = (sorted[index]! / total) * AREA.width * AREA.height;
        assert.ok(
          Math.abs(width * height - expected) < 1e-3 + expected * 1e-6,
          `${width * height} ${expected}`,
        );
        assert.ok(
          x >= -1e-3 && y >= -1e-3 && x + width <= AREA.width + 1e-3 && y + height <= AREA.height + 1e-3,
        );
      }
      const overlap = (a: number, b: number) => {
        const [first, second] = [areas[a]!, areas[b]!];
        const wide = Math.min(first.x + first.width, second.x + second.width) - Math.max(first.x, second.x);
        const high = Math.min(first.y + first.height, second.y + second.height) - Math.max(first.y, second.y);
        return Math.min(wide, high);
      };
      for (let a = 0; a < areas.length; a++)
        for (let b = a + 1; b < areas.length; b++) assert.ok(overlap(a, b) < 1e-3);
    }),
    { numRuns: 50 },
  );
});

test('nothing has no areas', () => {
  assert.deepEqual(treemap([], AREA), []);
});
