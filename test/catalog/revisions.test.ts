import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { cacheGc } from '../../src/app/cache/cache.ts';
import { Catalog } from '../../src/catalog/catalog.ts';
import { packList } from '../../src/catalog/file-lists.ts';
import { checked } from '../../src/catalog/trust-label.ts';
import { AppError } from '../../src/model/app-error.ts';
import { use } from '../app/harness.ts';
import { tempDir } from '../fixtures/temp.ts';
import { indexPackage, openCatalog, repository } from './fixtures.ts';
import { manyPackages } from './many-packages.ts';

/** Several batches (long-write.ts) */
const MANY = 10_000;

/** How many rows there are of what revisions are made of. */
function rowsOf(path: string): Record<string, number> {
  const database = new Database(path, { readonly: true });
  const tables = ['revision', 'package', 'package_text', 'relation_name', 'file_list'];
  const counts = tables.map((table) => [
    table,
    database.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck().get() as number,
  ]);
  database.close();
  return Object.fromEntries(counts);
}

/** What readers are told of a repository: its names, what provides, what is described as this. */
function seen(catalog: Catalog, id: number, label: string): readonly number[] {
  return catalog.snapshot(() => [
    catalog.packages.names([{ id }]).filter((name) => name.startsWith(label)).length,
    catalog.packages.source([{ id, tag: '' }]).providers(`cmd:${label}`).length,
    catalog.search.provides(id, `cmd:${label}`).length,
    catalog.search.describedBy(id, label).length,
  ]);
}

async function indexIn(t: TestContext, ...args: readonly string[]): Promise<NodeJS.Signals | number | null> {
  const script = join(import.meta.dirname, 'index-child.ts');
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return signal ?? code;
}

function counted(count: number, revisions = 1): Record<string, number> {
  return { revision: revisions, package: count, package_text: count, relation_name: count, file_list: 0 };
}

describe('while a long index is written', () => {
  test('regression: others write between its batches, and read the one of before until all of it is there', async (t) => {
    const { catalog, path } = openCatalog(t);
    const id = await catalog.repositories.replace(repository('u'), manyPackages(3, 'old'));
    const reader = new Catalog(path);
    t.after(() => reader.close());
    // Nobody is waited for: where the catalog is held, this one fails.
    const writer = new Database(path, { timeout: 0 });
    t.after(() => writer.close());
    const write = writer.prepare(
      "INSERT INTO pushed_blob (registry, digest, repository) VALUES ('reg.example', ?, 'a')",
    );
    let isDone = false;
    const written = catalog.repositories
      .replace({ ...repository('u'), content: 'sha256:2' }, manyPackages(MANY, 'new'))
      .finally(() => {
        isDone = true;
      });
    let turns = 0;
    let before = 0;
    for (; !isDone; turns += 1) {
      write.run(String(turns));
      const old = seen(reader, id, 'old');
      const now = seen(reader, id, 'new');
      before += old[0] === 3 ? 1 : 0;
      assert.deepEqual(old[0] === 3 ? now : old, [0, 0, 0, 0], 'one of the two alone');
      assert.deepEqual(old[0] === 3 ? old : now, Array(4).fill(old[0] === 3 ? 3 : MANY));
      await nextTurn();
    }
    assert.equal(await written, id);
    assert.ok(before > 6, `${before} of ${turns} turns while it was written`);
    assert.deepEqual(rowsOf(path), counted(MANY));
  });

  test('several repositories change at once: readers never see a new one beside an old one', async (t) => {
    const { catalog, path } = openCatalog(t);
    const names = ['u', 'v'];
    await catalog.repositories.replaceAll(
      names.map((name) => ({ row: repository(name), packages: manyPackages(3, 'old') })),
    );
    const reader = new Catalog(path);
    t.after(() => reader.close());
    let isDone = false;
    const written = catalog.repositories
      .replaceAll(
        names.map((name) => ({
          row: { ...repository(name), content: 'sha256:2' },
          packages: manyPackages(MANY, 'new'),
        })),
      )
      .finally(() => {
        isDone = true;
      });
    const states = new Set<string>();
    while (!isDone) {
      states.add(
        reader.snapshot(() => reader.repositories.all().map(({ packageCount }) => packageCount)).join(' '),
      );
      await nextTurn();
    }
    await written;
    assert.deepEqual([...states, '10000 10000'].slice(0, 2), ['3 3', '10000 10000']);
    assert.ok(states.size <= 2, [...states].join(', '));
    assert.deepEqual(rowsOf(path).revision, 2);
  });

  test('a stream that fails in the middle leaves the packages of before, and nothing of its own', async (t) => {
    const { catalog, path } = openCatalog(t);
    const id = await catalog.repositories.replace(repository('u'), manyPackages(3, 'old'));
    async function* broken() {
      yield manyPackages(MANY, 'new');
      throw new AppError('BAD_INDEX', 'line 7');
    }
    const row = { ...repository('u'), content: '2' };
    await assert.rejects(catalog.repositories.replace(row, broken()), { code: 'BAD_INDEX' });
    assert.deepEqual(rowsOf(path), counted(3));
    assert.equal([...catalog.packages.of(id)].length, 3);
  });

  test('regression: others write between batches of file lists, and read those of before', async (t) => {
    const { catalog, path } = openCatalog(t);
    const repositoryId = await catalog.repositories.replace(repository('u'), [indexPackage('p0')]);
    const row = {
      repositoryId,
      base: '',
      etag: '',
      lastModified: '',
      content: '1',
      signedBy: '',
      trust: checked('t'),
    };
    const lists = (count: number, path: string) =>
      Array.from({ length: count }, (_, at) => packList(`p${at}`, '1.0-r0', [path]));
    await catalog.fileLists.replace({ ...row, packageCount: 1 }, lists(1, 'old'));
    const writer = new Database(path, { timeout: 0 });
    t.after(() => writer.close());
    let isDone = false;
    const written = catalog.fileLists
      .replace({ ...row, content: '2', packageCount: MANY }, lists(MANY, 'new'))
      .finally(() => {
        isDone = true;
      });
    let before = 0;
    while (!isDone) {
      writer.exec(
        "INSERT OR REPLACE INTO pushed_blob (registry, digest, repository) VALUES ('reg.example', 'b', 'a')",
      );
      const [paths] = catalog.fileLists.get(repositoryId, 'p0', '1.0-r0') ?? [];
      before += paths === 'old' ? 1 : 0;
      assert.equal([...catalog.fileLists.search(repositoryId, ['new'])].length, paths === 'old' ? 0 : MANY);
      assert.equal(catalog.fileLists.known(repositoryId).length, 1);
      await nextTurn();
    }
    await written;
    assert.ok(before > 2, `${before} turns while they were written`);
    assert.equal(rowsOf(path).file_list, MANY);
  });
});

