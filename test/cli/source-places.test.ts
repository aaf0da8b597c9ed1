import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { withSourcePlaces } from '../../src/cli/render/source-places.ts';
import { folder } from '../app/harness.ts';
import { tempDir } from '../fixtures/temp.ts';

const root = resolve(import.meta.dirname, '../..');

test('stack traces of the bundle name the places in src/, from whichever folder it runs', (t) => {
  const dir = tempDir(t);
  const dist = folder(dir, 'dist');
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
  symlinkSync(join(root, 'package.json'), join(dir, 'package.json'));
  const stale = join(dist, 'chunk-OLD.js');
  writeFileSync(stale, '');
  const built = spawnSync(process.execPath, [join(root, 'bin/build.js'), dist], { encoding: 'utf8' });
  assert.equal(built.status, 0, built.stderr);
  const code = `
    import { withSourcePlaces } from ${JSON.stringify(join(root, 'src/cli/render/source-places.ts'))};
    import { AppError, search } from ${JSON.stringify(join(dist, 'index.js'))};
    const error = await search({ words: 'git', limit: 'many' }).catch((error) => error);
    console.log(withSourcePlaces(error.stack));`;
  writeFileSync(join(dir, 'use.mjs'), code);
  const { stdout, stderr } = spawnSync(process.execPath, [join(dir, 'use.mjs')], { encoding: 'utf8' });
  assert.match(stdout, /^ +at .*\(?src\/app\/settings\/setting-values\.ts:\d+:\d+\)?$/m, stderr);
  assert.match(stdout, /src\/library\/read-request\.ts:\d+:\d+/);
  assert.doesNotMatch(stdout, /dist\//);
  assert.ok(!existsSync(stale), 'parts of an earlier build are removed');
  const files = readdirSync(dist);
  assert.deepEqual(
    files.filter((name) => name.endsWith('.js') && !files.includes(`${name}.map`)),
    // It runs in browsers.
    ['page.js'],
  );
});

test('places without a map stay as they are', () => {
  const stack = 'Error: x\n    at f (file:///no/such/chunk.js:1:2)\n    at node:fs:3:4';
  assert.equal(withSourcePlaces(stack), stack);
});
