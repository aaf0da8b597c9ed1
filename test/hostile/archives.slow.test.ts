import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { mapConcurrent } from '../../src/fetch/pool.ts';
import { cli, contents, json } from '../app/harness.ts';
import { tempDir } from '../fixtures/temp.ts';
import { treeOfFolder } from '../proof/trees.ts';
import { CASES, type HostileCase, type Made, type Refused } from './cases.ts';
import { BASE_FILES, hostileRepository } from './packages.ts';

/** The longest takes a second on an idle machine; what takes this long hangs. */
const MAX_MS = 30_000;
const CONCURRENCY = 2;
const BASE = new Set(BASE_FILES.map(({ path }) => path.replace(/\/$/, '')));

const canUnpack = process.getuid?.() === 0 && spawnSync('umoci', ['--version']).status === 0;

for (const distro of ['alpine', 'arch'] as const) {
  test(`hostile ${distro} archives, composed`, { concurrency: true }, async (t) => {
    await mapConcurrent(CASES, CONCURRENCY, (hostile) =>
      t.test(hostile.what, { timeout: MAX_MS }, async (t) => {
        if (!canUnpack) t.diagnostic('images are not unpacked: not root, or no umoci');
        await check(distro, hostile, tempDir(t));
      }),
    );
  });
}

async function check(distro: 'alpine' | 'arch', hostile: HostileCase, folder: string): Promise<void> {
  const repository = hostileRepository(distro, folder, hostile.tar);
  const cache = join(folder, 'cache');
  const out = join(folder, 'out');
  const place = (name: string) => [
    ...[name, '--distro', distro, '--arch', 'x86_64', '--repo', repository.folder, '--allow-untrusted'],
    ...[
      '--cache',
      cache,
      '--layer-encoding',
      'gzip',
      '--format',
      'oci-dir',
      '-t',
      'a:1',
      '-o',
      out,
      '--json',
    ],
  ];
  const before = readdirSync(folder);
  const ended = await cli(place('bad'));
  const expected = hostile[distro];
  if (isRefused(expected)) {
    const { error } = json<{ error: { code: string; message: string } }>(ended);
    const message = expected.message
      .replace('{archive}', repository.archive)
      .replace('{name}', repository.name);
    assert.deepEqual([error.code, error.message.split('\n')[0]], [expected.code, message]);
    assert.equal(ended.code, EXIT_CODES[expected.code]);
    assert.ok(!existsSync(out));
  } else {
    assert.equal(ended.code, 0, ended.stdout);
    if (canUnpack) checkRoot(unpack(out, join(folder, 'root')), expected);
    rmSync(out, { recursive: true });
  }
  assert.deepEqual(
    readdirSync(folder).filter((name) => !before.includes(name) && name !== 'root'),
    ['cache'],
    'nothing is written elsewhere',
  );
  assert.deepEqual([contents(cache).ingest, contents(cache).partial], [[], []]);
  const good = await cli(place('base'));
  assert.equal(good.code, 0, `the cache is of use: ${good.stdout}`);
}

function isRefused(expected: Refused | Made): expected is Refused {
  return 'code' in expected;
}

function unpack(layout: string, root: string): string {
  mkdirSync(root);
  const { status, stderr } = spawnSync('umoci', ['raw', 'unpack', '--image', `${layout}:a:1`, root], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return root;
}

function checkRoot(root: string, made: Made): void {
  const tree = treeOfFolder(root);
  for (const [path, line] of Object.entries(made)) assert.equal(tree.get(path) ?? '', line, path);
  const others = [...tree.keys()].filter(
    (path) => path.startsWith('usr/') && !BASE.has(path) && !(path in made),
  );
  assert.deepEqual(others, []);
  for (const path of BASE) assert.ok(tree.has(path), path);
  const script = join(root, '.pkg/install.sh');
  if (existsSync(script)) assert.match(readFileSync(script, 'utf8'), /^#!\//);
}
