import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type TargetTree, targetTree } from '../../../src/compose/target-tree.ts';
import { alpine } from '../../../src/distros/alpine/distro.ts';
import { installer } from '../../../src/distros/alpine/installer.ts';
import type { Installation, InstalledPackage } from '../../../src/distros/install.ts';
import { isAppError } from '../../../src/model/app-error.ts';
import type { ApkSpec } from '../../fixtures/apk.ts';
import { installed } from './installed.ts';

const TIME = 1_700_000_001;

function lay(packages: readonly InstalledPackage[], more: Partial<Installation> = {}): TargetTree {
  const installation: Installation = {
    packages,
    targets: [],
    architecture: 'x86_64',
    system: { release: 'v3.19', packageManager: '' },
    repositories: [],
    keys: [],
    mode: 'static',
    scripts: true,
    database: true,
    time: TIME,
    ...more,
  };
  return targetTree({
    packages,
    rules: alpine.install.tree,
    installer: installer(installation),
    time: TIME,
  });
}

function bytesOf({ tree }: TargetTree, path: string): Buffer {
  const content = tree.get(path)?.content;
  assert.equal(content?.kind, 'bytes', path);
  return Buffer.from((content as { readonly bytes: Uint8Array }).bytes);
}

const textOf = (target: TargetTree, path: string): string => bytesOf(target, path).toString('utf8');
const file = (path: string, content = 'x') => ({ path, content });
const UNKNOWN = '#!/bin/sh\n/usr/bin/who-knows\n';
const USERS = '#!/bin/sh\naddgroup -S new 2>/dev/null\nadduser -S -D -H -G new new 2>/dev/null\nexit 0\n';
const BASE: ApkSpec = {
  name: 'base',
  version: '1-r0',
  files: [
    { path: 'etc/' },
    file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'),
    file('etc/group', 'root:x:0:root\n'),
    file('etc/shadow', 'root:*::0:::::\n'),
    { path: 'bin/' },
    { ...file('bin/busybox'), mode: 0o755 },
    ...['sh', 'addgroup', 'adduser'].map((name) => ({ path: `bin/${name}`, linkTarget: '/bin/busybox' })),
  ],
};

test('repositories and keys of the distribution are written, never over a package’s file', async () => {
  const packages = await installed({
    name: 'keys',
    version: '1-r0',
    files: [
      { path: 'etc/' },
      { path: 'etc/apk/' },
      { path: 'etc/apk/keys/' },
      file('etc/apk/keys/one.rsa.pub', 'its own'),
    ],
  });
  const key = (name: string) => ({ name, content: Buffer.from('given') });
  const repositories = ['https://example.test/v3.19/main', 'https://example.test/v3.19/community'];
  const target = lay(packages, { repositories, keys: [key('one.rsa.pub'), key('two.rsa.pub')] });
  assert.equal(textOf(target, 'etc/apk/repositories'), `${repositories.join('\n')}\n`);
  assert.equal(target.tree.get('etc/apk/keys/one.rsa.pub')?.content?.kind, 'archive');
  assert.equal(textOf(target, 'etc/apk/keys/two.rsa.pub'), 'given');
  assert.ok(!lay(packages).tree.has('etc/apk/repositories'));
});

test('no database: neither it nor the folders that apk keeps for itself', async () => {
  const { tree } = lay(await installed({ name: 'a', version: '1-r0', files: [file('a')] }), {
    database: false,
    scripts: false,
  });
  assert.deepEqual([...tree.keys()].filter((path) => !path.startsWith('dev/')).sort(), [
    'a',
    'dev',
    'proc',
    'tmp',
  ]);
});

test('a name in the index may have another architecture and a tag', async () => {
  const [one] = await installed({ name: 'a', version: '1-r0', arch: 'noarch', files: [file('a')] });
  assert.ok(one !== undefined);
  const index = {
    entry: { ...alpine.archives.describe(one.facts, ''), architecture: 'x86_64' },
    tag: 'edge',
  };
  const text = textOf(lay([{ ...one, index }], { targets: ['a@edge'] }), 'lib/apk/db/installed');
  assert.match(text, /^A:x86_64$/m);
  assert.match(text, /\ns:edge\nF:\nR:a\n/);
  assert.equal(textOf(lay([one], { targets: ['a@edge>1'] }), 'etc/apk/world'), 'a@edge>1\n');
  assert.match(textOf(lay([one]), 'lib/apk/db/installed'), /^A:noarch$/m);
});

