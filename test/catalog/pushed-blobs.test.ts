import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { Catalog } from '../../src/catalog/catalog.ts';
import { MIGRATIONS } from '../../src/catalog/migrations.ts';
import { digestOf } from '../../src/model/digest.ts';
import { parseRepository } from '../../src/model/reference.ts';
import { tempDir } from '../fixtures/temp.ts';
import { openCatalog } from './fixtures.ts';

const [a, b] = [digestOf('a'), digestOf('b')];
const app = parseRepository('registry.example/team/app');
const other = parseRepository('registry.example/other');
const elsewhere = parseRepository('localhost:5000/team/app');

test('of each registry the repository that a blob was pushed to last', (t) => {
  const { catalog } = openCatalog(t);
  const blobs = catalog.pushedBlobs();
  assert.equal(blobs.find(app.domain, a), undefined);
  blobs.put(app, [a, b, a]);
  blobs.put(elsewhere, [a]);
  blobs.put(other, [b]);
  assert.deepEqual(
    [blobs.find(app.domain, a), blobs.find(app.domain, b), blobs.find(elsewhere.domain, b)],
    ['team/app', 'other', undefined],
  );
});

test('a catalog of before gets the table', (t) => {
  const path = join(tempDir(t), 'catalog.sqlite');
  const database = new Database(path);
  for (const step of MIGRATIONS.slice(0, 3)) database.exec(step);
  database.pragma('user_version = 3');
  database.close();
  const catalog = new Catalog(path);
  catalog.pushedBlobs().put(app, [a]);
  assert.equal(catalog.pushedBlobs().find(app.domain, a), 'team/app');
  catalog.close();
});
