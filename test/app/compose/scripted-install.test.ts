import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { compose } from '../../../src/app/compose/compose.ts';
import { isAppError } from '../../../src/model/app-error.ts';
import type { ComposeReport, ComposeRequest } from '../../../src/model/request.ts';
import { openSandbox } from '../../../src/sandbox/sandbox.ts';
import type { ApkScriptName, ApkSpec } from '../../fixtures/apk.ts';
import { writeAlpineMirror, writeArchMirror } from '../../fixtures/mirror-dir.ts';
import type { FixtureFile } from '../../fixtures/tar.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { type VerifiedImage, verifyImage } from '../../output/verify-image.ts';
import { hostFiles } from '../../sandbox/host-root.ts';
import { temporaryUser } from '../../sandbox/temporary-user.ts';
import { refused, request, small, use } from '../harness.ts';

const TIME = 1_650_000_000;

/** This machine's shell and a few programs as a package's files. */
function shellFiles(): readonly FixtureFile[] {
  const files = [...(hostFiles() ?? [])];
  const folders = new Set(
    files.flatMap(([path]) =>
      path
        .split('/')
        .slice(0, -1)
        .map((_, at, parts) => `${parts.slice(0, at + 1).join('/')}/`),
    ),
  );
  return [
    ...[...folders].sort().map((path) => ({ path })),
    ...files.map(([path, content]) => ({ path, content, mode: 0o755 })),
  ];
}

interface Workbench {
  readonly folder: string;
  readonly notes: string[];
  compose(
    packages: readonly string[],
    more?: Partial<ComposeRequest>,
    cache?: string,
  ): Promise<ComposeReport>;
  image(packages: readonly string[], more?: Partial<ComposeRequest>, cache?: string): Promise<VerifiedImage>;
}

/** Undefined: skipped, as there is no sandbox here. */
async function workbench(
  t: TestContext,
  write: (folder: string) => readonly string[] | Promise<readonly string[]>,
  source: Partial<ComposeRequest['source']> = {},
): Promise<Workbench | undefined> {
  const folder = tempDir(t);
  chmodSync(folder, 0o755);
  try {
    const signal = new AbortController().signal;
    await (await openSandbox({ directory: join(folder, 'trial'), env: process.env, signal })).close();
  } catch (error) {
    if (!isAppError(error, 'UNSUPPORTED')) throw error;
    return void t.skip(`skipped: ${error.message}`);
  }
  if (hostFiles() === undefined) return void t.skip('skipped: this machine lacks a program of the test root');
  const repositories = await write(folder);
  const notes: string[] = [];
  let count = 0;
  const from = { repositories, allowUntrusted: true, ...source };
  const made: Workbench['compose'] = (packages, more = {}, cache = 'cache') =>
    use({ cache: join(folder, cache), notes }, (context) =>
      compose(context, request(packages, from, { install: 'run', sourceDateEpoch: TIME, ...more })),
    );
  return {
    folder,
    notes,
    compose: made,
    async image(packages, more = {}, cache) {
      const path = join(folder, `image-${count++}`);
      await made(packages, { ...more, output: { path, format: 'oci-dir', load: undefined } }, cache);
      return verifyImage(path);
    },
  };
}

function shell(more: Partial<ApkSpec> = {}): ApkSpec {
  return { name: 'shell', version: '1.0-r0', files: shellFiles(), ...more };
}

function scripted(
  name: string,
  scripts: Partial<Record<ApkScriptName, string>>,
  more: Partial<ApkSpec> = {},
): ApkSpec {
  const bodies = Object.entries(scripts).map(([script, body]) => [script, `#!/bin/sh\n${body}\n`]);
  return small(name, { depends: ['shell'], scripts: Object.fromEntries(bodies), ...more });
}

const alpine =
  (...packages: readonly ApkSpec[]) =>
  (folder: string) => [writeAlpineMirror(folder, { packages })];

function lineOf(image: VerifiedImage, path: string): string {
  const entry = image.rootfs.get(path);
  if (entry === undefined) return '-';
  const { type, mode, uid, gid, mtime, sizeBytes, linkTarget } = entry;
  return `${type} ${mode.toString(8)} ${uid}:${gid} ${mtime} ${linkTarget || sizeBytes}`;
}

