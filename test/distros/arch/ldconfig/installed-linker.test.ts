import assert from 'node:assert/strict';
import { test } from 'node:test';
import { targetTree } from '../../../../src/compose/target-tree.ts';
import { installer } from '../../../../src/distros/arch/installer.ts';
import { readPackageArchive } from '../../../../src/distros/arch/package-archive.ts';
import { tree as rules } from '../../../../src/distros/arch/tree.ts';
import type { Installation, InstalledPackage } from '../../../../src/distros/install.ts';
import { parseSigLevel } from '../../../../src/trust/pacman-keyring.ts';
import { type ArchSpec, type FixtureFile, makeArchPackage } from '../../../fixtures/arch.ts';
import { hookText } from '../installed.ts';
import { makeElf } from './elf.ts';

const GENERATOR = 'ldconfig (GNU libc) stable release version 2.40';

/** As Arch packs it, as far as ldconfig is concerned. */
function glibc(version = '2.40+r16+gaa533d58ff-2', program = `\0${GENERATOR}\0`): ArchSpec {
  const files: readonly FixtureFile[] = [
    { path: 'etc/' },
    { path: 'etc/ld.so.conf', content: 'include /etc/ld.so.conf.d/*.conf\n' },
    { path: 'etc/ld.so.conf.d/' },
    { path: 'etc/ld.so.conf.d/x.conf', content: '/usr/lib/x\n' },
    { path: 'sbin', linkTarget: 'usr/bin' },
    { path: 'usr/' },
    { path: 'usr/bin/' },
    { path: 'usr/bin/bash', content: '', mode: 0o755 },
    { path: 'usr/bin/ldconfig', content: program, mode: 0o755 },
    { path: 'usr/bin/mkdir', content: '', mode: 0o755 },
    { path: 'usr/bin/sh', linkTarget: 'bash' },
    { path: 'usr/lib/' },
    { path: 'usr/lib/libc.so.6', content: makeElf({ soname: 'libc.so.6' }) },
    { path: 'usr/lib/libx.so.1', linkTarget: 'gone' },
    { path: 'usr/lib/x/' },
    { path: 'usr/lib/x/libx.so.1.0', content: makeElf({ soname: 'libx.so.1' }) },
    { path: 'var/' },
    { path: 'var/cache/' },
  ];
  return { name: 'glibc', version, files };
}

async function packageOf(spec: ArchSpec): Promise<InstalledPackage> {
  const bytes = makeArchPackage(spec);
  const policy = { allowUntrusted: true, sigLevel: parseSigLevel('Never') };
  async function* chunks() {
    yield bytes;
  }
  return {
    reason: 'explicit',
    facts: await readPackageArchive({ chunks: chunks(), policy, where: spec.name }),
  };
}

function install(packages: readonly InstalledPackage[], more: Partial<Installation> = {}) {
  const installation: Installation = {
    packages,
    targets: [],
    architecture: 'x86_64',
    repositories: [],
    keys: [],
    mode: 'deferred',
    scripts: true,
    database: false,
    time: 5,
    ...more,
  };
  return targetTree({ packages, rules, installer: installer(installation), time: 5 });
}

test('ldconfig’s work is in the tree in every mode, with scripts and without', async () => {
  const packages = [await packageOf(glibc())];
  const modes: readonly Partial<Installation>[] = [
    ...([{ mode: 'deferred' }, { mode: 'static' }, { mode: 'run' }] as const),
    { scripts: false },
  ];
  for (const more of modes) {
    const { tree, left, done } = install(packages, more);
    assert.deepEqual([left, done], [[], more.scripts === false ? [] : ['ldconfig']]);
    const cache = tree.get('etc/ld.so.cache');
    assert.deepEqual([cache?.mode, cache?.uid, cache?.mtime], [0o644, 0, 5]);
    assert.equal(tree.get('var/cache/ldconfig')?.mode, 0o700);
    assert.equal(tree.get('usr/lib/x/libx.so.1')?.linkTarget, 'libx.so.1.0');
    assert.equal(tree.has('usr/lib/libx.so.1'), false);
    const bytes = cache?.content?.kind === 'bytes' ? Buffer.from(cache.content.bytes).toString('latin1') : '';
    assert.ok(bytes.endsWith(GENERATOR));
    assert.ok(bytes.includes('/usr/lib/x/libx.so.1\0'));
  }
});

test('after a scriptlet that is left ldconfig has to run again', async () => {
  const scripted = await packageOf({ name: 'a', version: '1-1', install: 'post_install() { strange; }\n' });
  const { tree, left, done } = install([await packageOf(glibc()), scripted], { mode: 'static' });
  assert.deepEqual([left, done], [['a-1-1 post_install', 'ldconfig'], []]);
  assert.equal(tree.get('etc/ld.so.cache')?.type, 'file');
});

