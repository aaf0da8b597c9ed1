import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import Database from 'better-sqlite3';
import { Catalog } from '../../src/catalog/catalog.ts';
import { checked } from '../../src/catalog/trust-label.ts';
import { isAppError } from '../../src/model/app-error.ts';
import { entry, facts } from '../compose/entries.ts';
import { indexPackage, openCatalog, repository } from './fixtures.ts';

describe('catalog', () => {
  test('a package comes back with every field as it went in', async (t) => {
    const { catalog } = openCatalog(t);
    const made = indexPackage('git', {
      depends: ['so:libc.so.1', '!bad', 'zlib>=1.2'],
      provides: ['cmd:git=2'],
      replaces: ['old-git'],
      conflicts: ['x'],
      installIf: ['docs', 'git=1.0-r0'],
      groups: ['devel'],
      providerPriority: 7,
      replacesPriority: 8,
      signature: 'c2ln',
      commit: 'abc',
      extra: { MD5SUM: ['0'], X: ['a', 'b'] },
    });
    const id = await catalog.repositories.replace(repository('u'), [made]);
    const [got] = catalog.packages.source([{ id, tag: 'edge' }]).byName('git');
    assert.ok(got);
    const { id: _, repositoryId, repositoryRank, ordinal, tag, dependents, ...rest } = got;
    assert.deepEqual(rest, made);
    assert.deepEqual([repositoryId, repositoryRank, ordinal, tag, dependents], [id, 0, 0, 'edge', 0]);
  });

  test('names, provides, install_if and groups are found, in order of repository, then index', async (t) => {
    const { catalog } = openCatalog(t);
    const one = await catalog.repositories.replace(repository('one'), [
      indexPackage('b', { provides: ['cmd:x=1'], groups: ['g'] }),
      indexPackage('a', { provides: ['cmd:x'], installIf: ['b=1', 'docs'] }),
    ]);
    const two = await catalog.repositories.replace(repository('two'), [
      indexPackage('c', { provides: ['cmd:x=3'] }),
      indexPackage('a'),
    ]);
    const source = catalog.packages.source([
      { id: two, tag: '' },
      { id: one, tag: '' },
    ]);
    const names = (list: readonly { name: string; repositoryRank: number }[]) =>
      list.map((p) => `${p.name}@${p.repositoryRank}`);
    assert.deepEqual(names(source.providers('cmd:x')), ['c@0', 'b@1', 'a@1']);
    assert.deepEqual(names(source.byName('a')), ['a@0', 'a@1']);
    assert.deepEqual(names(source.group('g')), ['b@1']);
    assert.deepEqual(source.byName('nothing'), []);
    assert.equal(source.byName('b')[0], source.providers('cmd:x')[1], 'one object a package');
    assert.deepEqual(
      catalog.packages.source([{ id: two, tag: '' }]).byName('b'),
      [],
      'other repositories stay out',
    );
    const twice = [two, one, two].map((id) => ({ id, tag: '' }));
    assert.deepEqual(
      names(catalog.packages.source(twice).byName('a')),
      ['a@0', 'a@1'],
      'of a repository that is named twice the first place counts',
    );
  });

  test('dependents count what names a package or what it provides', async (t) => {
    const { catalog } = openCatalog(t);
    const id = await catalog.repositories.replace(repository('u'), [
      indexPackage('musl', { provides: ['so:libc.so.1=1'] }),
      indexPackage('a', { depends: ['so:libc.so.1', 'musl>1'] }),
      indexPackage('b', { depends: ['so:libc.so.1'] }),
    ]);
    assert.equal(catalog.packages.source([{ id, tag: '' }]).byName('musl')[0]?.dependents, 3);
  });

  test('a newer index takes the place of the older, and of nothing else', async (t) => {
    const { catalog } = openCatalog(t);
    const other = await catalog.repositories.replace(repository('other'), [
      indexPackage('keep', { provides: ['p'] }),
    ]);
    await catalog.repositories.replace(repository('u'), [indexPackage('old', { provides: ['p'] })]);
    const id = await catalog.repositories.replace(repository('u'), [indexPackage('new')]);
    const ranked = [
      { id, tag: '' },
      { id: other, tag: '' },
    ];
    assert.deepEqual([...catalog.packages.names(ranked)].sort(), ['keep', 'new']);
    assert.deepEqual(
      catalog.packages
        .source(ranked)
        .providers('p')
        .map((p) => p.name),
      ['keep'],
    );
    assert.equal(catalog.repositories.find('alpine', 'x86_64', 'u')?.packageCount, 1);
  });

  test('an index that fails half-way leaves the old one', async (t) => {
    const { catalog } = openCatalog(t);
    await catalog.repositories.replace(repository('u'), [indexPackage('old')]);
    const broken = indexPackage('bad', { sizeBytes: {} as number });
    await assert.rejects(catalog.repositories.replace(repository('u'), [indexPackage('new'), broken]));
    const row = catalog.repositories.find('alpine', 'x86_64', 'u');
    assert.deepEqual(catalog.packages.names([{ id: row?.id as number }]), ['old']);
  });

  test('an archive’s facts come back equal, by digest and by identity', (t) => {
    const { catalog } = openCatalog(t);
    const made = facts(
      'git',
      [
        entry('f bin/git 1', { xattrs: { 'user.x': 'AA==' }, pax: [['mtime', 'MQ==']] }),
        'd bin',
        'h bin/g bin/git',
        entry('f \udcff 1'),
      ],
      {
        scripts: [{ name: 'post-install', content: 'IyE=' }],
        rootMembers: { '.PKGINFO': 'eA==' },
        info: { pkgname: ['git'], depend: ['a', 'b'] },
        segments: [{ offset: 0, sizeBytes: 5, uncompressedOffset: 0, uncompressedSizeBytes: 9 }],
      },
    );
    catalog.archives.put(made, checked('pinned'));
    assert.deepEqual(catalog.archives.get(made.digest), { facts: made, trust: checked('pinned') });
    const verdict = {
      digest: made.digest,
      name: made.name,
      version: made.version,
      sizeBytes: made.sizeBytes,
      trust: checked('pinned'),
    };
    assert.deepEqual(catalog.archives.verdicts('alpine', ['no', 'git', '"', 'git']), [
      [],
      [verdict],
      [],
      [verdict],
    ]);
    assert.deepEqual(catalog.archives.digestsOf('arch', 'git'), []);
    catalog.archives.put({ ...made, signedBy: 'someone' }, checked('other'));
    assert.deepEqual(
      [catalog.archives.get(made.digest)?.trust, catalog.archives.get(made.digest)?.facts.signedBy],
      [checked('other'), 'someone'],
    );
    const library = { bits: 64, machine: 62, soname: null, libc6: false, osVersion: 0, isaLevel: 3 } as const;
    const linked = { ...made, linker: { libraries: { ab: library, cd: null }, generators: { ef: '' } } };
    catalog.archives.put(linked, checked('other'));
    assert.deepEqual(catalog.archives.get(made.digest)?.facts, linked);
  });

  test('two processes may open, read and write the same file', async (t) => {
    const { catalog, path } = openCatalog(t);
    const second = new Catalog(path);
    t.after(() => second.close());
    const id = await catalog.repositories.replace(repository('u'), [indexPackage('a')]);
    assert.deepEqual(second.packages.names([{ id }]), ['a']);
    await second.repositories.replace(repository('v'), [indexPackage('b')]);
    assert.equal(catalog.repositories.all().length, 2);
  });

  test('a newer schema, and a file that is no database, are refused with their path', (t) => {
    const { catalog, path } = openCatalog(t);
    catalog.close();
    const raw = new Database(path);
    raw.pragma('user_version = 9999');
    raw.close();
    assert.throws(
      () => new Catalog(path),
      (error) =>
        isAppError(error, 'CATALOG') && error.message.includes(path) && error.message.includes('9999'),
    );
    writeFileSync(`${path}.txt`, 'this is not a database, whatever its name says '.repeat(100));
    assert.throws(
      () => new Catalog(`${path}.txt`),
      (error) => isAppError(error, 'CATALOG') && /not a database/.test(error.message),
    );
  });
});

test('regression: a repository keeps its id when its index is replaced, so that a process about to solve still finds it', async (t) => {
  const { catalog } = openCatalog(t);
  const main = await catalog.repositories.replace(repository('main'), [indexPackage('a')]);
  await catalog.repositories.replace(repository('community'), [indexPackage('b')]);
  assert.equal(await catalog.repositories.replace(repository('main'), [indexPackage('a2')]), main);
  assert.deepEqual(catalog.packages.names([{ id: main }]), ['a2']);
});