describe('an index that is killed in the middle', () => {
  test('leaves the one of before, and the next index, of whatever repository, removes what it wrote', async (t) => {
    const { catalog, path } = openCatalog(t);
    const id = await catalog.repositories.replace(repository('u'), manyPackages(3, 'old'));
    assert.equal(await indexIn(t, path, String(MANY), 'new', '4'), 'SIGKILL');
    const left = rowsOf(path);
    assert.ok((left.package as number) > 3 && left.revision === 2, JSON.stringify(left));
    assert.deepEqual(seen(catalog, id, 'old'), [3, 3, 3, 3]);
    assert.deepEqual(seen(catalog, id, 'new'), [0, 0, 0, 0]);
    await catalog.repositories.replace(repository('v'), []);
    assert.deepEqual(rowsOf(path), counted(3, 2));
    assert.deepEqual(seen(catalog, id, 'old'), [3, 3, 3, 3]);
    assert.deepEqual(
      readdirSync(dirname(path)).filter((name) => name.endsWith('.lock')),
      [],
    );
  });

  test('is cleaned up by cache gc', async (t) => {
    const cache = tempDir(t);
    const path = join(cache, 'catalog.sqlite');
    assert.equal(await indexIn(t, path, String(MANY), 'new', '4'), 'SIGKILL');
    assert.equal(rowsOf(path).revision, 1);
    await use({ cache }, (context) => cacheGc(context, { maxSizeBytes: undefined }));
    assert.deepEqual(rowsOf(path), counted(0, 0));
  });

  test('that fails or is cancelled leaves the one of before', async (t) => {
    const { catalog, path } = openCatalog(t);
    const id = await catalog.repositories.replace(repository('u'), manyPackages(3, 'old'));
    const stop = new AbortController();
    const written = catalog.repositories.replace(
      { ...repository('u'), content: '2' },
      manyPackages(MANY, 'new'),
      { signal: stop.signal },
    );
    for (let turns = 0; turns < 3; turns += 1) await nextTurn();
    stop.abort();
    await assert.rejects(written, { name: 'AbortError' });
    assert.deepEqual(seen(catalog, id, 'old'), [3, 3, 3, 3]);
    await catalog.revisions.removeUnnamed();
    assert.deepEqual(rowsOf(path), counted(3));
  });
});

describe('an index that several write at once', () => {
  test('is there once, and each of the processes ends well', async (t) => {
    const { catalog, path } = openCatalog(t);
    const ends = ['a', 'a', 'a', 'b'].map((content) => indexIn(t, path, String(MANY), content));
    assert.deepEqual(await Promise.all(ends), [0, 0, 0, 0]);
    const row = catalog.repositories.find('alpine', 'x86_64', 'u');
    assert.ok(row);
    assert.deepEqual(seen(catalog, row.id, row.content), Array(4).fill(MANY));
    assert.deepEqual(rowsOf(path), counted(MANY));
  });

  test('is not written again by who has waited for the same', async (t) => {
    const { catalog, path } = openCatalog(t);
    const second = new Catalog(path);
    t.after(() => second.close());
    const packages = manyPackages(10, 'p');
    const ids = await Promise.all(
      [catalog, second].map((one) => one.repositories.replace(repository('u'), packages)),
    );
    assert.equal(ids[0], ids[1]);
    const database = new Database(path, { readonly: true });
    t.after(() => database.close());
    assert.deepEqual(database.prepare('SELECT max(id) FROM package').pluck().get(), 10, 'written once');
  });
});
