import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { files } from '../../../src/app/query/files.ts';
import { owns } from '../../../src/app/query/owns.ts';
import { indexRepositories } from '../../../src/app/repositories/index-repositories.ts';
import type { FilesReport, OwnsReport } from '../../../src/model/package-report.ts';
import type { SourceOptions } from '../../../src/model/request.ts';
import { startMirror } from '../../fake/mirror.ts';
import type { ArchSpec } from '../../fixtures/arch.ts';
import { writeAlpineMirror, writeApkKeyring, writeArchMirror } from '../../fixtures/mirror-dir.ts';
import { makePgpKey, signDetached, writeTestKeyring } from '../../fixtures/pgp.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { composed, contents, folder, index, KEY, refused, small, source, use } from '../harness.ts';

const TOOL = small('tool', {
  provides: ['cmd:tool=1'],
  files: [
    { path: 'usr/' },
    { path: 'usr/bin/', mode: 0o2755 },
    { path: 'usr/bin/tool', content: '#!/bin/sh\n', mode: 0o755 },
    { path: 'usr/bin/t', linkTarget: 'tool', type: 'symlink' },
    { path: 'bin/' },
    { path: 'bin/sh', content: 'sh' },
  ],
});

function alpine(dir: string): { cache: string; from: Partial<SourceOptions> } {
  const repository = writeAlpineMirror(join(dir, 'mirror'), {
    packages: [TOOL, small('other', { provides: ['cmd:else=1'] })],
  });
  return { cache: join(dir, 'cache'), from: { repositories: [repository], allowUntrusted: true } };
}

function filesOf(
  cache: string,
  from: Partial<SourceOptions>,
  { packages, details = false }: { packages: readonly string[]; details?: boolean },
): Promise<readonly FilesReport[]> {
  return use({ cache }, (context) => files(context, { source: source(from), packages, details }));
}

function ask(cache: string, from: Partial<SourceOptions>, ...paths: string[]): Promise<OwnsReport> {
  return use({ cache }, (context) => owns(context, { source: source(from), paths }));
}

async function ownersOf(cache: string, from: Partial<SourceOptions>, path: string): Promise<string[]> {
  return (await ask(cache, from, path)).owners.map((owner) => `${owner.name}: ${owner.path}`).sort();
}

const indexFiles = (cache: string, from: Partial<SourceOptions>) =>
  use({ cache }, (context) => indexRepositories(context, source(from), { files: true }));

test('files: the archive is fetched, verified and taken in; its own order, without its metadata', async (t) => {
  const { cache, from } = alpine(tempDir(t));
  const [report] = await filesOf(cache, from, { packages: ['tool'] });
  assert.deepEqual(report?.paths, ['usr/', 'usr/bin/', 'usr/bin/tool', 'usr/bin/t', 'bin/', 'bin/sh']);
  assert.deepEqual(
    report?.entries
      ?.slice(1, 4)
      .map(({ path, type, mode, sizeBytes, linkTarget }) => [path, type, mode, sizeBytes, linkTarget]),
    [
      ['usr/bin', 'directory', 0o2755, 0, ''],
      ['usr/bin/tool', 'file', 0o755, 10, ''],
      ['usr/bin/t', 'symlink', 0o777, 0, 'tool'],
    ],
  );
  assert.equal(report?.source, 'archive');
  assert.equal(contents(cache).blobs.length, 1);
  rmSync(join(cache, 'blobs'), { recursive: true });
  const again = await filesOf(cache, from, { packages: ['tool', 'tool>0', 'cmd:tool'] });
  assert.deepEqual(
    again,
    [report],
    'facts stay when the bytes are gone; a package named twice is listed once',
  );
  assert.equal(contents(cache).blobs.length, 0);
  await refused(filesOf(cache, from, { packages: ['tolo'] }), 'UNKNOWN_PACKAGE', /Did you mean tool/);
});

test('files: a name that several provide is no answer', async (t) => {
  const dir = tempDir(t);
  const provides = ['virtual=1'];
  const repository = writeAlpineMirror(dir, {
    packages: [small('a', { provides }), small('b', { provides })],
  });
  const from = { repositories: [repository], allowUntrusted: true };
  await refused(
    filesOf(join(dir, 'cache'), from, { packages: ['virtual'] }),
    'USAGE',
    'Name one of them: a, b.',
  );
});

