import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
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

test("another user's checkout does not lend its cache: the own one is used", (t) => {
  if (process.getuid?.() !== 0) return t.skip('skipped: only root can try as another user');
  const checkout = tempDir(t);
  for (const name of ['.git', 'cache']) mkdirSync(join(checkout, name));
  chmodSync(checkout, 0o755);
  const script = `import { cacheDirectory } from ${JSON.stringify(resolve(import.meta.dirname, '../../src/store/location.ts'))};
    process.setuid(65534);
    process.stdout.write(cacheDirectory({ HOME: '/home/me' }, ${JSON.stringify(checkout)}));`;
  const ask = () =>
    spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout;
  assert.equal(ask(), '/home/me/.cache/pkgcompose');
  chmodSync(join(checkout, 'cache'), 0o777);
  assert.equal(ask(), join(checkout, 'cache'));
  writeFileSync(join(checkout, 'cache/catalog.sqlite'), '', { mode: 0o600 });
  assert.equal(ask(), '/home/me/.cache/pkgcompose');
});
