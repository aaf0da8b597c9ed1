import assert from 'node:assert/strict';
import { test } from 'node:test';
import { solverRules } from '../../../src/distros/alpine/rules.ts';
import { solve } from '../../../src/distros/alpine/solver.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { answerOf, askRealApk, digestOf, readRecorded, realRequests } from './real-requests.ts';

const rules = solverRules('2.14.0');

/** Seconds on a quiet machine; PKGCOMPOSE_SOLVER_REQUESTS=all: every recorded one. */
const SOME = 400;

/** Each starts the real apk, which reads both indexes: a third of a second. */
const ASKED_ANEW = 8;

test('answers as apk 2.14 answered to seeded requests to Alpine 3.19: set, order, refusal', (t) => {
  const { seed, index, digests } = readRecorded();
  const wanted = process.env.PKGCOMPOSE_SOLVER_REQUESTS === 'all' ? digests.length : SOME;
  const real = realRequests(seed, wanted);
  if (real === undefined) return t.skip('skipped: the indexes of Alpine 3.19 are not here');
  assert.equal(real.index, index, 'the answers are to other indexes: record them anew');
  for (const [at, targets] of real.requests.entries()) {
    const answer = answerOf(solve({ targets, architecture: 'x86_64' }, real.source, rules));
    assert.equal(
      digestOf(answer),
      digests[at],
      `request ${at}, ${targets.join(' ')}: not what apk 2.14 answers, but ${JSON.stringify(answer)}`,
    );
  }
  t.diagnostic(`${wanted} of ${digests.length} requests`);
});

test('answers as the real apk 2.14 does now', (t) => {
  const real = realRequests(Date.now() % 1_000_000, ASKED_ANEW);
  if (real === undefined) return t.skip('skipped: the indexes of Alpine 3.19 are not here');
  const ask = askRealApk(tempDir(t));
  if (typeof ask === 'string') return t.skip(`skipped: ${ask}`);
  for (const targets of real.requests) {
    const answer = answerOf(solve({ targets, architecture: 'x86_64' }, real.source, rules));
    assert.deepEqual(answer, ask(targets), targets.join(' '));
  }
});
