import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Database from 'better-sqlite3';
import { Catalog } from '../../src/catalog/catalog.ts';
import { MIGRATIONS } from '../../src/catalog/migrations.ts';
import { indexPackage, openCatalog, repository } from './fixtures.ts';

/** Names of the packages whose descriptions have the word. */
function described(catalog: Catalog, repositoryId: number, word: string): string[] {
  return catalog.search
    .describedBy(repositoryId, word)
    .map(({ id }) => catalog.search.row(id)?.name ?? 'gone')
    .sort();
}

describe('words of descriptions', () => {
  test('a word matches where a word of the description begins with it, in any case, accents aside', async (t) => {
    const { catalog } = openCatalog(t);
    const id = await catalog.repositories.replace(repository('u'), [
      indexPackage('one', { description: 'A Compression library' }),
      indexPackage('two', { description: 'decompress and compress files' }),
      indexPackage('three', { description: 'compiler of C++ and C#' }),
      indexPackage('four', { description: 'Überwachung' }),
    ]);
    assert.deepEqual(described(catalog, id, 'compres'), ['one', 'two']);
    assert.deepEqual(described(catalog, id, 'COMPRESSION'), ['one']);
    assert.deepEqual(described(catalog, id, 'c++'), ['three']);
    assert.deepEqual(described(catalog, id, 'C#'), ['three']);
    assert.deepEqual(described(catalog, id, 'c'), [], 'one letter is a word of its own');
    assert.deepEqual(described(catalog, id, 'uberwach'), ['four']);
    assert.deepEqual(described(catalog, id, 'compress-files'), ['two'], 'words that follow each other');
  });

  test('a description that says little else ranks before one that says much', async (t) => {
    const { catalog } = openCatalog(t);
    const id = await catalog.repositories.replace(repository('u'), [
      indexPackage('long', { description: `a browser ${'of this and that '.repeat(10)}` }),
      indexPackage('short', { description: 'browser' }),
      ...Array.from({ length: 20 }, (_, at) => indexPackage(`other${at}`)),
    ]);
    const ranks = new Map(
      catalog.search.describedBy(id, 'browser').map((hit) => [catalog.search.row(hit.id)?.name, hit.rank]),
    );
    assert.ok((ranks.get('short') as number) < (ranks.get('long') as number));
  });

  for (const word of [
    '"',
    '""',
    '"a" OR "b',
    'NOT',
    'AND OR',
    'description:a',
    '*',
    'a*',
    '-',
    '--',
    '^a',
    'a + b',
    '(',
    'NEAR(a b)',
    '{description} : a',
    '\0',
    'a\0"b',
    "'; DROP TABLE package; --",
    '%',
    '_',
    '\\',
    '\ud800',
    '',
    'x'.repeat(5000),
  ]) {
    test(`${JSON.stringify(word.slice(0, 30))} is text, not syntax`, async (t) => {
      const { catalog } = openCatalog(t);
      const id = await catalog.repositories.replace(repository('u'), [
        indexPackage('plain', { description: 'void', provides: ['so:q.so=1'] }),
      ]);
      assert.deepEqual(described(catalog, id, word), []);
      const expected = word === '' ? ['plain'] : [];
      assert.deepEqual(
        catalog.search.names(id, word).map(({ name }) => name),
        expected,
      );
      assert.equal(catalog.search.provides(id, word).length, expected.length);
    });
  }

  test('an index that takes the place of another leaves no word of it behind', async (t) => {
    const { catalog } = openCatalog(t);
    const other = await catalog.repositories.replace(repository('other'), [
      indexPackage('keep', { description: 'zebra' }),
    ]);
    for (let round = 0; round < 3; round++) {
      const id = await catalog.repositories.replace(repository('u'), [
        indexPackage('a', { description: `giraffe round${round}` }),
        indexPackage('b', { description: 'zebra' }),
      ]);
      assert.deepEqual(described(catalog, id, 'giraffe'), ['a']);
      assert.deepEqual(described(catalog, id, `round${round}`), ['a']);
      assert.deepEqual(described(catalog, id, `round${round - 1}`), []);
    }
    const id = await catalog.repositories.replace(repository('u'), [
      indexPackage('new', { description: 'elephant' }),
    ]);
    assert.deepEqual(
      described(catalog, id, 'giraffe'),
      [],
      'ids are used again: another package must not answer',
    );
    assert.deepEqual(described(catalog, id, 'zebra'), []);
    assert.deepEqual(described(catalog, id, 'elephant'), ['new']);
    assert.deepEqual(described(catalog, other, 'zebra'), ['keep']);
    assert.deepEqual(described(catalog, other, 'elephant'), [], 'other repositories stay out');
    await catalog.repositories.replace(repository('u'), []);
    assert.deepEqual(described(catalog, id, 'elephant'), []);
  });

  test('a catalog of the first version is filled from what it holds', async (t) => {
    const { catalog, path } = openCatalog(t);
    catalog.close();
    const old = new Database(`${path}.old`);
    old.exec(MIGRATIONS[0] as string);
    old.pragma('user_version = 1');
    const row = {
      ...repository('u'),
      trust: 'pinned',
      last_modified: '',
      signed_by: '',
      package_count: 1,
    } as unknown as Record<string, unknown>;
    old
      .prepare(
        `INSERT INTO repository (id, distro, architecture, url, base, release, name, etag, last_modified, content,
           description, signed_by, trust, package_count)
         VALUES (7, @distro, @architecture, @url, @base, @release, @name, @etag, @last_modified, @content, @description,
           @signed_by, @trust, @package_count)`,
      )
      .run(row);
    const columns = (old.pragma('table_info(package)') as { name: string; type: string }[]).map(
      ({ name, type }) => {
        const known: Record<string, unknown> = {
          id: 42,
          repository_id: 7,
          name: 'git',
          description: 'a tool',
        };
        return [name, known[name] ?? (type === 'INTEGER' ? 0 : '')] as const;
      },
    );
    old
      .prepare(
        `INSERT INTO package (${columns.map(([name]) => name).join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
      )
      .run(...columns.map(([, value]) => value));
    old.close();
    const migrated = new Catalog(`${path}.old`);
    t.after(() => migrated.close());
    assert.deepEqual(described(migrated, 7, 'tool'), ['git']);
    assert.equal(await migrated.repositories.replace(repository('u'), [indexPackage('new')]), 7);
    assert.deepEqual(described(migrated, 7, 'tool'), []);
    assert.deepEqual(described(migrated, 7, 'package'), ['new']);
  });

  test('another process sees the words of an index as soon as it is there', async (t) => {
    const { catalog, path } = openCatalog(t);
    const second = new Catalog(path);
    t.after(() => second.close());
    const id = await catalog.repositories.replace(repository('u'), [
      indexPackage('a', { description: 'aardvark' }),
    ]);
    assert.deepEqual(described(second, id, 'aardvark'), ['a']);
    const release = second.hold();
    assert.deepEqual(described(second, id, 'aardvark'), ['a']);
    await catalog.repositories.replace(repository('u'), [indexPackage('b', { description: 'badger' })]);
    assert.deepEqual(described(second, id, 'aardvark'), ['a'], 'one state, whatever others write');
    release();
    assert.deepEqual(described(second, id, 'badger'), ['b']);
    assert.deepEqual(described(second, id, 'aardvark'), []);
  });
});

test('regression: a fragment longer than SQLite takes patterns matches nothing', async (t) => {
  const { catalog } = openCatalog(t);
  const id = await catalog.repositories.replace(repository('u'), [
    indexPackage('one', { provides: ['cmd:one'] }),
  ]);
  for (const fragment of ['x', '%', '\u20ac'].map((character) => character.repeat(16_001))) {
    assert.deepEqual(catalog.search.names(id, fragment), []);
    assert.deepEqual(catalog.search.provides(id, fragment), []);
    assert.deepEqual(catalog.search.names(id, fragment.slice(1)), [], 'the longest that is asked for');
  }
});
