import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addFamily,
  allDistros,
  distroOf,
  families,
  familyIds,
  familyOf,
  familyOfFile,
  findFamily,
} from '../../src/distros/families.ts';
import { isAppError } from '../../src/model/app-error.ts';
import { toyFamily } from './toy/toy-family.ts';

test('the code of a family is of its id; the first family is the default', async () => {
  assert.equal(familyIds()[0], 'alpine');
  for (const { id, load } of families()) {
    assert.match(id, /^[a-z0-9]+$/, 'a part of tags, annotations and folders');
    assert.equal((await load()).id, id);
    assert.equal(await distroOf(id), await load());
  }
});

test('what is no family is refused with those that there are', () => {
  assert.equal(findFamily('debian'), undefined);
  assert.throws(
    () => familyOf('debian'),
    (error) =>
      isAppError(error, 'USAGE') &&
      error.message.includes(`expected ${familyIds().join(' or ')}, got "debian"`),
  );
});

test('a family is added once, and removed again', () => {
  const remove = addFamily(toyFamily);
  assert.equal(familyOf('toy'), toyFamily);
  assert.throws(() => addFamily(toyFamily), /two package families called toy/);
  remove();
  assert.equal(findFamily('toy'), undefined);
});

test('an archive’s name tells its family and its package', () => {
  const names: readonly (readonly [file: string, id: string | undefined, read?: object])[] = [
    ['git-2.43.0-r0.apk', 'alpine', { name: 'git', version: '2.43.0-r0' }],
    ['7zip-1-2-x86_64.pkg.tar.zst', 'arch', { name: '7zip', version: '1-2', architecture: 'x86_64' }],
    ['a-b-1-1-any.pkg.tar', 'arch', { name: 'a-b', version: '1-1', architecture: 'any' }],
    ['git_2.43.0_amd64.deb', undefined],
  ];
  for (const [file, id, read] of names) {
    const family = familyOfFile(file);
    assert.equal(family?.id, id, file);
    assert.deepEqual(family?.archiveNames.read(file), read, file);
  }
  const stored = { name: 'a', version: '1-r0', architecture: 'any' };
  for (const { archiveNames } of [familyOf('alpine'), familyOf('arch')]) {
    for (const compression of ['gzip', 'zstd', 'xz', 'bzip2', 'none'] as const) {
      const file = archiveNames.write(stored, compression);
      const { name, version } = archiveNames.read(file) ?? {};
      assert.deepEqual([name, version], ['a', '1-r0'], file);
    }
  }
});

test('no facet has more than six members', async () => {
  const distros = [...(await allDistros()), await toyFamily.load()];
  const facets = new Map<string, Set<string>>();
  for (const { id: _, ...rest } of distros) {
    for (const [facet, members] of Object.entries(rest)) {
      const known = facets.get(facet) ?? new Set();
      facets.set(facet, new Set([...known, ...Object.keys(members)]));
    }
  }
  assert.ok(facets.size > 5);
  for (const [facet, members] of facets) assert.ok(members.size <= 6, `${facet}: ${[...members].join(', ')}`);
});