test('apk 3 sorts the files of a folder to which the archive comes back', async () => {
  const folders = [{ path: 'a/' }, { path: 'b/' }];
  const files = ['a/z', 'b/y', 'a/m', 'a/é', 'b/a', 'a/b'].map((path) => file(path));
  const packages = await installed({ name: 'one', version: '1-r0', files: [...folders, ...files] });
  const names = (release: string) =>
    textOf(lay(packages, { system: { release, packageManager: '' } }), 'lib/apk/db/installed').match(
      /(?<=^[FR]:).*$/gm,
    );
  assert.deepEqual(names('v3.23'), ['a', 'b', 'm', 'z', 'é', 'b', 'a', 'y']);
  assert.deepEqual(names('v3.19'), ['a', 'z', 'm', 'é', 'b', 'b', 'y', 'a']);
});

test('the database of apk 3, when that is what the image has', async () => {
  const packages = await installed(
    {
      name: 'z',
      version: '1-r0',
      scripts: { 'post-install': UNKNOWN },
      replaces: ['gone'],
      moreInfo: ['tags = one', 'tags = two'],
      files: [{ path: 'usr/' }, file('usr/b'), file('usr/a')],
    },
    { name: 'apk-tools', version: '3.0.1-r0', scripts: { 'post-install': UNKNOWN }, replaces: ['old'] },
  );
  const target = lay(packages);
  assert.ok(!target.tree.has('dev') && !target.tree.has('lib/apk/db/lock'));
  assert.ok(!target.tree.has('lib/apk/db/scripts.tar') && !target.tree.has('lib/apk/exec'));
  const tar = gunzipSync(bytesOf(target, 'lib/apk/db/scripts.tar.gz')).toString('latin1');
  assert.ok(tar.startsWith('apk-tools-3.0.1-r0.X1'), 'in the order of the names');
  const text = textOf(target, 'lib/apk/db/installed');
  assert.match(text, /\ng:one two\nr:gone\nF:usr\nR:a\nZ:.*\nR:b\n/);
  assert.ok(!text.includes('r:old'), 'apk 3 forgets what a package without files replaces');
});

test('where /lib is a link the database goes where it leads', async () => {
  const packages = await installed({
    name: 'baselayout',
    version: '1-r0',
    files: [{ path: 'usr/' }, { path: 'usr/lib/' }, { path: 'lib', linkTarget: 'usr/lib' }, file('x')],
  });
  assert.ok(lay(packages).tree.has('usr/lib/apk/db/installed'));
});

