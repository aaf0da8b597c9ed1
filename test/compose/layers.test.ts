import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type LayerCandidate, planLayers } from '../../src/compose/layers.ts';
import { facts } from './entries.ts';

function candidate(name: string, dependents: number, sizeBytes = 100, base = false): LayerCandidate {
  return { installed: { facts: facts(name, [], { sizeBytes }), reason: 'dependency' }, dependents, base };
}

function show(
  candidates: readonly LayerCandidate[],
  more: Partial<Parameters<typeof planLayers>[0]> = {},
): string[] {
  return planLayers({ candidates, clashes: [], mode: 'package', maxLayers: 100, ...more }).map(
    (layer) =>
      `${layer.kind === 'bundle' ? 'bundle: ' : ''}${layer.packages.map(({ facts: { name } }) => name).join(' ')}`,
  );
}

describe('planLayers', () => {
  test('the most shared first, then by name', () => {
    assert.deepEqual(
      show([candidate('git', 3), candidate('zlib', 900), candidate('musl', 9000), candidate('curl', 3)]),
      ['musl', 'zlib', 'curl', 'git'],
    );
  });

  test('the order does not depend on what else is asked for or in which order', () => {
    const all = Array.from({ length: 30 }, (_, at) => candidate(`p${at}`, (at * 37) % 200));
    const whole = show(all);
    fc.assert(
      fc.property(fc.shuffledSubarray(all), (some) => {
        const names = new Set(some.map((one) => one.installed.facts.name));
        assert.deepEqual(
          show(some),
          whole.filter((name) => names.has(name)),
        );
      }),
    );
  });

  test('one more dependent rarely moves a package', () => {
    assert.deepEqual(show([candidate('a', 40), candidate('b', 41)]), ['a', 'b']);
  });

  test('the loser of a clash lies below its winner; in a circle the fewest bytes are given up', () => {
    const [a, b, c] = [candidate('a', 5), candidate('b', 5), candidate('c', 5)] as const;
    const clash = (winner: LayerCandidate, loser: LayerCandidate, sizeBytes = 1) => ({
      path: 'x',
      winner: winner.installed,
      loser: loser.installed,
      sizeBytes,
    });
    assert.deepEqual(show([a, b], { clashes: [clash(a, b)] }), ['b', 'a']);
    assert.deepEqual(show([a, b], { clashes: [clash(a, b, 7), clash(b, a, 8)] }), ['a', 'b']);
    assert.deepEqual(show([a, b], { clashes: [clash(a, b, 9), clash(b, a, 8)] }), ['b', 'a']);
    // Sums count: two files of 5 bytes are more than one of 8.
    assert.deepEqual(show([a, b], { clashes: [clash(a, b, 5), clash(b, a, 8), clash(a, b, 5)] }), ['b', 'a']);
    const circle = [clash(a, b, 3), clash(b, c, 2), clash(c, a, 1)];
    assert.deepEqual(show([a, b, c], { clashes: circle }), ['c', 'b', 'a']);
  });

  test('a bundle on top never hides the file of a package that won against one inside it', () => {
    const [base, popular, small, other] = [
      candidate('base', 9000),
      candidate('popular', 5000),
      candidate('small', 0, 1),
      candidate('other', 0, 2),
    ] as const;
    const clashes = [{ path: 'x', winner: popular.installed, loser: small.installed, sizeBytes: 100_000 }];
    const planned = show([base, popular, small, other], { clashes, maxLayers: 3 });
    assert.deepEqual(planned, ['base', 'bundle: small popular other']);
  });

  test('the cap counts the install layer; the least shared and smallest are bundled on top', () => {
    const all = [
      candidate('musl', 9000),
      candidate('big', 0, 900),
      candidate('small', 0, 1),
      candidate('tiny', 0, 2),
    ];
    assert.deepEqual(show(all, { maxLayers: 5 }), ['musl', 'big', 'small', 'tiny']);
    assert.deepEqual(show(all, { maxLayers: 4 }), ['musl', 'big', 'bundle: small tiny']);
    assert.deepEqual(show(all, { maxLayers: 2 }), ['bundle: musl big small tiny']);
    for (let maxLayers = 1; maxLayers < 8; maxLayers++) {
      assert.ok(show(all, { maxLayers }).length <= maxLayers - 1);
    }
  });

  test('a large package that nothing needs stays alone; small ones that many need are bundled first', () => {
    const all = [
      candidate('git', 0, 6_000_000),
      candidate('layout', 900, 5_000),
      candidate('libz', 50, 60_000),
    ];
    assert.deepEqual(show([...all, candidate('keys', 0, 40_000)], { maxLayers: 4 }), [
      'libz',
      'git',
      'bundle: layout keys',
    ]);
  });

  test('what just fits stays alone; the bundle takes a layer of its own', () => {
    const all = ['a', 'b', 'c', 'd'].map((name, at) => candidate(name, 0, 10 ** at));
    assert.deepEqual(show(all, { maxLayers: 5 }), ['a', 'b', 'c', 'd']);
    assert.deepEqual(show(all, { maxLayers: 4 }), ['c', 'd', 'bundle: a b']);
    assert.deepEqual(show(all, { maxLayers: 3 }), ['d', 'bundle: a b c']);
  });

  test('bundle is one blob, single is none but the generated layer', () => {
    const all = [candidate('a', 1), candidate('b', 9)];
    assert.deepEqual(show(all, { mode: 'bundle' }), ['bundle: b a']);
    assert.deepEqual(show(all, { mode: 'single' }), []);
  });

  describe('auto', () => {
    const MB = 1024 * 1024;
    const base = [
      candidate('musl', 9000, MB / 2, true),
      candidate('ssl', 40, 2 * MB, true),
      candidate('zlib', 900, MB / 10, true),
      candidate('layout', 0, 10, true),
    ];
    const planned = (more: readonly LayerCandidate[], maxLayers = 100) =>
      show([...more, ...base], { mode: 'auto', maxLayers });

    test('large packages, and popular ones of a quarter of that, are alone; the small ones are two bundles', () => {
      assert.deepEqual(
        planned([
          candidate('gcc', 9, 50 * MB),
          candidate('pcre', 63, MB / 4),
          candidate('mpc', 62, MB / 4),
          candidate('jq', 0, 20),
        ]),
        ['bundle: zlib layout', 'musl', 'pcre', 'ssl', 'gcc', 'bundle: mpc jq'],
      );
    });

    test('the bundle of the base is the same whatever is asked for', () => {
      const others = Array.from({ length: 30 }, (_, at) =>
        candidate(`p${at}`, (at * 37) % 200, at * 100_000),
      );
      fc.assert(
        fc.property(fc.shuffledSubarray(others), (some) => {
          assert.equal(planned(some)[0], 'bundle: zlib layout');
        }),
      );
    });

    test('what just fits beside the bundles stays alone', () => {
      const large = ['x', 'y', 'z'].map((name, at) => candidate(name, 0, (2 + at) * MB));
      const asked = [...large, candidate('jq', 0, 20)];
      const alone = ['musl', 'ssl', 'x', 'y', 'z'];
      assert.deepEqual(planned(asked, 8), ['bundle: zlib layout', ...alone, 'jq']);
      assert.deepEqual(planned(asked, 7), ['bundle: zlib layout', 'musl', 'ssl', 'y', 'z', 'bundle: jq x']);
      assert.deepEqual(planned(large, 7), ['bundle: zlib layout', ...alone]);
      assert.deepEqual(planned(large, 6), ['bundle: zlib layout', 'musl', 'ssl', 'z', 'bundle: x y']);
    });

    test('a bundle of one is that package', () => {
      assert.deepEqual(planned([candidate('jq', 0, 20)]).slice(-1), ['jq']);
      assert.deepEqual(show([candidate('jq', 0, 20)], { mode: 'auto' }), ['jq']);
    });

    test('packages that clash are in one bundle, or alone', () => {
      const [small, large] = [candidate('small', 0, 20), candidate('large', 0, 2 * MB)];
      const [, , zlib] = base as [LayerCandidate, LayerCandidate, LayerCandidate, LayerCandidate];
      const clash = (winner: LayerCandidate, loser: LayerCandidate) => ({
        path: 'x',
        winner: winner.installed,
        loser: loser.installed,
        sizeBytes: 1,
      });
      const all = [small, large, candidate('other', 0, 30), ...base];
      assert.deepEqual(show(all, { mode: 'auto', clashes: [clash(large, small)] }), [
        'bundle: zlib layout',
        'musl',
        'ssl',
        'small',
        'large',
        'other',
      ]);
      assert.deepEqual(show(all, { mode: 'auto', clashes: [clash(small, zlib)] }), [
        'layout',
        'musl',
        'ssl',
        'large',
        'bundle: zlib other small',
      ]);
    });

    test('never more than there is room for, and nothing is lost', () => {
      const all = Array.from({ length: 12 }, (_, at) => candidate(`p${at}`, at, (at % 3) * MB, at % 4 === 0));
      const names = (lines: readonly string[]) =>
        lines.flatMap((line) => line.replace('bundle: ', '').split(' ')).sort();
      for (let maxLayers = 1; maxLayers < 15; maxLayers++) {
        const lines = show(all, { mode: 'auto', maxLayers });
        assert.ok(lines.length <= maxLayers - 1, `${maxLayers}: ${lines}`);
        if (maxLayers > 1) assert.deepEqual(names(lines), names(show(all)));
      }
    });
  });
});
