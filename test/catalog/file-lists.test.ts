import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { packList } from '../../src/catalog/file-lists.ts';
import { checked } from '../../src/catalog/trust-label.ts';
import { entry, facts } from '../compose/entries.ts';
import { indexPackage, openCatalog, repository } from './fixtures.ts';

async function put(catalog: Catalog, lists: Readonly<Record<string, readonly string[]>>): Promise<number> {
  const packages = Object.keys(lists).map((name) => indexPackage(name));
  const repositoryId = await catalog.repositories.replace(repository('u'), packages);
  await catalog.fileLists.replace(
    {
      repositoryId,
      base: 'b',
      etag: 'e',
      lastModified: 'l',
      content: 'c',
      signedBy: 's',
      trust: checked('t'),
      packageCount: packages.length,
    },
    Object.entries(lists).map(([name, paths]) => packList(name, '1.0-r0', paths)),
  );
  return repositoryId;
}

const search = (catalog: Catalog, id: number, ...needles: string[]) =>
  [...catalog.fileLists.search(id, needles)].map(
    ({ name, paths }) => `${name}: ${[...paths].sort().join(' ')}`,
  );

describe('lists of files', () => {
  test('a list comes back as it went in, and only for its version', async (t) => {
    const { catalog } = openCatalog(t);
    const id = await put(catalog, { a: ['usr/', 'usr/a b', 'usr/ü'], empty: [] });
    assert.deepEqual(catalog.fileLists.get(id, 'a', '1.0-r0'), ['usr/', 'usr/a b', 'usr/ü']);
    assert.deepEqual(catalog.fileLists.get(id, 'empty', '1.0-r0'), []);
    assert.equal(catalog.fileLists.get(id, 'a', '2'), undefined);
    assert.deepEqual(
      [catalog.fileLists.find(id)?.packageCount, catalog.fileLists.find(id)?.trust],
      [2, checked('t')],
    );
    assert.equal(catalog.fileLists.find(id + 1), undefined);
  });

  test('needles find whole paths, last components and fragments, directories too', async (t) => {
    const { catalog } = openCatalog(t);
    const id = await put(catalog, {
      a: ['usr/', 'usr/bin/', 'usr/bin/git', 'usr/bin/git-shell', 'git'],
      b: ['usr/', 'usr/share/git/', 'usr/share/git/x', 'usr/bin/git/git'],
    });
    assert.deepEqual(search(catalog, id, '\nusr/bin/git\n'), ['a: usr/bin/git']);
    assert.deepEqual(search(catalog, id, '/git\n', '\ngit\n'), [
      'a: git usr/bin/git',
      'b: usr/bin/git/git usr/share/git/',
    ]);
    assert.deepEqual(search(catalog, id, 't-s'), ['a: usr/bin/git-shell']);
    assert.deepEqual(search(catalog, id, '\nusr\n'), ['a: usr/', 'b: usr/']);
    assert.deepEqual(search(catalog, id, '\nbin\n'), []);
    assert.equal(search(catalog, id, '').length, 2, 'no fragment: every path');
  });

  test('newer lists take the place of the older; only packages of the index count as known', async (t) => {
    const { catalog } = openCatalog(t);
    await put(catalog, { a: ['usr/old'] });
    const id = await put(catalog, { b: ['usr/new'] });
    assert.deepEqual(search(catalog, id, 'usr'), ['b: usr/new']);
    assert.equal(catalog.fileLists.known(id).length, 1);
    await catalog.repositories.replace(repository('u'), [indexPackage('b', { version: '2' })]);
    assert.deepEqual(catalog.fileLists.known(id), []);
  });

  test('property: what a path contains finds it', async (t) => {
    const { catalog } = openCatalog(t);
    const path = fc.stringMatching(/^[a-c/]{1,8}$/);
    await fc.assert(
      fc.asyncProperty(fc.array(path, { minLength: 1, maxLength: 6 }), fc.nat(), async (paths, seed) => {
        const id = await put(catalog, { p: paths });
        const wanted = paths[seed % paths.length] as string;
        const middle = wanted.slice(seed % wanted.length);
        const found = [...catalog.fileLists.search(id, [middle])].flatMap((hit) => hit.paths);
        assert.deepEqual([...found].sort(), [...new Set(paths.filter((one) => one.includes(middle)))].sort());
        const exact = wanted.replace(/\/$/, '');
        const whole = [...catalog.fileLists.search(id, [`\n${exact}\n`])].flatMap((hit) => hit.paths);
        assert.deepEqual(
          [...whole].sort(),
          [...new Set(paths.filter((one) => one === exact || one === `${exact}/`))].sort(),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('paths of archives', () => {
  test('an archive is found by whole paths, names and fragments, whatever is in them', (t) => {
    const { catalog } = openCatalog(t);
    const names = ['bin/git', 'usr/a"b\\c', 'usr/line\nfeed', 'usr/\udcff', 'usr/ü'];
    catalog.archives.put(
      facts('git', [
        entry('d bin'),
        ...names.map((path) => ({ ...entry('f x 1'), path })),
        entry('s usr/l bin/link'),
      ]),
      checked('pinned'),
    );
    const hits = (needle: string) => catalog.archivePaths.search('alpine', [needle]).length;
    for (const path of names) {
      assert.equal(hits(`\n${path}\n`), 1, JSON.stringify(path));
      assert.equal(hits(path.slice(1, -1)), 1, JSON.stringify(path));
    }
    assert.equal(hits('/git\n'), 1);
    assert.equal(hits('\ngit\n'), 0);
    assert.equal(hits('\nbin/link\n'), 0, 'where a link leads is no path of the package');
    assert.deepEqual(catalog.archivePaths.search('arch', ['\nbin/git\n']), []);
  });

  test('archives are known by the checksum of their index entries', async (t) => {
    const { catalog } = openCatalog(t);
    const made = facts('git', []);
    catalog.archives.put(made, checked('pinned'));
    const id = await catalog.repositories.replace(repository('u'), [
      indexPackage('git', { checksum: made.identity }),
      indexPackage('other', { checksum: made.identity }),
      indexPackage('git', { version: '2', checksum: 'Q1other' }),
    ]);
    const known = catalog.archivePaths.known(id, 'alpine');
    assert.deepEqual(
      known.map(({ digest }) => digest),
      [made.digest],
    );
  });
});