test('after a step that is left, later ones are left too, but for users whom nobody else names', async () => {
  const specs = (first: string): ApkSpec[] => [
    BASE,
    { name: 'first', version: '1-r0', scripts: { 'post-install': first }, files: [file('first')] },
    {
      name: 'users',
      version: '1-r0',
      scripts: { 'pre-install': USERS, 'post-install': '#!/bin/sh\nexit 0\n' },
      files: [{ path: 'srv/', uid: 500, gid: 500, uname: 'new', gname: 'new' }],
    },
  ];
  const known = lay(await installed(...specs('#!/bin/sh\nexit 0\n')));
  assert.deepEqual(known.pendingSteps, []);
  assert.deepEqual(known.appliedSteps, [
    'first-1-r0.post-install',
    'users-1-r0.pre-install',
    'users-1-r0.post-install',
  ]);
  assert.equal(textOf(known, '.pkg/state'), `${known.appliedSteps.join('\n')}\n`);
  assert.match(textOf(known, '.pkg/install.sh'), /^# Nothing is left to do/m);

  const later = lay(await installed(...specs(UNKNOWN)));
  assert.deepEqual(later.appliedSteps, ['users-1-r0.pre-install']);
  assert.deepEqual(later.pendingSteps, ['first-1-r0.post-install', 'users-1-r0.post-install']);
  assert.match(textOf(later, '.pkg/install.sh'), /^# {3}first-1-r0\.post-install$/m);
  const { uid, gid } = later.tree.get('srv') as { uid: number; gid: number };
  assert.ok(uid !== 500 && gid !== 500, 'the new user’s');
  assert.match(textOf(later, 'lib/apk/db/installed'), new RegExp(`^F:srv\\nM:${uid}:${gid}:755$`, 'm'));

  const about = lay(await installed(...specs(`${UNKNOWN}# changes /etc/passwd\n`)));
  assert.deepEqual(about.appliedSteps, []);
  assert.equal(about.tree.get('srv')?.uid, 500);
  assert.match(textOf(about, '.pkg/install.sh'), /^own users-1-r0.owners users new new 500 500 755 srv$/m);
});

test('deferred: no script’s effect, and no folder for scripts before one has run', async () => {
  const packages = await installed(BASE, {
    name: 'users',
    version: '1-r0',
    scripts: { 'pre-install': USERS },
    files: [{ path: 'srv/', uid: 500, gid: 500, uname: 'new', gname: 'new' }],
  });
  const { tree, pendingSteps, appliedSteps } = lay(packages, { mode: 'deferred' });
  assert.deepEqual([pendingSteps, appliedSteps], [['users-1-r0.pre-install'], []]);
  assert.equal(tree.get('srv')?.uid, 500);
  assert.equal(tree.get('etc/passwd')?.content?.kind, 'archive');
  assert.ok(!tree.has('lib/apk/exec') && lay(packages).tree.get('lib/apk/exec')?.mode === 0o700);
});

test('no scripts: none is noted and nothing is below .pkg', async () => {
  const packages = await installed({ name: 'a', version: '1', scripts: { 'post-install': UNKNOWN } });
  const { tree, pendingSteps, appliedSteps } = lay(packages, { scripts: false });
  assert.deepEqual([pendingSteps, appliedSteps], [[], []]);
  assert.ok(![...tree.keys()].some((path) => path.startsWith('.pkg')));
});

test('what apk would leave out is refused, the package and the path named', async () => {
  const broken: readonly (readonly [ApkSpec['files'], RegExp])[] = [
    [[file('usr/x')], /a-1: "usr\/x" .*no entry for its folder/],
    [[{ path: 'usr/' }, file('usr/x'), file('usr/x')], /the same file twice/],
    [[{ path: 'usr/' }, file('usr/\u0001')], /control characters/],
    [[file('.z'), { path: 'y', type: 'hardlink', linkTarget: '.z' }], /hard link to \.z/],
  ];
  for (const [files = [], message] of broken) {
    const packages = await installed({ name: 'a', version: '1', installedSize: 1, files });
    assert.throws(
      () => lay(packages),
      (error) => isAppError(error, 'BAD_ARCHIVE') && message.test(error.message),
    );
  }
});

test('checksums that are none are as if they were not there', async () => {
  const sum = 'APK-TOOLS.checksum.SHA1';
  const packages = await installed({
    name: 'a',
    version: '1',
    noChecksums: true,
    files: [
      { ...file('short'), pax: { [sum]: 'abcd' } },
      { ...file('right'), pax: { [sum]: 'ab'.repeat(20) } },
      { ...file('words'), pax: { [sum]: 'no hexadecimal digits at all, forty of ..'.slice(0, 40) } },
    ],
  });
  const text = textOf(lay(packages), 'lib/apk/db/installed');
  assert.match(text, /\nf:f\nF:\nR:short\nR:right\nZ:Q1q6urq6urq6urq6urq6urq6urq6s=\nR:words\n\n$/);
});

test('the database says of a package what the index says, as apk does', async () => {
  const [one] = await installed({ name: 'a', version: '1-r0', files: [file('a')] });
  assert.ok(one !== undefined);
  const entry = {
    ...alpine.archives.describe(one.facts, ''),
    description: 'Other',
    url: 'u',
    license: 'L',
    installedSizeBytes: 77,
    sizeBytes: 5,
    origin: 'o',
    maintainer: 'm y',
    buildTime: 5,
    commit: 'abc',
    providerPriority: 7,
    depends: ['b>==1', 'c='],
    provides: ['v', '=', '2'],
    installIf: ['good'],
  };
  const text = textOf(lay([{ ...one, index: { entry, tag: '' } }]), 'lib/apk/db/installed');
  assert.equal(
    text.slice(text.indexOf('V:'), text.indexOf('F:')),
    'V:1-r0\nA:x86_64\nS:5\nI:77\nT:Other\nU:u\nL:L\no:o\nm:m y\nt:5\nc:abc\nk:7\nD:b>=1\np:v\ni:good\n',
  );
  const empty = { ...entry, origin: '', maintainer: '', commit: '', extra: { o: [''], m: [''], c: [''] } };
  const written = textOf(lay([{ ...one, index: { entry: empty, tag: '' } }]), 'lib/apk/db/installed');
  assert.match(written, /\nL:L\no:\nm:\nt:5\nc:\nk:7\n/);
  const none = { ...entry, installedSizeBytes: 0 };
  assert.equal(lay([{ ...one, index: { entry: none, tag: '' } }]).tree.has('a'), false);
});

test('relations are written up to the first that apk cannot read', async () => {
  const [one] = await installed({ name: 'a', version: '1-r0', files: [file('a')] });
  assert.ok(one !== undefined);
  // Each seen on apk 2.14.0 and 3.0.6.
  const rows: readonly (readonly [provides: string, apk2: string, apk3: string])[] = [
    ['a=1 v=abc b=2', 'a=1', 'a=1 v=abc b=2'],
    ['v=abc b=2', '', 'v=abc b=2'],
    ['a=1 v= b=2', 'a=1', 'a=1'],
    ['a=1 v@x b=2', 'a=1 v b=2', 'a=1'],
    ['a =1 b', 'a =1 b', 'a =1 b'],
    ['virt = 2.0', 'virt', 'virt'],
    ['a==1 b=<2', 'a=1 b<=2', 'a=1 b<=2'],
    ['!a >1', '!a >1', '!a >1'],
  ];
  for (const [provides, apk2, apk3] of rows) {
    const entry = { ...alpine.archives.describe(one.facts, ''), provides: provides.split(' ') };
    const line = (release: string, folder: string): string =>
      /^p:(.*)$/m.exec(
        textOf(
          lay([{ ...one, index: { entry, tag: '' } }], { system: { release, packageManager: '' } }),
          `${folder}/db/installed`,
        ),
      )?.[1] ?? '';
    assert.equal(line('v3.19', 'lib/apk'), apk2, provides);
    assert.equal(line('v3.23', 'lib/apk'), apk3, provides);
  }
});

test('a hard link keeps the checksum of a file that another package’s took the place of', async () => {
  const packages = await installed(
    {
      name: 'a',
      version: '1-r0',
      files: [
        file('x'),
        { path: 'y', type: 'hardlink', linkTarget: 'x' },
        { path: 'z', type: 'hardlink', linkTarget: 'y' },
      ],
    },
    { name: 'b', version: '1-r0', replaces: ['a'], files: [file('x', 'other')] },
  );
  const text = textOf(lay(packages), 'lib/apk/db/installed');
  const sum = 'Z:Q1EfatjsUqKYSrqv18O1FlA3hcIHI='; // SHA-1 of `x`
  assert.ok(text.includes(`\nF:\nR:y\n${sum}\nR:z\n${sum}\n`), text);
});

test('an attribute that Linux refuses is noted, and apk 2 has no checksum of its file', async () => {
  const files = [
    { ...file('a'), xattrs: { 'com.apple.provenance': 'AQ==' } },
    { ...file('b'), xattrs: { 'user.x': 'AQ==' } },
    { path: 'c', linkTarget: 'a', xattrs: { 'com.apple.provenance': 'AQ==' } },
    { ...file('d'), xattrs: { 'security.capability': 'AQ==' } },
  ];
  const text = textOf(lay(await installed({ name: 'a', version: '1-r0', files })), 'lib/apk/db/installed');
  assert.match(
    text,
    /\nf:x\nF:\nR:a\na:0:0:644:Q1[^\n]+\nR:b\na:0:0:644:Q1[^\n]+\nZ:Q1[^\n]+\nR:c\n(?:[aZ]:.*\n)*R:d\na:0:0:644:Q1[^\n]+\n(?!Z)/,
  );
});

test('the folder of scripts is made for the first of them where there is none, and else as its package has it', async () => {
  const tools: ApkSpec = {
    name: 'apk-tools',
    version: '2.14.0-r0',
    files: [{ path: 'lib/' }, { path: 'lib/apk/' }, { path: 'lib/apk/exec/' }],
  };
  const scripted: ApkSpec = {
    name: 's',
    version: '1-r0',
    files: [file('s')],
    scripts: { 'post-install': '#!/bin/sh\nexit 0\n' },
  };
  const mode = async (...specs: readonly ApkSpec[]): Promise<number | undefined> =>
    lay(await installed(...specs)).tree.get('lib/apk/exec')?.mode;
  assert.equal(await mode(tools, scripted), 0o755);
  assert.equal(await mode(scripted, tools), 0o700);
  assert.equal(await mode(scripted), 0o700);
  assert.equal(await mode(tools), 0o755);
  const deferred = async (...specs: readonly ApkSpec[]): Promise<string> =>
    textOf(lay(await installed(...specs), { mode: 'deferred' }), '.pkg/install.sh');
  assert.doesNotMatch(await deferred(tools, scripted), /chmod 700/);
  assert.match(await deferred(scripted, tools), /chmod 700 \/lib\/apk\/exec/);
});

test('commit hooks have the last turn: those of packages with apk 3 alone, none without scripts', async () => {
  const hook = (path: string, content: string, mode = 0o755) => ({ path, content, mode });
  const folders = ['etc/apk/', 'etc/apk/commit_hooks.d/', 'lib/', 'lib/apk/', 'lib/apk/commit_hooks.d/'];
  const packages = await installed(BASE, {
    name: 'hooks',
    version: '1-r0',
    files: [
      ...folders.map((path) => ({ path })),
      hook('etc/apk/commit_hooks.d/b', '#!/bin/sh\necho "$1"\n'),
      hook('etc/apk/commit_hooks.d/.hidden', UNKNOWN),
      hook('lib/apk/commit_hooks.d/a', '#!/bin/sh\n[ "$1" = post-commit ] || exit 0\necho x > /made\n'),
      hook('lib/apk/commit_hooks.d/b', UNKNOWN),
      hook('lib/apk/commit_hooks.d/c', UNKNOWN),
      hook('lib/apk/commit_hooks.d/d', '#!/bin/sh\n'),
    ],
  });
  const label = (path: string) => `commit hook /${path}`;
  const apk3 = lay(packages, { system: { release: 'edge', packageManager: '' } });
  assert.deepEqual(apk3.appliedSteps, ['lib/apk/commit_hooks.d/a', 'etc/apk/commit_hooks.d/b'].map(label));
  assert.deepEqual(apk3.pendingSteps, ['lib/apk/commit_hooks.d/c', 'lib/apk/commit_hooks.d/d'].map(label));
  assert.equal(textOf(apk3, 'made'), 'x\n');
  assert.match(
    textOf(apk3, '.pkg/install.sh'),
    /\nhook 'commit hook \/lib\/apk\/commit_hooks\.d\/c' lib\/apk\/commit_hooks\.d\/c\n/,
  );
  const apk2 = lay(packages);
  assert.deepEqual([apk2.appliedSteps, apk2.pendingSteps], [[label('etc/apk/commit_hooks.d/b')], []]);
  const without = lay(packages, { scripts: false });
  assert.deepEqual([without.appliedSteps, without.pendingSteps], [[], []]);
});
