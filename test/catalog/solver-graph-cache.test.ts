import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Database from 'better-sqlite3';
import { Catalog } from '../../src/catalog/catalog.ts';
import { SolverGraphCache } from '../../src/catalog/solver-graph-cache.ts';
import { indexPackage, openCatalog, repository } from './fixtures.ts';

/** Keys in the order they were kept. */
function keysOf(path: string): string[] {
  const database = new Database(path, { readonly: true });
  const keys = database.prepare<[], string>('SELECT key FROM solver_graph ORDER BY id').pluck().all();
  database.close();
  return keys;
}

/** What a solver would make, and how often it had to. */
function maker(text: string): { make(): Uint8Array; count: number } {
  return {
    count: 0,
    make() {
      this.count += 1;
      return Buffer.from(text);
    },
  };
}

describe('bytes kept of repositories', () => {
  test('are made once, and read by the next that opens the catalog', async (t) => {
    const { catalog, path } = openCatalog(t);
    const id = await catalog.repositories.replace(repository('u'), [indexPackage('a')]);
    const made = maker('graph');
    const keep = (from: Catalog): string =>
      from.snapshot(() =>
        Buffer.from(from.packages.source([{ id, tag: '' }]).cached('kind', () => made.make())).toString(),
      );
    assert.equal(keep(catalog), 'graph');
    assert.equal(keep(catalog), 'graph');
    const other = new Catalog(path);
    assert.equal(keep(other), 'graph');
    other.close();
    assert.equal(made.count, 1);
  });

  test('leave with the index that they were made of', async (t) => {
    const { catalog, path } = openCatalog(t);
    const put = (content: string) =>
      catalog.repositories.replace({ ...repository('u'), content }, [indexPackage('a')]);
    const other = await catalog.repositories.replace({ ...repository('v'), content: 'of-v' }, []);
    for (const content of ['one', 'two', 'three']) {
      const id = await put(content);
      catalog.snapshot(() => {
        for (const ids of [[id], [id, other], [other]])
          catalog.packages
            .source(ids.map((one) => ({ id: one, tag: '' })))
            .cached('k', () => Buffer.from('x'));
      });
    }
    assert.deepEqual(keysOf(path).sort(), ['k of-v', 'k three', 'k three of-v']);
  });

  test('are not kept if an index was replaced while they were made', async (t) => {
    const { catalog, path } = openCatalog(t);
    const put = (content: string) =>
      catalog.repositories.replace({ ...repository('u'), content }, [indexPackage('a')]);
    const id = await put('old');
    const other = new Catalog(path);
    t.after(() => other.close());
    const release = other.hold();
    other.packages.source([{ id, tag: '' }]).cached('k', () => Buffer.from('graph'));
    await put('new');
    release();
    assert.deepEqual(keysOf(path), []);
  });

  test('are the same object for one question after another', async (t) => {
    const { catalog } = openCatalog(t);
    const id = await catalog.repositories.replace(repository('u'), [indexPackage('a')]);
    const ask = (): Uint8Array =>
      catalog.snapshot(() =>
        catalog.packages.source([{ id, tag: '' }]).cached('kind', () => Buffer.from('x')),
      );
    const first = ask();
    assert.equal(ask(), first);
    assert.equal(ask(), first);
  });

  test('are made again after a repository has changed, and for other repositories, orders and kinds', async (t) => {
    const { catalog } = openCatalog(t);
    const index = (url: string, content: string): Promise<number> =>
      catalog.repositories.replace({ ...repository(url), content }, [indexPackage('a')]);
    const one = await index('one', 'sha256:1');
    const two = await index('two', 'sha256:2');
    let text = 0;
    const ask = (ids: readonly number[], kind = 'kind'): string =>
      catalog.snapshot(() => {
        const source = catalog.packages.source(ids.map((id) => ({ id, tag: '' })));
        text += 1;
        return Buffer.from(source.cached(kind, () => Buffer.from(String(text)))).toString();
      });
    assert.equal(ask([one, two]), '1');
    assert.equal(ask([two, one]), '2');
    assert.equal(ask([one]), '3');
    assert.equal(ask([one, two], 'other'), '4');
    assert.equal(ask([one, two]), '1');
    await index('two', 'sha256:3');
    assert.equal(ask([one, two]), '6');
    await index('two', 'sha256:2');
    assert.equal(ask([two, one]), '7', 'what was made of an index leaves with it');
  });

  test('are written when the snapshot is over, eight at most, the oldest going first', async (t) => {
    const { catalog, path } = openCatalog(t);
    const id = await catalog.repositories.replace(repository('u'), [indexPackage('a')]);
    for (let n = 0; n < 10; n += 1) {
      catalog.snapshot(() => {
        catalog.packages.source([{ id, tag: '' }]).cached(`k${n}`, () => Buffer.from(String(n)));
        assert.ok(!keysOf(path).some((key) => key.startsWith(`k${n}`)));
      });
    }
    assert.deepEqual(
      keysOf(path).map((key) => key.split(' ')[0]),
      ['k2', 'k3', 'k4', 'k5', 'k6', 'k7', 'k8', 'k9'],
    );
  });

  test('made by two at once, are kept once', async (t) => {
    const { catalog, path } = openCatalog(t);
    const id = await catalog.repositories.replace(repository('u'), [indexPackage('a')]);
    const other = new Catalog(path);
    t.after(() => other.close());
    const releases = [catalog, other].map((one) => {
      const release = one.hold();
      const bytes = one.packages.source([{ id, tag: '' }]).cached('kind', () => Buffer.from('graph'));
      assert.equal(Buffer.from(bytes).toString(), 'graph');
      return release;
    });
    for (const release of releases) release();
    assert.equal(keysOf(path).length, 1);
  });

  test('are made each time where the catalog is busy, full or read-only, and nothing fails', (t) => {
    const { path } = openCatalog(t);
    const blocker = new Database(path);
    t.after(() => blocker.close());
    const cases: readonly (readonly [what: string, open: () => Database.Database, size: number])[] = [
      ['busy', () => new Database(path, { timeout: 0 }), 10],
      ['read-only', () => new Database(path, { readonly: true }), 10],
      ['full', () => full(path), 10_000_000],
    ];
    for (const [what, open, size] of cases) {
      const database = open();
      if (what === 'busy') blocker.exec('BEGIN IMMEDIATE');
      const kept = new SolverGraphCache(database);
      const bytes = new Uint8Array(size).fill(7);
      assert.equal(
        kept.get(what, () => bytes),
        bytes,
      );
      assert.doesNotThrow(() => kept.flush(), what);
      if (what === 'busy') blocker.exec('COMMIT');
      assert.deepEqual(keysOf(path), [], what);
      database.close();
    }
  });

  test('are made again where what was kept is damaged, and put in its place', async (t) => {
    const { catalog, path } = openCatalog(t);
    const id = await catalog.repositories.replace(repository('u'), [indexPackage('a')]);
    const database = new Database(path);
    t.after(() => database.close());
    const made = maker('the graph of all packages');
    const read = (): string => {
      const reader = new Catalog(path);
      const bytes = reader.snapshot(() =>
        Buffer.from(reader.packages.source([{ id, tag: '' }]).cached('kind', () => made.make())).toString(),
      );
      reader.close();
      return bytes;
    };
    read();
    for (const damage of [
      'substr(content, 1, 10)',
      "x''",
      'substr(content, 1, length(content) - 1)',
      'cast(substr(content, 1, 12) || zeroblob(length(content) - 12) AS BLOB)',
    ]) {
      const before = made.count;
      database.exec(`UPDATE solver_graph SET content = ${damage}`);
      assert.equal(read(), 'the graph of all packages', damage);
      assert.equal(made.count, before + 1, damage);
      assert.equal(read(), 'the graph of all packages');
      assert.equal(made.count, before + 1, 'and kept');
    }
  });

  test('nobody waits for a busy catalog to keep them', async (t) => {
    const { catalog, path } = openCatalog(t);
    const id = await catalog.repositories.replace(repository('u'), [indexPackage('a')]);
    const blocker = new Database(path);
    t.after(() => blocker.close());
    blocker.exec('BEGIN IMMEDIATE');
    const started = performance.now();
    catalog.snapshot(() => catalog.packages.source([{ id, tag: '' }]).cached('kind', () => Buffer.from('x')));
    // Far from both: a try takes milliseconds, and the time that other writes wait is half a minute.
    assert.ok(performance.now() - started < 10_000);
    blocker.exec('COMMIT');
    assert.deepEqual(keysOf(path), []);
  });

  test('a failure that says more is told', (t) => {
    const { path } = openCatalog(t);
    const database = new Database(path);
    const kept = new SolverGraphCache(database);
    kept.get('key', () => Buffer.from('x'));
    database.exec('DROP TABLE solver_graph');
    assert.throws(() => kept.flush(), { code: 'SQLITE_ERROR' });
    database.close();
  });
});

function full(path: string): Database.Database {
  const database = new Database(path);
  const pages = database.pragma('page_count', { simple: true }) as number;
  database.pragma(`max_page_count = ${pages}`);
  return database;
}
