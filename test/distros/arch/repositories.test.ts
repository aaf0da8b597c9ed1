import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ARCHITECTURES, takesArchitecture } from '../../../src/distros/arch/architectures.ts';
import { arch } from '../../../src/distros/arch/distro.ts';
import { parseRepositoryLine, repositories } from '../../../src/distros/arch/repositories.ts';
import { architectureOf, platformOf } from '../../../src/distros/platforms.ts';
import { tempDir } from '../../fixtures/temp.ts';

const QUERY = { release: '', architecture: 'x86_64', mirrors: [] };

test('core and extra of the official mirror, and of Arch Linux ARM in its own layout', () => {
  const names = (architecture: string): string[] =>
    repositories({ ...QUERY, architecture }).flatMap(({ baseUrls }) => baseUrls);
  const official = ['core', 'extra'].flatMap((name) =>
    ['fastly', 'geo'].map((host) => `https://${host}.mirror.pkgbuild.com/${name}/os/x86_64`),
  );
  assert.deepEqual(names('x86_64'), official);
  assert.deepEqual(names('x86_64_v3'), official);
  assert.deepEqual(names('pentium4'), [
    'https://mirror.archlinux32.org/pentium4/core',
    'https://mirror.archlinux32.org/pentium4/extra',
  ]);
  assert.deepEqual(names('armv6h')[0], 'http://mirror.archlinuxarm.org/armv6h/core');
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

test('architectures of Arch’s relatives: OCI’s platform, $arch, and the packages that each takes', () => {
  const rows: readonly (readonly [asked: string, word: string, platform: string, takes: string])[] = [
    ['amd64', 'x86_64', 'linux/amd64', 'x86_64'],
    ['x86_64', 'x86_64', 'linux/amd64', 'x86_64'],
    ['amd64/v2', 'x86_64_v2', 'linux/amd64/v2', 'x86_64 x86_64_v2'],
    ['amd64/v3', 'x86_64_v3', 'linux/amd64/v3', 'x86_64 x86_64_v2 x86_64_v3'],
    ['x86_64_v3', 'x86_64_v3', 'linux/amd64/v3', 'x86_64 x86_64_v2 x86_64_v3'],
    ['x86_64_v4', 'x86_64_v4', 'linux/amd64/v4', 'x86_64 x86_64_v2 x86_64_v3 x86_64_v4'],
    ['arm64', 'aarch64', 'linux/arm64', 'aarch64'],
    ['arm64/v8', 'aarch64', 'linux/arm64', 'aarch64'],
    ['arm', 'armv7h', 'linux/arm/v7', 'armv7h'],
    ['armv6h', 'armv6h', 'linux/arm/v6', 'armv6h'],
    ['386', 'i686', 'linux/386', 'i686'],
    ['i486', 'i486', 'linux/386', 'i486'],
    ['pentium4', 'pentium4', 'linux/386', 'pentium4'],
    ['riscv64', 'riscv64', 'linux/riscv64', 'riscv64'],
    ['loong64', 'loong64', 'linux/loong64', 'loong64'],
    ['ppc64le', 'powerpc64le', 'linux/ppc64le', 'powerpc64le'],
  ];
  for (const [asked, word, platform, takes] of rows) {
    assert.equal(architectureOf(arch, asked), word, asked);
    const { os, architecture, variant } = platformOf(arch, word);
    assert.equal([os, architecture, ...(variant === undefined ? [] : [variant])].join('/'), platform, asked);
    const taken = Object.keys(ARCHITECTURES).filter((of) => takesArchitecture(word, of));
    assert.equal(taken.sort().join(' '), takes, asked);
    assert.ok(takesArchitecture(word, 'any') && takesArchitecture(word, ''));
  }
  const spec = parseRepositoryLine('cachyos-v3=https://m/repo/$arch_v3/$repo', {
    ...QUERY,
    architecture: 'x86_64_v3',
  });
  assert.deepEqual(spec?.baseUrls, ['https://m/repo/x86_64_v3/cachyos-v3']);
  assert.equal(spec?.architecture, 'x86_64_v3');
});
