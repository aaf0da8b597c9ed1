import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { isAlive } from '../../src/store/process-alive.ts';

test('processes that run, and numbers that are no process', () => {
  const ended = spawnSync(process.execPath, ['--version']).pid;
  assert.deepEqual([isAlive(process.pid), isAlive(1), isAlive(ended)], [true, true, false]);
  // To kill(2) 0 and negative numbers are groups of processes, this one's among them.
  for (const pid of [0, -1, -process.pid, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.equal(isAlive(pid), false, String(pid));
  }
});
