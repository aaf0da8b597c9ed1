import assert from 'node:assert/strict';
import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { withFileLock } from '../../src/store/lock.ts';
import { tempDir } from '../fixtures/temp.ts';

test('one at a time, each in the end; nothing is left', async (t) => {
  const directory = tempDir(t);
  const path = join(directory, 'lock');
  let inside = 0;
  let runs = 0;
  const work = async () => {
    inside += 1;
    assert.equal(inside, 1);
    await new Promise((resolve) => setTimeout(resolve, 2));
    inside -= 1;
    runs += 1;
    return runs;
  };
  await Promise.all(Array.from({ length: 6 }, () => withFileLock(path, work)));
  assert.equal(runs, 6);
  assert.deepEqual(readdirSync(directory), []);
});

test('a failure frees the lock and passes through', async (t) => {
  const path = join(tempDir(t), 'lock');
  await assert.rejects(
    withFileLock(path, async () => {
      throw new Error('inside');
    }),
    /inside/,
  );
  assert.equal(existsSync(path), false);
});

test('locks of dead processes, and of holders that stopped renewing, are taken over', async (t) => {
  const path = join(tempDir(t), 'lock');
  writeFileSync(path, `${2 ** 22 + 1} ${hostname()} abc`);
  assert.equal(await withFileLock(path, async () => 'mine'), 'mine');
  writeFileSync(path, `${process.pid} elsewhere abc`);
  utimesSync(path, new Date(Date.now() - 120_000), new Date(Date.now() - 120_000));
  assert.equal(await withFileLock(path, async () => 'mine'), 'mine');
});

test('waiting ends when asked to; a living lock is left alone', async (t) => {
  const path = join(tempDir(t), 'lock');
  writeFileSync(path, `${process.pid} ${hostname()} abc`);
  const waiting = withFileLock(path, async () => {}, AbortSignal.timeout(80));
  await assert.rejects(waiting, { code: 'CANCELLED' });
  assert.ok(existsSync(path));
  await assert.rejects(
    withFileLock(join(path, 'under-a-file'), async () => {}),
    { code: 'STORAGE' },
  );
});