test('hooks after a known ldconfig are taken, whatever they look at', async () => {
  const path = 'usr/share/libalpm/hooks/1.hook';
  const exec = '/bin/sh -c "test -s /etc/ld.so.cache && mkdir /seen"';
  const folders = ['usr/', 'usr/share/', 'usr/share/libalpm/', 'usr/share/libalpm/hooks/'];
  const hooked = await packageOf({
    name: 'a',
    version: '1-1',
    files: [
      ...folders.map((folder) => ({ path: folder })),
      { path, content: hookText({ target: '*' }, exec) },
      { path: 'bin', linkTarget: 'usr/bin' },
    ],
  });
  const { tree, left, done } = install([await packageOf(glibc()), hooked], { mode: 'static' });
  assert.deepEqual([left, done], [[], ['ldconfig', 'hook 1.hook']]);
  assert.equal(tree.get('seen')?.type, 'directory');
});

test('where anything is not known for certain ldconfig is left and nothing of it done', async () => {
  const broken = makeElf({ soname: 'liby.so.1' }).subarray(0, 100);
  const more = (files: readonly FixtureFile[]): ArchSpec => {
    const spec = glibc();
    return { ...spec, files: [...(spec.files ?? []), ...files] };
  };
  const specs: readonly ArchSpec[] = [
    glibc('2.25-1', ''),
    glibc('2.99-1'),
    glibc('2.26-1'),
    glibc('2.41-1'),
    glibc('2.40-1', ''),
    { ...glibc(), name: 'glibc-other' },
    { ...glibc(), arch: 'aarch64' },
    more([{ path: 'usr/lib/liby.so.1', content: broken }]),
    more([{ path: 'usr/lib/liby.so.1', linkTarget: '../bin/bash' }]),
    more([{ path: 'dev/' }, { path: 'usr/lib/liby.so.1', linkTarget: '/dev/null' }]),
    more([{ path: 'usr/lib/liby.so.1.dpkg-new', content: makeElf() }]),
    more([{ path: 'usr/lib/libé.so.1', content: makeElf() }]),
    more([{ path: 'etc/ld.so.conf.d/y.conf', content: 'usr/lib/y\n' }]),
    more([{ path: 'etc/ld.so.conf.d/y.conf', content: '/usr/lib/y=libc6\n' }]),
    more([{ path: 'etc/ld.so.conf.d/y.conf', content: 'hwcap 1 nosegneg\n' }]),
    more([{ path: 'etc/ld.so.conf.d/y.conf', content: 'include /etc/*/y.conf\n' }]),
    more([{ path: 'etc/ld.so.conf.d/y.conf', content: 'include /etc/ld.so.conf\n' }]),
    more([
      { path: 'etc/ld.so.conf.d/y.conf', content: 'include /etc/unkept\n' },
      { path: 'etc/unkept', content: '/x' },
    ]),
    more([{ path: 'etc/ld.so.conf.d/y.conf', content: '/usr/bin/bash\n' }]),
    more([{ path: 'var/cache/ldconfig/' }, { path: 'var/cache/ldconfig/aux-cache', content: 'x' }]),
    more([
      { path: 'usr/lib/libz.so.01', content: makeElf({ soname: 'libz.so.1' }) },
      { path: 'usr/lib/libz.so.001', content: makeElf({ soname: 'libz.so.1', before: 8 }) },
    ]),
    more([
      { path: 'usr/lib/libz.so.1', content: makeElf({ soname: 'libz.so.1' }) },
      { path: 'usr/lib/libz.so.2', content: makeElf({ soname: 'libz.so.1', machine: 3, bits: 32 }) },
    ]),
  ];
  for (const [at, spec] of specs.entries()) {
    const { tree, left } = install([await packageOf(spec)]);
    assert.deepEqual(left, ['ldconfig'], `${at}`);
    assert.equal(tree.has('etc/ld.so.cache'), false, `${at}`);
    assert.equal(tree.get('usr/lib/libx.so.1')?.linkTarget, 'gone', `${at}`);
  }
});

test('glibc before 2.37 searches folders by processor, which is left to it', async () => {
  for (const [version, known] of [
    ['2.36-1', false],
    ['2.37-1', true],
  ] as const) {
    const spec = glibc(version, `\0${GENERATOR.replace('2.40', version.slice(0, 4))}\0`);
    const files = [...(spec.files ?? []), { path: 'usr/lib/haswell/' }];
    const { left } = install([await packageOf({ ...spec, files })]);
    assert.deepEqual(left, known ? [] : ['ldconfig']);
  }
});