test('scripts run in a sandbox: what they did is in the image, once and for all', async (t) => {
  const device = {
    path: 'srv/zero',
    type: 'character',
    deviceMajor: 1,
    deviceMinor: 5,
    mode: 0o666,
  } as const;
  const files = [
    { path: 'srv/' },
    device,
    { path: 'srv/changed', content: 'before' },
    { path: 'srv/removed', content: 'before' },
    { path: 'srv/kept', content: 'kept', mtime: 1_500_000_000.25 },
  ];
  const install = `
echo "hello $1 from \${APK_SCRIPT}"
echo after > /srv/changed
rm /srv/removed
touch /srv/made; chown 33:44 /srv/made; chmod 4750 /srv/made
ln -s /srv/made /srv/link
ln /srv/kept /srv/twin
touch -d @1234567890 /srv/dated
mkdir /srv/folder
perl -e 'print "x" x 100000' > /srv/large
mkdir -p /etc /var/log /dev
perl -e 'print time, rand, $$' > /var/log/noise
cat /proc/sys/kernel/random/uuid > /etc/machine-id
touch /dev/gone`;
  const bench = await workbench(
    t,
    alpine(shell(), scripted('a', { 'pre-install': 'echo first', 'post-install': install }, { files })),
  );
  if (bench === undefined) return;
  const image = await bench.image(['a']);
  assert.ok(!image.rootfs.has('.pkg') && !image.rootfs.has('dev/gone') && !image.rootfs.has('srv/removed'));
  assert.equal(lineOf(image, 'srv/made'), `file 4750 33:44 ${TIME} 0`);
  assert.equal(lineOf(image, 'srv/changed'), `file 644 0:0 ${TIME} 6`);
  assert.equal(lineOf(image, 'srv/link'), `symlink 777 0:0 ${TIME} /srv/made`);
  assert.equal(lineOf(image, 'srv/dated'), 'file 644 0:0 1234567890 0');
  assert.equal(lineOf(image, 'srv/folder'), `directory 755 0:0 ${TIME} 0`);
  assert.equal(lineOf(image, 'srv/large'), `file 644 0:0 ${TIME} 100000`);
  assert.equal(lineOf(image, 'srv/kept'), 'file 644 0:0 1500000000.25 4');
  assert.equal(lineOf(image, 'etc/machine-id'), `file 644 0:0 ${TIME} 0`);
  assert.match(lineOf(image, 'srv/zero'), /^character 666 0:0 /);
  assert.equal(image.rootfs.get('srv/twin')?.sha256, image.rootfs.get('srv/kept')?.sha256);
  assert.deepEqual(
    bench.notes.filter((note) => note.startsWith('install: ') && !note.includes('Executing')),
    ['install: first', 'install: hello 1.0-r0 from post-install'],
  );

  bench.notes.length = 0;
  const again = await bench.compose(['a']);
  assert.deepEqual([again.digest, again.left, bench.notes], [image.manifestDigest, [], []]);
  const elsewhere = await bench.compose(['a'], {}, 'other-cache');
  assert.equal(elsewhere.digest, image.manifestDigest);
  assert.ok(bench.notes.length > 0, 'another cache has to run them');
  for (const cache of ['cache', 'other-cache'])
    assert.deepEqual(readdirSync(join(bench.folder, cache, 'sandbox')), []);
});

test('a layer for all, as one, with another time: scripts run for each, and the tree is the same', async (t) => {
  const bench = await workbench(
    t,
    alpine(shell(), scripted('a', { 'post-install': 'echo new > /usr/share/a' })),
  );
  if (bench === undefined) return;
  const one = await bench.image(['a'], { layers: 'single' });
  const many = await bench.image(['a']);
  const later = await bench.image(['a'], { sourceDateEpoch: TIME + 1 });
  assert.equal(one.layers.length, 1);
  assert.deepEqual([...one.rootfs.keys()].sort(), [...many.rootfs.keys()].sort());
  assert.equal(lineOf(one, 'usr/share/a'), lineOf(many, 'usr/share/a'));
  assert.equal(lineOf(later, 'usr/share/a'), `file 644 0:0 ${TIME + 1} 4`);
});

test('a script that fails is shown, the others run, and compose ends as apk does: with an error', async (t) => {
  const bench = await workbench(
    t,
    alpine(
      shell(),
      scripted('a', { 'post-install': 'echo trouble >&2; exit 7' }),
      scripted('b', { 'post-install': 'echo fine' }, { depends: ['a'] }),
    ),
  );
  if (bench === undefined) return;
  await refused(bench.compose(['b']), 'SCRIPT', 'exit status 1', '--no-scripts');
  const shown = bench.notes.join('\n');
  assert.match(shown, /^install: trouble$/m);
  assert.match(shown, /^install: ERROR: a-1\.0-r0\.post-install: script exited with error 7$/m);
  assert.match(shown, /^install: fine$/m);
  assert.deepEqual(readdirSync(join(bench.folder, 'cache/sandbox')), []);
});

