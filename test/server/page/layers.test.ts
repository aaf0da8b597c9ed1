import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plannedLayers } from '../../../src/server/page/layers.ts';
import { PLAN } from '../../cli/fake-app.ts';

test('layers that other images have are told with the names that the visitor may see', () => {
  const [musl] = PLAN.packages;
  const known = {
    imagesWith: (asked: string) => (asked === musl?.digest ? ['secret/app', 'alpine/git'] : []),
  };
  const layers = plannedLayers(PLAN, known, (name) => name !== 'secret/app');
  assert.deepEqual(
    layers.map(({ label, packages, sharedWith }) => [label, packages, sharedWith]),
    [
      ['musl', ['musl-1.2.4-r2'], ['alpine/git']],
      ['gcc', ['gcc-13.2.1-r0'], []],
    ],
  );
});
