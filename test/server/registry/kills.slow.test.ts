import { test } from 'node:test';
import { whyNoBoundProcess } from '../../fixtures/bound-process.ts';
import { killDuringPushes } from './kills.ts';

/** A hundred take six minutes. */
const ROUNDS = Number(process.env.PKGCOMPOSE_KILLS ?? 20);

test('a server that is killed during pushes and gc, again and again, loses nothing that it acknowledged', async (t) => {
  const reason = whyNoBoundProcess();
  if (reason !== undefined) return t.skip(`skipped: ${reason}`);
  t.diagnostic(`${await killDuringPushes(t, ROUNDS)} images`);
});
