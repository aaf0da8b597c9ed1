import { test } from 'node:test';
import { whyNoBoundProcess } from '../../fixtures/bound-process.ts';
import { killDuringPushes } from './kills.ts';

test('a server that is killed during pushes and gc, five times, loses nothing that it acknowledged', async (t) => {
  const reason = whyNoBoundProcess();
  if (reason !== undefined) return t.skip(reason);
  t.diagnostic(`${await killDuringPushes(t, 5)} images`);
});
