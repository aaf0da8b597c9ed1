import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';
import type { CacheVerifyReport } from '../../src/model/request.ts';
import { type Mirror, startMirror } from '../fake/mirror.ts';
import { writeAlpineMirror, writeApkKeyring } from '../fixtures/mirror-dir.ts';
import { tempDir } from '../fixtures/temp.ts';
import { cli, contents, type Ended, environment, folder, json, KEY, noise, small, start } from './harness.ts';

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

const NAMES = ['a', 'b', 'c', 'd', 'e'];

/** Each depends on all before it: `a` to `e`, or as many as are asked for, `p0`, `p1`… */
function packages(sizeBytes: number, count?: number) {
  const names = count === undefined ? NAMES : Array.from({ length: count }, (_, at) => `p${at}`);
  return names.map((name, at) =>
    small(name, {
      depends: names.slice(0, at),
      files: [{ path: 'usr/' }, { path: `usr/${name}`, content: noise(name, sizeBytes) }],
    }),
  );
}

interface Setting {
  readonly dir: string;
  readonly cache: string;
  readonly repo: string;
  readonly keyring: string;
  readonly mirror: Mirror;
}

async function setUp(
  t: { after(fn: () => void | Promise<void>): void },
  sizeBytes: number,
  count?: number,
): Promise<Setting> {
  const dir = tempDir(t);
  const root = folder(dir, 'mirror');
  const repo = writeAlpineMirror(root, { packages: packages(sizeBytes, count), key: KEY });
  const mirror = await startMirror(root);
  t.after(() => mirror.close());
  return { dir, repo, mirror, cache: join(dir, 'cache'), keyring: writeApkKeyring(join(dir, 'keys'), [KEY]) };
}

const options = ({ mirror, keyring }: Setting, cache: string) => [
  '--arch',
  'x86_64',
  '--repo',
  `${mirror.url}/v3.19/main`,
  '--keyring',
  keyring,
  '--cache',
  cache,
];

function assertWhole(cache: string): void {
  for (const name of contents(cache).blobs) {
    const bytes = readFileSync(join(cache, 'blobs/sha256', name));
    assert.equal(
      createHash('sha256').update(bytes).digest('hex'),
      name,
      'a name under blobs is a whole blob',
    );
    assert.equal(statSync(join(cache, 'blobs/sha256', name)).mode & 0o777, 0o444);
  }
}

async function verify(cache: string): Promise<CacheVerifyReport> {
  const ended = await cli(['cache', 'verify', '--cache', cache, '--json']);
  assert.equal(ended.code, 0, ended.stdout);
  return json<CacheVerifyReport>(ended);
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

for (const { count, rounds } of [
  { count: 2, rounds: 1 },
  { count: 8, rounds: 3 },
]) {
  test(`${count} processes compose the same into one empty cache at once: all succeed, with the same bytes`, async (t) => {
    const setting = await setUp(t, 20_000, 16);
    const { dir, mirror } = setting;
    mirror.faults.set('*', { bytesPerSecond: 2_000_000 });
    for (let round = 0; round < rounds; round++) {
      const cache = join(dir, `cache${round}`);
      const outs = Array.from({ length: count }, (_, at) => join(dir, `out${at}.tar`));
      const before = mirror.requests.length;
      const words = ['p15', ...options(setting, cache)];
      const ended = await Promise.all(outs.map((out) => cli([...words, '-o', out])));
      for (const { code, stderr } of ended) assert.equal(code, 0, stderr);
      for (const out of outs) assert.ok(readFileSync(out).equals(readFileSync(outs[0] as string)));
      assert.deepEqual(readdirSync(join(cache, 'partial')), []);
      const { blobs, ingest } = contents(cache);
      assert.equal(blobs.length, 16 + 1);
      assert.deepEqual(ingest, []);
      assert.deepEqual((await verify(cache)).damaged, []);
      const fetched = mirror.requests.slice(before).filter(({ url }) => url.endsWith('.apk'));
      assert.equal(fetched.length, 16, 'nothing is downloaded twice');
    }
  });
}

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

/** A small file system of its own, where this machine lets a test mount one. */
function mountSmall(t: { after(fn: () => void): void }, sizeBytes: number): string | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const path = mkdtempSync(join(tmpdir(), 'pkgcompose-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', path]);
  t.after(() => {
    if (mounted.status === 0) spawnSync('umount', ['-l', path]);
    rmdirSync(path);
  });
  return mounted.status === 0 ? path : undefined;
}

function assertStorage(ended: Ended, path: string): void {
  assert.equal(ended.code, EXIT_CODES.STORAGE, ended.stderr);
  assert.ok(ended.stderr.includes(path), ended.stderr);
  assert.match(ended.stderr, /no space left|ENOSPC|space/);
  assert.match(ended.stderr, /\nhint: /);
}

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
