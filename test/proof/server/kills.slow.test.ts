import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { whyNoBoundProcess } from '../../fixtures/bound-process.ts';
import { killWhileServing } from './kills.ts';

const ROUNDS = Number(process.env.PKGCOMPOSE_KILLS ?? 8);

for (const servers of [1, 2])
  test(`${servers} servers on one cache, killed ${ROUNDS} times while they compose, fetch, mirror and store, lose nothing (PKGCOMPOSE_KILLS=100)`, async (t) => {
    const reason = whyNoBoundProcess();
    if (reason !== undefined) return t.skip(`skipped: ${reason}`);
    const seed = Number(process.env.PKGCOMPOSE_SEED ?? randomInt(2 ** 31));
    t.diagnostic(`PKGCOMPOSE_SEED=${seed}`);
    const { done, stored, composed } = await killWhileServing(t, { rounds: ROUNDS, servers, seed });
    t.diagnostic(
      JSON.stringify({ ...Object.fromEntries(done), images: stored.length, names: composed.size }),
    );
  });
