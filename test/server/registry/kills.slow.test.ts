import { test } from 'node:test';
import { whyNoBoundProcess } from '../../fixtures/bound-process.ts';
import { killDuringPushes } from './kills.ts';

test('a server that is killed during pushes and gc, a hundred times, loses nothing that it acknowledged', async (t) => {
  const reason = whyNoBoundProcess();
  if (reason !== undefined) return t.skip(`skipped: ${reason}`);
  t.diagnostic(`${await killDuringPushes(t, 100)} images`);
});
