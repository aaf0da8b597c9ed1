import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growth } from '../../bench/lib/curve.ts';
import { resultsWith } from '../../bench/lib/results.ts';

const row = (what: string) => ({ what, seconds: 1, cpuSeconds: 2, peakMiB: 3, target: '≤ 2 s', holds: true });

test('a recorded part takes the place of what there was under its title, and leaves the others', () => {
  const old =
    '# Results\n\nold words\n\n## First\n\nold stamp\n\n| old |\n\n## Second\n\nits stamp\n\n| kept |\n';
  const parts = [
    { title: 'First', rows: [row('a')], texts: [] },
    { title: 'Third', rows: [], texts: ['| made |'] },
  ];
  const text = resultsWith(parts, 'new stamp', old);
  const [head, ...sections] = text.split(/^(?=## )/m);
  assert.doesNotMatch(head ?? '', /old words/);
  assert.deepEqual(
    sections.map((section) => section.trimEnd().split('\n\n')),
    [
      [
        '## First',
        'new stamp',
        '| what | time | CPU | peak memory | target | holds |\n| --- | --- | --- | --- | --- | --- |\n| a | 1.000 s | 2.00 s | 3 MiB | ≤ 2 s | yes |',
      ],
      ['## Second', 'its stamp', '| kept |'],
      ['## Third', 'new stamp', '| made |'],
    ],
  );
  assert.equal(resultsWith(parts, 'new stamp', text), text);
});

const curve = (...seconds: readonly number[]) => ({
  what: '',
  points: seconds.map((cpuSeconds, at) => ({
    size: 10 ** at,
    run: { seconds: 0, peakMiB: 0, cpuSeconds },
  })),
});

test('growth is the exponent of each step, without those that start-up hides', () => {
  assert.equal(growth(curve(0.1, 1, 10)), '–, n^1.00');
  assert.equal(growth(curve(1, 10, 100)), 'n^1.00, n^1.00');
});

test('a curve that is worse than linear stands out', () => {
  assert.equal(growth(curve(1, 10, 1000)), '**n^1.00, n^2.00**');
});