test('owns: paths, names and globs, in what is cached; says what was not searched', async (t) => {
  const { cache, from } = alpine(tempDir(t));
  const none = await ask(cache, from, '/usr/bin/tool', 'else');
  assert.deepEqual([none.owners, none.missing], [[], ['/usr/bin/tool', 'else']]);
  assert.deepEqual(none.likely, ['tool-1.0-r0 provides cmd:tool', 'other-1.0-r0 provides cmd:else']);
  assert.match(
    none.notes[0] ?? '',
    /^searched 0 of 2 packages; the rest are not cached: add them with compose ingest/,
  );

  await composed(cache, ['tool'], from);
  const cases: readonly (readonly [path: string, ...owned: string[]])[] = [
    ['/usr/bin/tool', 'tool: usr/bin/tool'],
    ['usr/bin/tool', 'tool: usr/bin/tool'],
    ['./usr//bin/./tool', 'tool: usr/bin/tool'],
    ['usr/bin/tool/'],
    ['/usr/bin/', 'tool: usr/bin/'],
    ['/usr/bin', 'tool: usr/bin/'],
    ['tool', 'tool: usr/bin/tool'],
    ['bin', 'tool: bin/', 'tool: usr/bin/'],
    ['/bin', 'tool: bin/'],
    ['ool'],
    ['too*', 'tool: usr/bin/tool'],
    ['usr/*t*', 'tool: usr/bin/t', 'tool: usr/bin/tool'],
    ['/usr/bin/[a-s]*'],
    ['*/', 'tool: bin/', 'tool: usr/', 'tool: usr/bin/'],
    ['.PKGINFO'],
    ['/bin/tool', 'tool: usr/bin/tool'],
    ['/usr/bin/sh', 'tool: bin/sh'],
    ['/lib/nothing'],
    ['usr/%'],
    ['"'],
    ['usr/bin/tool",'],
  ];
  for (const [path, ...owned] of cases) assert.deepEqual(await ownersOf(cache, from, path), owned, path);
  const found = await ask(cache, from, 'tool', 'nothing');
  assert.deepEqual([found.searched, found.packages, found.missing], [1, 2, ['nothing']]);
  assert.equal(found.owners[0]?.repository, 'main');
  for (const path of ['', '/', '.', '../x', 'usr/../bin'])
    await refused(ask(cache, from, path), 'USAGE', /not a path/);
});

test('owns: an archive that no repository of the request has is searched too, and said to be none of theirs', async (t) => {
  const dir = tempDir(t);
  const { cache, from } = alpine(dir);
  await composed(cache, ['tool'], from);
  const other = { ...from, repositories: [writeAlpineMirror(join(dir, 'n'), { packages: [small('x')] })] };
  const report = await ask(cache, other, 'usr/bin/tool');
  assert.deepEqual(
    report.owners.map(({ name, repository }) => [name, repository]),
    [['tool', '']],
  );
  assert.deepEqual([report.searched, report.packages], [0, 1]);
  const signed = writeAlpineMirror(join(dir, 'signed'), { key: KEY, packages: [small('x')] });
  const strict = { repositories: [signed], keyring: writeApkKeyring(join(dir, 'keys'), [KEY]) };
  assert.deepEqual(
    await ownersOf(cache, strict, 'usr/bin/tool'),
    [],
    'an archive that this trust did not accept',
  );
});

const ARCH: readonly ArchSpec[] = [
  {
    name: 'bash',
    version: '5.2-1',
    files: [{ path: 'usr/' }, { path: 'usr/bin/' }, { path: 'usr/bin/bash', content: 'x' }],
  },
  { name: 'empty', version: '1-1', files: [] },
];

