import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeUnheldLock, withFileLock } from '../../src/lock/file-lock.ts';
import { isAppError } from '../../src/model/app-error.ts';
import { tempDir } from '../fixtures/temp.ts';

function start(t: TestContext, ...args: readonly string[]): ChildProcess {
  const script = join(import.meta.dirname, 'lock-child.ts');
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

async function startHolder(t: TestContext, lock: string): Promise<ChildProcess> {
  const child = start(t, lock, 'hold');
  assert.ok(child.stdout);
  await once(child.stdout, 'data');
  return child;
}

test('one at a time within a process, each in the end; nothing is left', async (t) => {
  const directory = tempDir(t);
  const path = join(directory, 'lock');
  let inside = 0;
  let runs = 0;
  const work = async () => {
    inside += 1;
    assert.equal(inside, 1);
    await sleep(2);
    inside -= 1;
    runs += 1;
  };
  await Promise.all(Array.from({ length: 6 }, () => withFileLock(path, {}, work)));
  assert.equal(runs, 6);
  assert.deepEqual(readdirSync(directory), []);
});

test('a failure frees the lock and passes through', async (t) => {
  const path = join(tempDir(t), 'lock');
  const failing = withFileLock(path, {}, async () => {
    throw new Error('inside');
  });
  await assert.rejects(failing, /inside/);
  assert.equal(existsSync(path), false);
});

test('of eight processes that take turns, none is lost and none waits for ever', async (t) => {
  const directory = tempDir(t);
  const [lock, counter] = [join(directory, 'lock'), join(directory, 'counter')];
  writeFileSync(counter, '0');
  const children = Array.from({ length: 8 }, () => start(t, lock, counter, '10'));
  for (const child of children) assert.deepEqual(child.exitCode ?? (await once(child, 'exit'))[0], 0);
  assert.equal(readFileSync(counter, 'utf8'), '80');
  assert.equal(existsSync(lock), false);
});

test("a killed holder's lock is free at once, for one of those that wait", async (t) => {
  const path = join(tempDir(t), 'lock');
  const holder = await startHolder(t, path);
  let inside = 0;
  const waiting = [1, 2, 3].map(() =>
    withFileLock(path, {}, async () => {
      inside += 1;
      assert.equal(inside, 1);
      await sleep(20);
      inside -= 1;
      return Date.now();
    }),
  );
  await sleep(200);
  assert.ok(existsSync(path));
  const killed = Date.now();
  holder.kill('SIGKILL');
  const times = await Promise.all(waiting);
  assert.ok(Math.min(...times) >= killed);
  assert.ok(Math.max(...times) - killed < 5_000);
  assert.equal(existsSync(path), false);
});

test('the file of a dead holder, empty or of an earlier version, is nobody’s lock', async (t) => {
  const path = join(tempDir(t), 'lock');
  writeFileSync(path, '');
  assert.equal(await withFileLock(path, {}, async () => 'mine'), 'mine');
  writeFileSync(path, '{"pid":1,"host":"elsewhere"}');
  const took = await Promise.all([1, 2, 3].map(() => withFileLock(path, {}, async () => 'mine')));
  assert.deepEqual(took, ['mine', 'mine', 'mine']);
  writeFileSync(path, '');
  assert.equal(removeUnheldLock(path), true);
  assert.equal(existsSync(path), false);
});

test('a holder whose file was removed leaves the one that another made', async (t) => {
  const path = join(tempDir(t), 'lock');
  const first = Promise.withResolvers<void>();
  const outer = withFileLock(path, {}, () => first.promise);
  await sleep(5);
  rmSync(path);
  await withFileLock(path, {}, async () => {
    first.resolve();
    await outer;
    assert.ok(existsSync(path));
  });
  assert.equal(existsSync(path), false);
});

test('waiting is told once, ends when asked to, and leaves the lock alone', async (t) => {
  const path = join(tempDir(t), 'lock');
  await startHolder(t, path);
  assert.equal(removeUnheldLock(path), false);
  let told = 0;
  const onWait = () => {
    told += 1;
  };
  const waiting = withFileLock(path, { signal: AbortSignal.timeout(1500), onWait }, async () => {});
  await assert.rejects(waiting, (error) => isAppError(error, 'CANCELLED'));
  assert.equal(told, 1);
  assert.deepEqual(readdirSync(join(path, '..')), ['lock']);
});

test('what is not a lock is refused at once: a dangling link, a folder, no folder', async (t) => {
  const directory = tempDir(t);
  const at = (name: string) => join(directory, name);
  symlinkSync('nowhere', at('link'));
  mkdirSync(at('folder'));
  writeFileSync(at('content'), '{"pid":1}');
  for (const name of ['link', 'folder', 'none/lock', 'content/lock']) {
    await assert.rejects(
      withFileLock(at(name), {}, async () => {}),
      (error) => isAppError(error, 'STORAGE') && error.message.includes(at(name)),
      name,
    );
  }
  assert.equal(existsSync(at('nowhere')), false);
});
