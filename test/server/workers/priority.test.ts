import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { JobThread } from '../../../src/server/workers/job-thread.ts';
import { tempDir } from '../../fixtures/temp.ts';

/** Nice values of this process's threads of a name (proc_pid_stat(5), field 19). */
function niceOf(name: string): readonly string[] {
  const tasks = readdirSync('/proc/self/task').map((id) => `/proc/self/task/${id}`);
  return tasks
    .filter((task) => readFileSync(`${task}/comm`, 'utf8').trim() === name)
    .map((task) => readFileSync(`${task}/stat`, 'utf8').split(') ')[1]?.split(' ')[16] ?? '');
}

if (process.argv[2] === 'child') {
  const options = { env: {}, cacheDirectory: process.argv[3], lane: 'long' } as const;
  const thread = new JobThread(options, () => {});
  await thread.run('cacheList', undefined, new AbortController().signal);
  console.log(JSON.stringify({ job: niceOf('WorkerThread'), files: [...new Set(niceOf('libuv-worker'))] }));
  await thread.close(new Error('done'));
} else {
  // In a process of its own: libuv's threads start once.
  test('threads that compose give way to the event loop, and to what reads files for it', (t) => {
    if (process.platform !== 'linux') return t.skip('nice values of threads are Linux’s');
    const args = [fileURLToPath(import.meta.url), 'child', tempDir(t)];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.equal(stderr, '');
    assert.deepEqual(JSON.parse(stdout), { job: ['15'], files: ['0'] });
  });
}
