import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { show } from '../../../src/app/query/show.ts';
import type { PackageReport, ShowReport } from '../../../src/model/package-report.ts';
import type { SourceOptions } from '../../../src/model/request.ts';
import { writeAlpineMirror, writeApkKeyring, writeArchMirror } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { composed, index, KEY, refused, small, source, use } from '../harness.ts';

function ask(
  cache: string,
  from: Partial<SourceOptions>,
  ...packages: string[]
): Promise<readonly ShowReport[]> {
  return use({ cache }, (context) => show(context, { source: source(from), packages }));
}

const labels = (reports: readonly ShowReport[]) =>
  reports.map(
    ({ by, packages }) =>
      `${by}: ${packages.map((entry) => `${entry.repository}/${entry.name}-${entry.version}`).join(' ')}`,
  );

test('everything that an Alpine index and archive say', async (t) => {
  const dir = tempDir(t);
  const repository = writeAlpineMirror(join(dir, 'mirror'), {
    key: KEY,
    packages: [
      small('lib'),
      small('tool', {
        description: 'A tool',
        url: 'https://tool.example/',
        license: 'MIT AND BSD-2-Clause',
        origin: 'tools',
        commit: 'abc123',
        buildTime: 1_700_000_000,
        depends: ['lib'],
        provides: ['cmd:tool=1.0-r0'],
        replaces: ['old-tool'],
        installIf: ['lib', 'docs'],
        providerPriority: 7,
        scripts: { 'post-install': '#!/bin/sh\n', trigger: '#!/bin/sh\n' },
        triggers: ['/usr/bin', '/usr/lib/*'],
      }),
    ],
  });
  const cache = join(dir, 'cache');
  const from = { repositories: [repository], keyring: writeApkKeyring(join(dir, 'keys'), [KEY]) };
  const [before] = await ask(cache, from, 'tool');
  const entry = before?.packages[0] as PackageReport;
  assert.deepEqual(
    { ...entry, checksum: '', sizeBytes: 0, url: '' },
    {
      name: 'tool',
      version: '1.0-r0',
      tag: '',
      repository: 'main',
      release: 'v3.19',
      url: '',
      description: 'A tool',
      homepage: 'https://tool.example/',
      license: 'MIT AND BSD-2-Clause',
      origin: 'tools',
      maintainer: 'Fixture <fixture@example.test>',
      architecture: 'x86_64',
      buildDate: '2023-11-14T22:13:20.000Z',
      commit: 'abc123',
      sizeBytes: 0,
      installedSizeBytes: 5,
      depends: ['lib'],
      optionalDepends: [],
      provides: ['cmd:tool=1.0-r0'],
      replaces: ['old-tool'],
      conflicts: [],
      installIf: ['lib', 'docs'],
      groups: [],
      providerPriority: 7,
      replacesPriority: 0,
      checksum: '',
      signature: false,
      indexSignedBy: KEY.name,
      extra: {},
      cached: undefined,
    },
  );
  assert.match(entry.checksum, /^Q1/);
  assert.equal(entry.url, join(repository, 'tool-1.0-r0.apk'));

  await composed(cache, ['tool'], from);
  const cached = async () => (await ask(cache, from, 'tool'))[0]?.packages[0]?.cached;
  const { digest, diffId, ...rest } = (await cached()) ?? assert.fail('expected a cached archive');
  assert.match(`${digest} ${diffId}`, /^sha256:\w{64} sha256:\w{64}$/);
  assert.deepEqual(rest, {
    compression: 'gzip',
    derived: '',
    scripts: ['post-install', 'trigger'],
    triggers: ['/usr/bin', '/usr/lib/*'],
    hooks: [],
    files: 3,
    signedBy: KEY.name,
    stored: true,
  });
  rmSync(join(cache, 'blobs'), { recursive: true });
  assert.equal((await cached())?.stored, false, 'facts stay when the bytes are gone');
});

