import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { soak } from './soak.ts';

const SECONDS = Number(process.env.PKGCOMPOSE_SOAK_SECONDS ?? 20);
const CLIENTS = 24;
/** Heaps grow until it is worth to collect them. */
const GROWTH_MIB = 60;

test(`${CLIENTS} clients behind a proxy that cuts, delays and loses, for ${SECONDS} s: no wrong byte, and nothing is kept (PKGCOMPOSE_SOAK_SECONDS=600 for ten minutes)`, async (t) => {
  const seed = Number(process.env.PKGCOMPOSE_SEED ?? randomInt(2 ** 31));
  t.diagnostic(`PKGCOMPOSE_SEED=${seed}`);
  const { done, held, descriptors, stored } = await soak(t, { seconds: SECONDS, clients: CLIENTS, seed });
  t.diagnostic(JSON.stringify({ done: Object.fromEntries(done), stored, held }));
  const [first, last] = [held[0], held.at(-1)];
  assert.ok(first !== undefined && last !== undefined);
  assert.ok(last.descriptors <= first.descriptors + 2, `${JSON.stringify(held)}\n${descriptors.join('\n')}`);
  assert.ok(last.threads <= first.threads + 2, JSON.stringify(held));
  assert.ok(last.rssMiB <= first.rssMiB * 1.25 + GROWTH_MIB, JSON.stringify(held));
});
