import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { calmRounds, disturbance, endedSeconds, type Load, readLoad, spread } from '../../bench/lib/load.ts';

const START: Load = { wall: 100, machine: 50, own: 20, stolen: 1 };
/** One second on two processors later */
const after = (changes: Partial<Load>): Load => ({
  ...START,
  wall: 101,
  machine: 50.5,
  own: 20.5,
  ...changes,
});

test('a round counts when all that ran was the bench', () => {
  assert.equal(disturbance(START, after({}), 2), undefined);
  assert.equal(disturbance(START, after({ machine: 52, own: 22 }), 2), undefined);
});

test('a round does not count beside other processes or other machines', () => {
  assert.match(disturbance(START, after({ machine: 51 }), 2) ?? '', /other processes had 25 %/);
  assert.match(disturbance(START, after({ stolen: 1.2 }), 2) ?? '', /other machines had 10 %/);
});

test('a few ticks make no round busy', () => {
  assert.equal(disturbance(START, after({ wall: 100.1, machine: 50.03, own: 20 }), 2), undefined);
});

test('rounds that differ do not count', () => {
  assert.equal(spread([1, 1.1, 1.6, 1.7, 3]), undefined);
  assert.match(spread([1, 1.1, 2.1, 2.2, 3]) ?? '', /1\.000 to 3\.000 s/);
  assert.equal(spread([0.001, 0.002, 0.003]), undefined);
  assert.equal(spread([Number.NaN]), undefined);
});

/** Load of a machine on which these rounds are disturbed */
function loadWith(busy: readonly boolean[]): () => Load {
  let now = START;
  let calls = 0;
  return () => {
    const isEnd = calls % 2 === 1;
    const others = isEnd && busy[Math.floor(calls / 2)] ? 0.5 : 0;
    calls += 1;
    now = { ...now, wall: now.wall + 1, machine: now.machine + others };
    return now;
  };
}

test('disturbed rounds are repeated and left out', () => {
  let count = 0;
  const rounds = calmRounds(3, () => ++count, loadWith([false, true, false, true, false]));
  assert.deepEqual(rounds, { results: [1, 3, 5], busy: undefined });
});

test('a machine that stays busy is said to be', () => {
  let count = 0;
  const { results, busy } = calmRounds(2, () => ++count, loadWith([true, true, true, true, true]));
  assert.deepEqual(results, [1, 2, 3]);
  assert.match(busy ?? '', /3 of 3 rounds were busy/);
});

/** Until it has had 0.3 s of a processor, however long that takes */
const SPIN = 'while (process.cpuUsage().user < 300_000);';

test('what the bench itself starts is its own load, running or ended', async () => {
  const before = readLoad();
  const ended = endedSeconds();
  spawnSync(process.execPath, ['-e', SPIN]);
  assert.ok(endedSeconds() - ended > 0.25, 'the processor time of an ended command');
  const child = spawn(process.execPath, ['-e', `${SPIN} console.log(); setTimeout(() => {}, 60_000)`]);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const own = readLoad().own - before.own;
  child.kill();
  assert.ok(own > 0.5, `both had 0.3 s; own load grew by ${own}`);
});
