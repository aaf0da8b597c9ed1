import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeAlpineMirror } from '../../fixtures/mirror-dir.ts';
import { cli, KEY, small, start } from '../harness.ts';
import {
  assertStorage,
  assertWhole,
  composeAtOnce,
  mountSmall,
  NAMES,
  options,
  packages,
  setUp,
  verify,
} from './survival-setting.ts';

const KILLS = 18;
/** A slow machine's start; most kills should hit work, some the start. */
const LONGEST_LIFE_MS = 450;
const BYTES_PER_SECOND = 200_000;

/** Numbers from 0 up to 1 that a printed seed repeats (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

test(`${KILLS} processes killed anywhere leave a usable cache, catalog and output; a plain run then succeeds`, async (t) => {
  const setting = await setUp(t, 60_000);
  const { dir, cache, repo, mirror } = setting;
  const seed = Number(process.env.PKGCOMPOSE_SEED ?? randomInt(2 ** 31));
  t.diagnostic(`PKGCOMPOSE_SEED=${seed}`);
  const next = numbers(seed);
  const out = join(dir, 'out.tar');
  writeFileSync(out, 'the image of before');
  mirror.faults.set('*', { bytesPerSecond: BYTES_PER_SECOND });
  let killed = 0;
  for (let run = 0; run < KILLS * 3 && killed < KILLS; run++) {
    const commands = [
      ['e', ...options(setting, cache), '-o', out],
      ['e', '--layers', 'single', ...options(setting, cache), '-o', out],
      ['index', ...options(setting, cache)],
      ['ingest', repo, ...options(setting, cache)],
    ];
    const { child, ended } = start(commands[Math.floor(next() * commands.length)] as string[]);
    await sleep(50 + next() * LONGEST_LIFE_MS);
    if (child.kill('SIGKILL')) killed += 1;
    await ended;
    assertWhole(cache);
    if (run % 2 === 1) rmSync(join(cache, 'blobs'), { recursive: true, force: true });
    const text = readFileSync(out);
    assert.ok(text.equals(Buffer.from('the image of before')) || text.length % 512 === 0, 'old or whole');
  }
  assert.ok(killed >= 15, `${killed} kills`);
  mirror.faults.clear();
  const fresh = join(dir, 'fresh.tar');
  const plain = await cli(['e', ...options(setting, cache), '-o', out]);
  assert.equal(plain.code, 0, plain.stderr);
  assert.equal((await cli(['e', ...options(setting, join(dir, 'cache2')), '-o', fresh])).code, 0);
  assert.ok(readFileSync(out).equals(readFileSync(fresh)), 'the same bytes as from an untouched cache');
  assert.ok((await verify(cache)).checked >= NAMES.length + 1);
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.endsWith('.json')),
    [],
  );
});

test('8 processes compose the same into one empty cache at once: all succeed, with the same bytes', (t) =>
  composeAtOnce(t, 8, 3));

test('processes that index changing repositories while others compose from them: nobody fails', async (t) => {
  const setting = await setUp(t, 1000);
  const { dir, cache, mirror } = setting;
  const root = join(dir, 'mirror');
  const done = { yes: false };
  const work = Promise.all(
    [0, 1].map(async (worker) => {
      for (let run = 0; run < 3; run++) {
        const ended = await cli(['e', ...options(setting, cache), '-o', join(dir, `out${worker}.tar`)]);
        assert.equal(ended.code, 0, ended.stderr);
      }
    }),
  ).finally(() => {
    done.yes = true;
  });
  for (let round = 0; !done.yes; round++) {
    writeAlpineMirror(root, { packages: [...packages(1000), small(`more${round}`)], key: KEY });
    await cli(['index', ...options(setting, cache), '--repo', `${mirror.url}/v3.19/main`]);
  }
  await work;
});

test('a full disk under the cache, at any point: STORAGE with the path; with space again it works', async (t) => {
  const setting = await setUp(t, 300_000);
  const disk = mountSmall(t, 8 * 1024 * 1024);
  if (disk === undefined) return t.skip('skipped: a small file system cannot be mounted here');
  const cache = join(disk, 'cache');
  const out = join(setting.dir, 'out.tar');
  const words = ['e', ...options(setting, cache), '-o', out];
  const filler = join(disk, 'filler');
  for (const leftBytes of [0, 16_384, 100_000, 200_000, 400_000, 900_000, 1_400_000]) {
    rmSync(cache, { recursive: true, force: true });
    rmSync(filler, { force: true });
    const block = Buffer.alloc(8 * 1024 * 1024 - leftBytes - 8192);
    writeFileSync(filler, block);
    const ended = await cli(words);
    assertStorage(ended, disk);
    assert.ok(!existsSync(out));
    assertWhole(cache);
    rmSync(filler);
    const again = await cli(words);
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual((await verify(cache)).damaged, []);
    rmSync(out);
  }
});
