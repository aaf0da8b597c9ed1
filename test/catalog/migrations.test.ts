import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { Catalog } from '../../src/catalog/catalog.ts';
import { packList } from '../../src/catalog/file-lists.ts';
import { MIGRATIONS } from '../../src/catalog/migrations.ts';
import { digestOf } from '../../src/model/digest.ts';
import { tempDir } from '../fixtures/temp.ts';
import { indexPackage, repository } from './fixtures.ts';

/** Each migration with a catalog of the version before: a test for every step that changes what a catalog holds. */

/** An empty catalog as it was before the step that contains `text`; the caller fills and closes it. */
function catalogBefore(
  t: TestContext,
  text: string,
): { readonly old: Database.Database; readonly path: string } {
  const version = MIGRATIONS.findIndex((step) => step.includes(text));
  assert.ok(version >= 0, text);
  const path = join(tempDir(t), 'catalog.sqlite');
  const old = new Database(path);
  for (const step of MIGRATIONS.slice(0, version)) old.exec(step);
  old.pragma(`user_version = ${version}`);
  return { old, path };
}

test('from before revisions: packages, what they provide, the words of descriptions and file lists stay', async (t) => {
  const { old, path } = catalogBefore(t, 'CREATE TABLE revision');
  const insert = (table: string, values: Record<string, unknown>) => {
    const columns = old.pragma(`table_info(${table})`) as { name: string; type: string }[];
    old
      .prepare(`INSERT INTO ${table} VALUES (${columns.map(() => '?').join(', ')})`)
      .run(...columns.map(({ name, type }) => values[name] ?? (type === 'INTEGER' ? 0 : '')));
  };
  for (const [id, name] of [
    [3, 'one'],
    [7, 'two'],
  ] as const) {
    insert('repository', { id, distro: 'alpine', architecture: 'x86_64', url: name, name });
    insert('package', { id: 10 + id, repository_id: id, name, version: '1', description: `tool ${name}` });
    insert('relation_name', { repository_id: id, kind: 0, name: `cmd:${name}`, package_id: 10 + id });
    old.exec(`INSERT INTO package_text (rowid, description) VALUES (${10 + id}, 'tool ${name}')`);
  }
  insert('file_database', { repository_id: 7, package_count: 1 });
  insert('file_list', { id: 1, repository_id: 7, ...packList('two', '1', ['usr/bin/two']) });
  old.close();

  const catalog = new Catalog(path);
  t.after(() => catalog.close());
  assert.deepEqual(catalog.packages.names([{ id: 3 }]), ['one']);
  const source = catalog.packages.source([
    { id: 7, tag: '' },
    { id: 3, tag: '' },
  ]);
  assert.deepEqual(
    [...source.providers('cmd:one'), ...source.providers('cmd:two')].map((found) => found.repositoryId),
    [3, 7],
  );
  assert.deepEqual(
    [3, 7].map((id) => catalog.search.describedBy(id, 'tool').map((found) => found.id)),
    [[13], [17]],
  );
  assert.deepEqual(catalog.fileLists.get(7, 'two', '1'), ['usr/bin/two']);
  assert.deepEqual(catalog.fileLists.known(7), [17]);
  assert.equal(await catalog.repositories.replace(repository('two'), [indexPackage('new')]), 7);
  assert.deepEqual(catalog.packages.names([{ id: 7 }, { id: 3 }]), ['new', 'one']);
});

test('from before files were packed: what accepted archives hold stays, and is found by its paths', (t) => {
  const { old, path } = catalogBefore(t, 'CREATE TABLE file_block');
  const columns = old.pragma('table_info(archive)') as { name: string; type: string }[];
  const row = [
    'usr/bin/ä\udcff',
    'file',
    0o755,
    0,
    0,
    'root',
    'root',
    1,
    2,
    '',
    '0'.repeat(64),
    512,
    0,
    0,
    {},
    [],
  ];
  const digest = digestOf('a');
  const values: Record<string, string> = {
    digest,
    distro: 'alpine',
    name: 'one',
    trust: 'alpine pinned\nx',
    files: JSON.stringify([row]),
  };
  const insert = old.prepare(`INSERT INTO archive VALUES (${columns.map(() => '?').join(', ')})`);
  const json = new Set(['segments', 'info', 'scripts', 'root_members', 'backup_md5']);
  const put = (own: Record<string, string>) =>
    insert.run(
      columns.map(({ name, type }) => own[name] ?? (type === 'INTEGER' ? 0 : json.has(name) ? '{}' : '')),
    );
  put(values);
  put({ ...values, digest: digestOf('b'), trust: '', files: '[["unfinished"]]' });
  old.close();

  const catalog = new Catalog(path);
  t.after(() => catalog.close());
  const files = catalog.archives.get(digest)?.facts.files.map((file) => Object.values(file));
  assert.deepEqual(files, [row]);
  assert.deepEqual(
    catalog.archivePaths.search('alpine', ['\nusr/bin/ä\udcff\n']).map((found) => [found.name, found.files]),
    [['one', [{ path: 'usr/bin/ä\udcff', type: 'file' }]]],
  );
  assert.deepEqual(catalog.archivePaths.search('alpine', ['\nusr/bin\n']), []);
});
