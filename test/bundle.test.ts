import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { folder } from './app/harness.ts';
import { tempDir } from './fixtures/temp.ts';

const root = resolve(import.meta.dirname, '..');

test('the bundle has what a cached image needs in few files, and loads no module of Node.js for being imported', (t) => {
  const dir = tempDir(t);
  const dist = folder(dir, 'dist');
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
  symlinkSync(join(root, 'package.json'), join(dir, 'package.json'));
  const built = spawnSync(process.execPath, [join(root, 'bin/build.js'), dist], { encoding: 'utf8' });
  assert.equal(built.status, 0, built.stderr);
  const parts = readdirSync(dist).map((name) => name.replace(/-[A-Z0-9]{8}\.js$/, ''));
  assert.ok(
    parts.includes('run') && parts.includes('installer'),
    'parts that only some commands need are files',
  );
  for (const joined of ['command-line', 'mistyped', 'families', 'context'])
    assert.ok(!parts.includes(joined), `${joined} is in the chunk of all that need it`);
  const run = readdirSync(dist).find((name) => /^run-[A-Z0-9]{8}\.js$/.test(name)) ?? '';
  const code = `await import(${JSON.stringify(join(dist, run))});
    console.log(process.moduleLoadList.join('\\n'));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
  });
  assert.equal(stderr, '');
  const loaded = stdout.split('\n').map((line) => line.replace(/^NativeModule /, ''));
  assert.ok(loaded.includes('crypto'));
  for (const unused of ['fs/promises', 'v8', 'internal/crypto/webcrypto', 'internal/fs/streams'])
    assert.ok(!loaded.includes(unused), unused);
});
