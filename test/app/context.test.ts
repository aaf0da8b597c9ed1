import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { writeAlpineMirror } from '../fixtures/mirror-dir.ts';
import { tempDir } from '../fixtures/temp.ts';
import { cli, folder, small } from './harness.ts';

test('a catalog that is garbage, a cache that is a file, a recipe that is no YAML: what, where, way out', async (t) => {
  const dir = tempDir(t);
  const garbage = folder(dir, 'garbage');
  writeFileSync(
    join(garbage, 'catalog.sqlite'),
    'this is not a database, it is a text that is long enough to be looked at'.repeat(99),
  );
  const catalog = await cli(['plan', 'a', '--repo', dir, '--cache', garbage]);
  assert.equal(catalog.code, EXIT_CODES.CATALOG, catalog.stderr);
  assert.ok(
    catalog.stderr.includes(join(garbage, 'catalog.sqlite')) &&
      catalog.stderr.includes('hint: Move the file away'),
    catalog.stderr,
  );
  const file = join(dir, 'file');
  writeFileSync(file, '');
  for (const cache of [file, join(file, 'below')]) {
    const ended = await cli(['plan', 'a', '--repo', dir, '--cache', cache]);
    assert.equal(ended.code, EXIT_CODES.STORAGE, ended.stderr);
    assert.ok(
      ended.stderr.includes(cache) && /hint: .*(--cache|PKGCOMPOSE_CACHE)/.test(ended.stderr),
      ended.stderr,
    );
  }
  const recipe = join(dir, 'recipe.yaml');
  writeFileSync(recipe, 'packages: [a\ntags: {');
  const ended = await cli(['build', recipe, '--cache', join(dir, 'cache')]);
  assert.equal(ended.code, EXIT_CODES.USAGE, ended.stderr);
  assert.match(ended.stderr, new RegExp(`${recipe}:\\d+`));
});

test('a cache folder that cannot be written is STORAGE, not a bug', async (t) => {
  const dir = tempDir(t);
  const cache = folder(dir, 'cache');
  mkdirSync(join(cache, 'blobs'));
  writeFileSync(join(cache, 'blobs/sha256'), 'a file in the way');
  const repo = writeAlpineMirror(dir, { packages: [small('a')] });
  const ended = await cli([
    'a',
    '--arch',
    'x86_64',
    '--repo',
    repo,
    '--allow-untrusted',
    '--cache',
    cache,
    '-o',
    join(dir, 'o.tar'),
  ]);
  assert.equal(ended.code, EXIT_CODES.STORAGE, ended.stderr);
  assert.ok(ended.stderr.includes(join(cache, 'blobs/sha256')), ended.stderr);
  assert.ok(!existsSync(join(dir, 'o.tar')));
});