test('a scriptlet that fails is shown, and compose goes on as pacman does', async (t) => {
  const folder = tempDir(t);
  const base = { name: 'shell', version: '1-1', files: shellFiles() };
  const install = 'post_install() {\n  echo trouble; touch /usr/made; return 3\n}\n';
  const package_ = { name: 'a', version: '1-1', depends: ['shell'], files: [{ path: 'usr/' }], install };
  const bench = await workbench(
    t,
    async () => [await writeArchMirror(folder, { packages: [base, package_] })],
    { distro: 'arch' },
  );
  if (bench === undefined) return;
  const image = await bench.image(['a'], { layerEncoding: 'gzip' });
  assert.equal(lineOf(image, 'usr/made'), `file 644 0:0 ${TIME} 0`);
  assert.match(bench.notes.join('\n'), /^install: trouble\ninstall: error: .*exit status 3/m);
});

test('without a shell apk fails, without scripts nothing needs one', async (t) => {
  const bench = await workbench(
    t,
    alpine(small('plain'), scripted('a', { 'post-install': 'true' }, { depends: [] })),
  );
  if (bench === undefined) return;
  await refused(bench.compose(['a']), 'SCRIPT', '/bin/sh', 'a-1.0-r0.post-install');
  assert.ok(!(await bench.image(['plain'])).rootfs.has('.pkg'));
  assert.ok(!(await bench.image(['a'], { scripts: false })).rootfs.has('.pkg'));
  assert.ok(!existsSync(join(bench.folder, 'cache/sandbox')), 'no sandbox was needed');
});

test('an image for another processor is refused unless it can be emulated', async (t) => {
  if (existsSync('/proc/sys/fs/binfmt_misc/qemu-s390x')) return t.skip('skipped: s390x is emulated here');
  const other = { arch: 's390x' } as const;
  const packages = [shell(other), scripted('a', { 'post-install': 'true' }, other)];
  const bench = await workbench(t, (folder) => [writeAlpineMirror(folder, { packages, ...other })], {
    architecture: 's390x',
  });
  if (bench === undefined) return;
  await refused(bench.compose(['a']), 'UNSUPPORTED', 's390x', 'qemu-s390x', '--install static');
});

test('files of ids that the sandbox lacks, and a link in place of /proc, are refused by name', async (t) => {
  const script = { 'post-install': 'true' };
  const bench = await workbench(
    t,
    alpine(
      shell(),
      scripted('far', script, { files: [{ path: 'far', content: 'x', uid: 70_000 }] }),
      scripted('link', script, { files: [{ path: 'proc', linkTarget: 'usr' }] }),
    ),
  );
  if (bench === undefined) return;
  await refused(bench.compose(['far']), 'UNSUPPORTED', '/far', '70000');
  const error = await bench.compose(['link']).catch((error: unknown) => error);
  assert.ok(isAppError(error), 'a root without /proc as a folder');
});

test('a user without ids in /etc/subuid is told so', async (t) => {
  const user = temporaryUser(t, { subIds: false });
  if (user === undefined) return;
  const bench = await workbench(t, alpine(shell(), scripted('a', { 'post-install': 'true' })));
  if (bench === undefined) return;
  const cache = join('/home', user, 'cache');
  const main = join(import.meta.dirname, '../../../src/main.ts');
  const repository = join(bench.folder, 'v3.19/main/x86_64');
  const words = [
    'a',
    '--install',
    'run',
    '--distro',
    'alpine',
    '--arch',
    'x86_64',
    '--allow-untrusted',
    '--repo',
    repository,
    '--cache',
    cache,
    '-o',
    join('/home', user, 'a.tar'),
  ];
  const { status, stderr } = spawnSync('runuser', ['-u', user, '--', process.execPath, main, ...words], {
    cwd: '/',
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: join('/home', user) },
  });
  assert.equal(status, 12, stderr);
  assert.match(stderr, /\/etc\/subuid has no ids for /);
  assert.match(stderr, /usermod --add-subuids/);
});

test('--user, and the command, are looked for in the root that the scripts leave', async (t) => {
  const files = [{ path: 'etc/' }, { path: 'etc/passwd', content: 'root:x:0:0::/:/bin/sh\n' }];
  const install = 'echo app:x:7:7::/:/bin/sh >> /etc/passwd; echo "#!/bin/sh" > /bin/app; chmod 755 /bin/app';
  const bench = await workbench(
    t,
    alpine(shell(), scripted('service', { 'post-install': install }, { files }), small('plain', { files })),
  );
  if (bench === undefined) return;
  const config = { ...request([], {}).config, cmd: ['app'] };
  const made = (user: string) => bench.compose(['service'], { config: { ...config, user } });
  const { notes, runs } = await made('app');
  assert.deepEqual([notes, runs], [[], true]);
  await refused(made('nosuch'), 'USAGE', "--user nosuch: no user nosuch in the image's /etc/passwd");
  await refused(
    bench.compose(['plain'], { config: { ...config, user: 'app' } }),
    'USAGE',
    "no user app in the image's /etc/passwd",
  );
});