test('an Arch package: optional dependencies, groups, hooks, and why its archive is no layer', async (t) => {
  const dir = tempDir(t);
  const repository = await writeArchMirror(dir, {
    compression: 'xz',
    packages: [
      {
        name: 'tool',
        version: '1:2.0-3',
        optdepends: ['python: for the plugin', 'perl'],
        makedepends: ['gcc'],
        groups: ['base-devel'],
        conflicts: ['other-tool'],
        install: 'post_install() { :; }\n',
        files: [{ path: 'usr/' }, { path: 'usr/share/libalpm/hooks/tool.hook', content: '[Trigger]\n' }],
      },
    ],
  });
  const cache = join(dir, 'cache');
  const from = { distro: 'arch', repositories: [repository], allowUntrusted: true } as const;
  await use({ cache }, async (context) => {
    const { fetchArchives } = await import('../../../src/app/archives/fetch-archives.ts');
    const { openLookup } = await import('../../../src/app/repositories/open-lookup.ts');
    const { sources, repositories, source: packages } = await openLookup(context, source(from));
    await fetchArchives(context, sources, { packages: packages.byName('tool'), repositories });
  });
  const [report] = await ask(cache, from, 'core/tool');
  const entry = report?.packages[0] as PackageReport;
  assert.deepEqual(entry.optionalDepends, ['python: for the plugin', 'perl']);
  assert.deepEqual([entry.groups, entry.conflicts], [['base-devel'], ['other-tool']]);
  assert.deepEqual(entry.extra.MAKEDEPENDS, ['gcc']);
  assert.equal(entry.extra.OPTDEPENDS, undefined);
  assert.deepEqual(
    [entry.cached?.derived, entry.cached?.scripts, entry.cached?.hooks, entry.cached?.signedBy],
    ['xz is not an OCI layer encoding', ['INSTALL'], ['usr/share/libalpm/hooks/tool.hook'], ''],
  );
});

test('a target is a name, a repository and a name, a relation, or what packages provide', async (t) => {
  const dir = tempDir(t);
  const repo = (name: string, ...packages: Parameters<typeof small>[]) =>
    writeAlpineMirror(join(dir, 'm'), { repo: name, packages: packages.map((one) => small(...one)) });
  const main = repo('main', ['git', { version: '1-r0' }], ['zlib', { provides: ['so:libz.so.1=1.3'] }]);
  const edge = repo('edge', ['git', { version: '2-r0' }], ['zlib-ng', { provides: ['so:libz.so.1=2'] }]);
  const cache = join(dir, 'cache');
  const from = { repositories: [main, edge], allowUntrusted: true };
  const of = async (target: string) => labels(await ask(cache, from, target))[0];
  assert.equal(await of('git'), 'name: edge/git-2-r0 main/git-1-r0', 'what apk would choose first');
  assert.equal(await of('main/git'), 'name: main/git-1-r0');
  assert.equal(await of('git<2'), 'name: main/git-1-r0');
  assert.equal(await of('git~1'), 'name: main/git-1-r0');
  assert.match((await of('so:libz.so.1')) ?? '', /^provides: edge\/zlib-ng-1.0-r0 main\/zlib-1.0-r0$/);
  assert.deepEqual(labels(await ask(cache, from, 'git', 'zlib')).length, 2);
  await refused(of('git>3') as Promise<unknown>, 'UNKNOWN_PACKAGE', 'available: git-1-r0, git-2-r0');
});

test('an unknown name: the nearest ones, who provides it, and where else the catalog has it', async (t) => {
  const dir = tempDir(t);
  const main = writeAlpineMirror(join(dir, 'm'), {
    packages: [small('busybox', { provides: ['cmd:sh=1'] }), small('zlib')],
  });
  const edge = writeAlpineMirror(join(dir, 'm'), { release: 'edge', packages: [small('newtool')] });
  const cache = join(dir, 'cache');
  const from = { repositories: [main], allowUntrusted: true };
  await index(cache, { repositories: [edge], allowUntrusted: true, release: 'edge' });
  await refused(ask(cache, from, 'zlbi'), 'UNKNOWN_PACKAGE', 'Did you mean zlib?');
  await refused(ask(cache, from, 'sh'), 'UNKNOWN_PACKAGE', 'sh is a command provided by busybox-1.0-r0.');
  await refused(
    ask(cache, from, 'newtool'),
    'UNKNOWN_PACKAGE',
    `Available elsewhere: newtool-1.0-r0 in alpine edge main x86_64 (--repo ${dirname(edge)}).`,
  );
});
