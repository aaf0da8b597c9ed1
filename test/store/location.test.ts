import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cacheDirectory } from '../../src/store/location.ts';
import { tempDir } from '../fixtures/temp.ts';

test('$PKGCOMPOSE_CACHE, else the checkout, else XDG, else the home', (t) => {
  const checkout = tempDir(t);
  const env = { PKGCOMPOSE_CACHE: '/a/cache', XDG_CACHE_HOME: '/xdg', HOME: '/home/me' };
  assert.equal(cacheDirectory(env, checkout), '/a/cache');
  const rest = { ...env, PKGCOMPOSE_CACHE: '' };
  assert.equal(cacheDirectory(rest, checkout), '/xdg/pkgcompose');
  mkdirSync(join(checkout, 'cache'));
  assert.equal(cacheDirectory(rest, checkout), '/xdg/pkgcompose');
  mkdirSync(join(checkout, '.git'));
  assert.equal(cacheDirectory(rest, checkout), join(checkout, 'cache'));
  assert.equal(cacheDirectory({ ...rest, XDG_CACHE_HOME: 'relative' }), '/home/me/.cache/pkgcompose');
  assert.equal(cacheDirectory({ HOME: '/home/me' }), '/home/me/.cache/pkgcompose');
});
