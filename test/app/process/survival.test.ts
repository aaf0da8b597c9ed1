import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT_CODES } from '../../../src/cli/exit-codes.ts';
import { cli, contents, environment, start } from '../harness.ts';
import { assertStorage, composeAtOnce, mountSmall, options, setUp } from './survival-setting.ts';

test('2 processes compose the same into one empty cache at once: both succeed, with the same bytes', (t) =>
  composeAtOnce(t, 2, 1));

test('Ctrl-C while downloading: exit code 130, and the next run resumes', async (t) => {
  const setting = await setUp(t, 300_000);
  const { cache, dir, mirror } = setting;
  mirror.faults.set('*', { bytesPerSecond: 300_000 });
  const { child, ended } = start(['e', ...options(setting, cache), '-o', join(dir, 'out.tar')]);
  const isUnderWay = () => mirror.requests.some(({ url, bytes }) => url.endsWith('.apk') && bytes > 50_000);
  while (child.exitCode === null && !isUnderWay()) await sleep(20);
  child.kill('SIGINT');
  assert.equal((await ended).code, 130);
  assert.ok(!existsSync(join(dir, 'out.tar')));
  assert.deepEqual(contents(cache).ingest, []);
  mirror.faults.clear();
  const before = mirror.requests.length;
  const again = await cli(['e', ...options(setting, cache), '-o', join(dir, 'out.tar')]);
  assert.equal(again.code, 0, again.stderr);
  assert.ok(
    mirror.requests.slice(before).some(({ status }) => status === 206),
    'a part was kept and continued',
  );
});

test('a full disk under the output: STORAGE with the path; the image of before stays, with space again it is replaced', async (t) => {
  const setting = await setUp(t, 300_000);
  const disk = mountSmall(t, 4 * 1024 * 1024);
  if (disk === undefined) return t.skip('skipped: a small file system cannot be mounted here');
  const out = join(disk, 'out.tar');
  const words = ['e', ...options(setting, setting.cache)];
  writeFileSync(out, 'the image of before');
  const filler = join(disk, 'filler');
  writeFileSync(filler, Buffer.alloc(3_500_000));
  assertStorage(await cli([...words, '-o', out]), out);
  assert.equal(readFileSync(out, 'utf8'), 'the image of before');
  assert.deepEqual(readdirSync(disk).sort(), ['filler', 'out.tar']);
  assertStorage(
    await cli([...words, '-o', join(disk, 'layout'), '--format', 'oci-dir']),
    join(disk, 'layout'),
  );
  rmSync(filler);
  assert.equal((await cli([...words, '-o', out])).code, 0);
  assert.ok(statSync(out).size > 1_500_000);
  rmSync(out);
  assert.equal((await cli([...words, '-o', join(disk, 'layout'), '--format', 'oci-dir'])).code, 0);
});

test('a read-only disk under the cache is STORAGE with a way out, and no bug', async (t) => {
  const setting = await setUp(t, 1000);
  const disk = mountSmall(t, 4 * 1024 * 1024);
  if (disk === undefined) return t.skip('skipped: a small file system cannot be mounted here');
  const cache = join(disk, 'cache');
  const words = ['e', ...options(setting, cache), '-o', join(setting.dir, 'out.tar')];
  assert.equal((await cli(words)).code, 0);
  assert.equal(spawnSync('mount', ['-o', 'remount,ro', disk], { env: environment() }).status, 0);
  for (const run of [words, [...words, '--cache', join(disk, 'other')]]) {
    const ended = await cli(run);
    assert.equal(ended.code, EXIT_CODES.STORAGE, ended.stderr);
    assert.ok(ended.stderr.includes(disk), ended.stderr);
    assert.match(ended.stderr, /hint: .*(--cache|PKGCOMPOSE_CACHE)/);
  }
});
