import assert from 'node:assert/strict';
import { test } from 'node:test';
import { targetTree } from '../../../../src/compose/target-tree.ts';
import { installer } from '../../../../src/distros/arch/installer.ts';
import { readPackageArchive } from '../../../../src/distros/arch/package-archive.ts';
import { parseSigLevel } from '../../../../src/distros/arch/sig-level.ts';
import { tree as rules } from '../../../../src/distros/arch/tree.ts';
import type { Installation, InstalledPackage } from '../../../../src/distros/install.ts';
import { type ArchSpec, type FixtureFile, makeArchPackage } from '../../../fixtures/arch.ts';
import { hookText } from '../installed.ts';
import { makeElf } from './elf.ts';

const GENERATOR = 'ldconfig (GNU libc) stable release version 2.40';

const generatorOf = (release: string) => `\0ldconfig (GNU libc) stable release version ${release}\0`;

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
    system: { release: 'rolling', packageManager: '' },
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
    const { tree, pendingSteps, appliedSteps } = install(packages, more);
    assert.deepEqual([pendingSteps, appliedSteps], [[], more.scripts === false ? [] : ['ldconfig']]);
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
  const { tree, pendingSteps, appliedSteps } = install([await packageOf(glibc()), scripted], {
    mode: 'static',
  });
  assert.deepEqual([pendingSteps, appliedSteps], [['a-1-1 post_install', 'ldconfig'], []]);
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
  const { tree, pendingSteps, appliedSteps } = install([await packageOf(glibc()), hooked], {
    mode: 'static',
  });
  assert.deepEqual([pendingSteps, appliedSteps], [[], ['ldconfig', 'hook 1.hook']]);
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
    glibc('2.45-1', generatorOf('2.45')),
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
    more([
      { path: 'usr/lib/ld.so.conf', content: '' },
      { path: 'etc/ld.so.conf.d/y.conf', content: 'include /usr/lib/ld.so.conf\n' },
    ]),
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
    const { tree, pendingSteps } = install([await packageOf(spec)]);
    assert.match(pendingSteps.join('; '), /^ldconfig \([^;]+\)$/, `${at}`);
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
    const { pendingSteps } = install([await packageOf({ ...spec, files })]);
    assert.deepEqual(pendingSteps, known ? [] : ['ldconfig (/usr/lib/haswell is searched by processor)']);
  }
});

test('ldconfig of glibc 2.42 to 2.44, as Arch numbers them, is known; a newer one is told as not known', async () => {
  const reason = 'glibc 2.45+r3+gabc-1 is unknown, src/distros/arch/ldconfig/release.ts has 2.26 to 2.44';
  for (const [version, release, left] of [
    ['2.42+r51+gbc13db739377-1', '2.42', []],
    ['2.43+r5+g856c426a7534-1', '2.43', []],
    ['2.44+r24+g16be1518495f-1', '2.44', []],
    ['2.45+r3+gabc-1', '2.45', [`ldconfig (${reason})`]],
    ['2.44-1', '2.43', ['ldconfig (glibc 2.44-1 has a changed ldconfig)']],
  ] as const) {
    const result = install([await packageOf(glibc(version, generatorOf(release)))]);
    assert.deepEqual(result.pendingSteps, left, version);
    if (left.length === 0)
      assert.ok(cacheText(result.tree).endsWith(`ldconfig (GNU libc) stable release version ${release}`));
  }
});

test('from glibc 2.44 on ldconfig reads /etc/tunables.conf', async () => {
  const tunables = await packageOf({
    name: 'a',
    version: '1-1',
    files: [{ path: 'etc/tunables.conf', content: 'glibc.malloc.check=1\n' }],
  });
  for (const [release, left] of [
    ['2.43', []],
    ['2.44', ['ldconfig (/etc/tunables.conf is there)']],
  ] as const)
    assert.deepEqual(
      install([await packageOf(glibc(`${release}-1`, generatorOf(release))), tunables]).pendingSteps,
      left,
    );
});

