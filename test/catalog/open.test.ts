import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Catalog } from '../../src/catalog/catalog.ts';
import { tempDir } from '../fixtures/temp.ts';

/** Another connection, as another process has it, that writes to a catalog that nobody has made yet. */
const WRITER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const database = new (require('better-sqlite3'))(workerData);
  database.exec('BEGIN IMMEDIATE');
  parentPort.postMessage('writing');
  setTimeout(() => database.exec('COMMIT'), 300);
`;

test('regression: a new catalog that another process is making is waited for', async (t) => {
  const path = join(tempDir(t), 'catalog.sqlite');
  const writer = new Worker(WRITER, { eval: true, workerData: path });
  t.after(() => writer.terminate());
  await once(writer, 'message');
  const catalog = new Catalog(path);
  t.after(() => catalog.close());
  assert.deepEqual(catalog.repositories.all(), []);
});
