import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseRepositoryLine, repositories } from '../../../src/distros/arch/repositories.ts';
import { tempDir } from '../../fixtures/temp.ts';

const QUERY = { release: '', architecture: 'x86_64', mirrors: [] };

test('core and extra of the official mirror, and of Arch Linux ARM in its own layout', () => {
  const names = (architecture: string): string[] =>
    repositories({ ...QUERY, architecture }).flatMap(({ baseUrls }) => baseUrls);
  assert.deepEqual(names('x86_64'), [
    'https://geo.mirror.pkgbuild.com/core/os/x86_64',
    'https://geo.mirror.pkgbuild.com/extra/os/x86_64',
  ]);
  assert.deepEqual(names('aarch64'), [
    'http://mirror.archlinuxarm.org/aarch64/core',
    'http://mirror.archlinuxarm.org/aarch64/extra',
  ]);
});

test('mirrors are base URLs or Server patterns, in order', () => {
  const [core] = repositories({ ...QUERY, mirrors: ['http://one/arch/', 'http://two/$arch/$repo'] });
  assert.deepEqual(core?.baseUrls, ['http://one/arch/core/os/x86_64', 'http://two/x86_64/core']);
  assert.equal(core?.release, 'rolling');
  assert.equal(core?.indexNames[0], 'core.db');
  assert.ok(core?.indexNames.includes('core.db.tar.zst'));
});

test('a release other than rolling is refused', () => {
  assert.throws(() => repositories({ ...QUERY, release: '2017.12' }), { code: 'USAGE' });
});

const LINES: readonly (readonly [line: string, name: string, url: string])[] = [
  ['http://m/core/os/x86_64', 'core', 'http://m/core/os/x86_64'],
  ['http://m/core/os/$arch/', 'core', 'http://m/core/os/x86_64'],
  ['http://m/x86_64/alarm', 'alarm', 'http://m/x86_64/alarm'],
  ['custom=http://m/repo', 'custom', 'http://m/repo'],
  ['custom = http://m/$repo/os/$arch', 'custom', 'http://m/custom/os/x86_64'],
  ['Server = http://m/extra/os/$arch', 'extra', 'http://m/extra/os/x86_64'],
  ['http://m/any/pool.db.tar.gz', 'pool', 'http://m/any'],
  ['http://m/x?a=b', 'x', 'http://m/x?a=b'],
  ['http://me:pw@m?a=b/c', 'm', 'http://me:pw@m?a=b/c'],
  ['x=http://me:pw@m/$repo/os/$arch/?a=b', 'x', 'http://me:pw@m/x/os/x86_64?a=b'],
];

test('repository lines name URL, name and database', () => {
  for (const [line, name, url] of LINES) {
    const spec = parseRepositoryLine(line, QUERY);
    assert.deepEqual([spec?.name, spec?.baseUrls], [name, [url]], line);
  }
  assert.deepEqual(parseRepositoryLine('http://m/any/pool.db.tar.gz', QUERY)?.indexNames, ['pool.db.tar.gz']);
  assert.equal(parseRepositoryLine('# Server = x', QUERY), undefined);
  assert.throws(() => parseRepositoryLine('Server = http://m/$repo', QUERY), { code: 'USAGE' });
});

test('a folder is called after its database, wherever it lies', (t) => {
  const folder = join(tempDir(t), 'anything');
  mkdirSync(folder);
  assert.equal(parseRepositoryLine(folder, QUERY)?.name, 'anything');
  writeFileSync(join(folder, 'pool.db.tar.gz'), '');
  writeFileSync(join(folder, 'pool.db'), '');
  assert.equal(parseRepositoryLine(folder, QUERY)?.name, 'pool');
  assert.equal(parseRepositoryLine(`file://${folder}`, QUERY)?.name, 'pool');
  writeFileSync(join(folder, 'other.db'), '');
  assert.throws(() => parseRepositoryLine(folder, QUERY), { code: 'USAGE' });
  assert.equal(parseRepositoryLine(`${folder}/other.db`, QUERY)?.name, 'other');
});