test('/usr/lib/ld.so.conf.d is read as the second include line of today’s /etc/ld.so.conf says', async () => {
  const spec = glibc('2.43-1', generatorOf('2.43'));
  const configuration = 'include /etc/ld.so.conf.d/*.conf\ninclude /usr/lib/ld.so.conf.d/*.conf\n';
  const files = (spec.files ?? []).map((file) =>
    file.path === 'etc/ld.so.conf' ? { ...file, content: configuration } : file,
  );
  const fakeroot = await packageOf({
    name: 'fakeroot',
    version: '1-1',
    files: [
      { path: 'usr/' },
      { path: 'usr/lib/' },
      { path: 'usr/lib/ld.so.conf.d/' },
      { path: 'usr/lib/ld.so.conf.d/fakeroot.conf', content: '/usr/lib/libfakeroot\n' },
      { path: 'usr/lib/libfakeroot/' },
      { path: 'usr/lib/libfakeroot/libfakeroot.so', content: makeElf({ soname: 'libfakeroot.so' }) },
    ],
  });
  const { tree, pendingSteps } = install([await packageOf({ ...spec, files }), fakeroot]);
  assert.deepEqual(pendingSteps, []);
  assert.match(cacheText(tree), /\/usr\/lib\/libfakeroot\/libfakeroot\.so\0/);
});

test('ldconfig in scriptlets and hooks is the ldconfig step, whatever it is called by', async () => {
  const library = { path: 'usr/lib/libz.so.1.0', content: makeElf({ soname: 'libz.so.1', before: 16 }) };
  for (const command of [
    'ldconfig',
    'ldconfig -r .',
    'ldconfig -r/',
    '/sbin/ldconfig',
    'usr/bin/ldconfig -r .',
    '/usr/bin/ldconfig -r /',
    'usr/sbin/ldconfig -r ./',
  ]) {
    const scripted = await packageOf({
      name: 'z',
      version: '1-1',
      install: `post_install() { ${command}; [ -L usr/lib/libz.so.1 ] && [ -s etc/ld.so.cache ] && mkdir /seen; }\n`,
      files: [
        { path: 'usr/' },
        { path: 'usr/lib/' },
        library,
        { path: 'usr/sbin', linkTarget: 'bin' },
        { path: 'usr/bin/' },
        { path: 'usr/bin/grep', content: '', mode: 0o755 },
      ],
    });
    const later = await packageOf({
      name: 'y',
      version: '1-1',
      files: [
        { path: 'usr/' },
        { path: 'usr/lib/' },
        { path: 'usr/lib/liby.so.1', content: makeElf({ soname: 'liby.so.1', before: 24 }) },
      ],
    });
    const { tree, pendingSteps, appliedSteps } = install([await packageOf(glibc()), scripted, later], {
      mode: 'static',
    });
    assert.deepEqual([pendingSteps, appliedSteps], [[], ['z-1-1 post_install', 'ldconfig']], command);
    assert.equal(tree.get('seen')?.type, 'directory', command);
    assert.equal(tree.get('usr/lib/libz.so.1')?.linkTarget, 'libz.so.1.0');
    assert.match(cacheText(tree), /libz\.so\.1\0.*liby\.so\.1\0/s, command);
  }
});

test('ldconfig called in another way, or of a library that a scriptlet made, is left', async () => {
  for (const script of [
    'ldconfig -v',
    'ldconfig -X',
    'ldconfig -n /usr/lib',
    'ldconfig -r /opt',
    'ldconfig /usr/lib',
    'ldconfig -p | grep -q libc',
    'echo > usr/lib/libmade.so.1; ldconfig',
  ]) {
    const scripted = await packageOf({
      name: 'z',
      version: '1-1',
      install: `post_install() { ${script}; }\n`,
    });
    const { pendingSteps, tree } = install([await packageOf(glibc()), scripted], { mode: 'static' });
    assert.deepEqual(pendingSteps, ['z-1-1 post_install', 'ldconfig'], script);
    assert.equal(tree.has('usr/lib/libmade.so.1'), false);
  }
});

function cacheText(tree: ReturnType<typeof install>['tree']): string {
  const content = tree.get('etc/ld.so.cache')?.content;
  assert.ok(content?.kind === 'bytes');
  return Buffer.from(content.bytes).toString('latin1');
}