test('Arch: lists of files answer without the archives; an unchanged one costs one request', async (t) => {
  const dir = tempDir(t);
  await writeArchMirror(dir, { packages: ARCH, dbCompression: 'zstd' });
  await writeArchMirror(dir, { repo: 'extra', packages: [] });
  const mirror = await startMirror(dir);
  t.after(() => mirror.close());
  const cache = join(dir, 'cache');
  const from = { distro: 'arch', mirrors: [mirror.url], allowUntrusted: true } as const;
  assert.deepEqual((await ask(cache, from, 'bash')).owners, []);
  const states = (await indexFiles(cache, from)).map(
    ({ repository, status, packages }) => `${repository}: ${status}, ${packages}`,
  );
  assert.deepEqual(states, [
    'arch rolling core x86_64: unchanged, 2',
    'arch rolling extra x86_64: unchanged, 0',
    'arch rolling core x86_64 files: indexed, 2',
    'arch rolling extra x86_64 files: indexed, 0',
  ]);
  const report = await ask(cache, from, '/bin/bash');
  assert.deepEqual(report.owners, [
    { name: 'bash', version: '5.2-1', repository: 'core', path: 'usr/bin/bash', source: 'list' },
  ]);
  assert.deepEqual([report.searched, report.packages, report.notes], [2, 2, []]);
  const [bash, empty] = await filesOf(cache, from, { packages: ['bash', 'empty'] });
  assert.deepEqual(
    [bash?.source, bash?.paths, bash?.entries],
    ['list', ['usr/', 'usr/bin/', 'usr/bin/bash'], undefined],
  );
  assert.deepEqual([empty?.source, empty?.paths], ['list', []]);
  assert.equal(contents(cache).blobs.length, 0, 'no package was fetched');

  mirror.requests.length = 0;
  await indexFiles(cache, from);
  assert.deepEqual(mirror.requests.map(({ status, url }) => `${status} ${url.split('/').at(-1)}`).sort(), [
    '304 core.db',
    '304 core.files',
    '304 extra.db',
    '304 extra.files',
  ]);
  const [long] = await filesOf(cache, from, { packages: ['bash'], details: true });
  assert.deepEqual([long?.source, long?.entries?.length], ['archive', 3], 'details are in the archive alone');
  assert.deepEqual(
    (await ask(cache, from, 'usr/bin/bash')).owners.map((owner) => owner.source),
    ['archive'],
    'a package is named once',
  );

  await writeArchMirror(dir, { packages: [{ ...(ARCH[0] as ArchSpec), version: '5.3-1' }] });
  await index(cache, from);
  const stale = await ask(cache, from, 'usr/bin/bash');
  assert.deepEqual(
    stale.owners.map(({ version, repository }) => [version, repository]),
    [['5.2-1', '']],
  );
  assert.deepEqual(
    [stale.searched, stale.packages],
    [0, 1],
    'a list of another version is no answer for this one',
  );
  await indexFiles(cache, from);
  assert.ok((await ownersOf(cache, from, 'usr/bin/bash')).includes('bash: usr/bin/bash'));
});

test('Arch: lists of files are verified as databases are', async (t) => {
  const dir = tempDir(t);
  const keyring = folder(dir, 'keys');
  const web = await writeTestKeyring(keyring);
  const stranger = await makePgpKey();
  const from = (repo: string) =>
    ({ distro: 'arch', repositories: [repo], keyring, sigLevel: 'Required' }) as const;
  const sign = (bytes: Buffer) => signDetached(web.packager, bytes);
  const repo = await writeArchMirror(join(dir, 'good'), { packages: ARCH, sign });
  const good = await indexFiles(join(dir, 'cache'), from(repo));
  assert.ok(good.every(({ signedBy }) => signedBy !== ''));
  writeFileSync(
    join(repo, 'core.files.sig'),
    await signDetached(stranger, readFileSync(join(repo, 'core.files'))),
  );
  await refused(indexFiles(join(dir, 'cache2'), from(repo)), 'UNTRUSTED_KEY');
  rmSync(join(repo, 'core.files.sig'));
  await refused(indexFiles(join(dir, 'cache3'), from(repo)), 'SIGNATURE');
  writeFileSync(join(repo, 'core.files.sig'), await sign(Buffer.from('something else')));
  await refused(indexFiles(join(dir, 'cache4'), from(repo)), 'SIGNATURE');
});

test('lists of files that are damaged leave what was there; Alpine has none', async (t) => {
  const dir = tempDir(t);
  const repo = await writeArchMirror(dir, { packages: ARCH });
  const cache = join(dir, 'cache');
  const from = { distro: 'arch', repositories: [repo], allowUntrusted: true } as const;
  await indexFiles(cache, from);
  writeFileSync(join(repo, 'core.files'), '<html>');
  await refused(indexFiles(cache, from), 'BAD_INDEX', /core\.files/);
  rmSync(join(repo, 'core.files'));
  await refused(indexFiles(cache, from), 'NOT_FOUND');
  assert.deepEqual(await ownersOf(cache, from, 'bash'), ['bash: usr/bin/bash']);
  const bare = { ...from, repositories: [folder(dir, 'bare')] };
  cpSync(join(repo, 'bash-5.2-1-x86_64.pkg.tar.zst'), join(dir, 'bare/bash-5.2-1-x86_64.pkg.tar.zst'));
  assert.equal((await indexFiles(cache, bare)).length, 1, 'a folder of bare archives needs no list');
  assert.deepEqual(await ownersOf(cache, bare, 'bash'), ['bash: usr/bin/bash']);
  const alpineSource = alpine(join(dir, 'alpine')).from;
  await refused(indexFiles(join(dir, 'none'), alpineSource), 'USAGE', /alpine have no file lists/);
});
