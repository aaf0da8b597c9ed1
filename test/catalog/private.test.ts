import assert from 'node:assert/strict';
import { chmodSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Catalog } from '../../src/catalog/catalog.ts';
import { indexPackage, openCatalog, repository } from './fixtures.ts';

test('the catalog, its log and its index are the owner’s alone, also those of an earlier version', async (t) => {
  const { catalog, path } = openCatalog(t);
  await catalog.repositories.replace(repository('u'), [indexPackage('a')]);
  const modes = () =>
    readdirSync(dirname(path)).map((name) => statSync(join(dirname(path), name)).mode & 0o777);
  assert.deepEqual(new Set(modes()), new Set([0o600]));
  assert.ok(modes().length >= 3);
  chmodSync(path, 0o644);
  new Catalog(path).close();
  assert.equal(statSync(path).mode & 0o777, 0o600);
});
