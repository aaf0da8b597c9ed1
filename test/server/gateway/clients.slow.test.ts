import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cli, environment } from '../../app/harness.ts';
import { type Mirror, startMirror } from '../../fake/mirror.ts';
import { startFakeRegistry } from '../../fake/registry.ts';
import { sharedData } from '../../fixtures/shared.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { runAsync } from './run-async.ts';

const MAIN = resolve(import.meta.dirname, '../../../src/main.ts');
const IS_ROOT = process.getuid?.() === 0 && process.platform === 'linux' && process.arch === 'x64';

interface Serving {
  readonly url: string;
  readonly port: string;
  end(): Promise<void>;
}

/** `compose serve` as a process of its own. */
async function serve(t: TestContext, cache: string, words: readonly string[]): Promise<Serving> {
  const child = spawn(
    process.execPath,
    [MAIN, 'serve', '--cache', cache, '--listen', '127.0.0.1:0', ...words],
    {
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let stderr = '';
  const url = await new Promise<string>((found, failed) => {
    child.stderr.on('data', (bytes) => {
      stderr += bytes;
      const said = /serving on (http:\/\/\S+)/.exec(stderr)?.[1];
      if (said !== undefined) found(said);
    });
    child.on('exit', (code) => failed(new Error(`compose serve ended with ${code}: ${stderr}`)));
  });
  const ended = new Promise<void>((done) => child.on('exit', () => done()));
  const end = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  t.after(end);
  return { url, port: new URL(url).port, end };
}

/** A mirror over `folder`, where each path below `places` leads to a folder of the shared data. */
async function mirrorOf(t: TestContext, places: Readonly<Record<string, string>>): Promise<Mirror> {
  const mirror = await startMirror((path) => {
    for (const [place, folder] of Object.entries(places)) {
      const file = join(folder, path.slice(place.length));
      if (path.startsWith(place) && existsSync(file))
        return { bytes: readFileSync(file), mtimeMs: 1_700_000_000_000 };
    }
    return undefined;
  });
  t.after(() => mirror.close().catch(() => {}));
  return mirror;
}

/** What apk 2.14 needs to run: itself and its libraries. */
const CLOSURE = /^(apk-tools|musl|libcrypto3|libssl3|zlib)-[0-9]/;

/** apk 2.14 in a chroot out of its own packages, or the apk that a variable names. A sentence: why there is none. */
function apkOf(t: TestContext, which: '2.14' | '3', data: string | undefined) {
  if (!IS_ROOT) return 'real apk needs root on Linux, x86_64';
  if (data === undefined) return 'the shared data are not here';
  const folder = tempDir(t);
  if (which === '3') {
    const apk = process.env.PKGCOMPOSE_APK3 ?? '';
    if (apk === '') return 'PKGCOMPOSE_APK3 names no apk of version 3';
    return { folder, command: [apk, '--arch', 'x86_64'], inside: (path: string) => path };
  }
  for (const name of readdirSync(data).filter((one) => CLOSURE.test(one)))
    spawnSync('/bin/sh', [
      '-c',
      'gzip -dc "$1" | tar -xf - -C "$2" 2>/dev/null',
      'sh',
      join(data, name),
      folder,
    ]);
  return {
    folder,
    command: ['chroot', folder, '/sbin/apk'],
    inside: (path: string) => path.slice(folder.length),
  };
}

for (const which of ['2.14', '3'] as const) {
  test(`apk ${which} updates and adds from /mirror/, also when the upstream is gone`, async (t) => {
    const data = sharedData('data/alpine/v3.19-iso/x86_64');
    const apk = apkOf(t, which, data);
    if (typeof apk === 'string') return t.skip(`skipped: ${apk}`);
    const upstream = await mirrorOf(t, { '/v3.19/main/x86_64/': data as string });
    const cache = tempDir(t);
    const words = ['--release', 'v3.19', '--arch', 'x86_64', '--mirror', upstream.url, '--repo', 'main'];
    const server = await serve(t, cache, words);
    const add = async (name: string, packages: readonly string[]) => {
      const root = join(apk.folder, name);
      const keys = join(root, 'etc/apk/keys');
      mkdirSync(keys, { recursive: true });
      const listing = (await (await fetch(`${server.url}/mirror/alpine/keys/?format=json`)).json()) as {
        entries: { name: string }[];
      };
      assert.ok(listing.entries.length > 0);
      for (const { name: key } of listing.entries) {
        const pem = await (await fetch(`${server.url}/mirror/alpine/keys/${key}`)).text();
        writeFileSync(join(keys, key), pem);
      }
      writeFileSync(join(root, 'etc/apk/repositories'), `${server.url}/mirror/alpine/v3.19/main\n`);
      const [program = '', ...first] = apk.command;
      const common = ['--root', apk.inside(root), '--initdb', '--no-scripts', '--no-cache'];
      const { status, output } = await runAsync(program, [...first, 'add', ...common, ...packages]);
      assert.equal(status, 0, output);
      const installed = readFileSync(join(root, 'lib/apk/db/installed'), 'utf8');
      for (const one of packages) assert.match(installed, new RegExp(`^P:${one}$`, 'm'));
    };
    await add('first', ['alpine-base', 'openssl']);
    assert.ok(upstream.requests.length > 10);
    await upstream.close();
    await add('second', ['alpine-base', 'openssl']);
  });
}

test('pacman refreshes, installs and lists files from /mirror/, also when the upstream is gone', async (t) => {
  const data = sharedData('data/arch/2017.12/x86_64');
  if (data === undefined || !IS_ROOT || !existsSync('/usr/bin/pacman'))
    return t.skip('skipped: real pacman, root or its packages are not here');
  const folder = tempDir(t);
  const repository = join(folder, 'core/os/x86_64');
  mkdirSync(repository, { recursive: true });
  for (const name of readdirSync(data)) symlinkSync(join(data, name), join(repository, name));
  for (const ending of ['db', 'files'])
    symlinkSync(join(data, `pool.${ending}.tar.gz`), join(repository, `core.${ending}`));
  const upstream = await mirrorOf(t, { '/': folder });
  const cache = tempDir(t);
  const source = ['--distro', 'arch', '--arch', 'x86_64', '--mirror', upstream.url, '--repo', 'core'];
  const log = join(folder, 'access.log');
  const server = await serve(t, cache, [...source, '--allow-untrusted', `--access-log=${log}`]);
  const pacman = async (name: string, words: readonly string[]): Promise<string> => {
    const root = join(folder, name);
    const hooks = join(root, 'no-hooks');
    for (const path of [join(root, 'var/lib/pacman'), hooks, join(root, 'cache')])
      mkdirSync(path, { recursive: true });
    writeFileSync(
      join(root, 'pacman.conf'),
      `[options]\nArchitecture = x86_64\nSigLevel = Never\nHookDir = ${hooks}\n[core]\nServer = ${server.url}/mirror/arch/$repo/os/$arch\n`,
    );
    const all = [
      '--config',
      join(root, 'pacman.conf'),
      '--root',
      root,
      '--cachedir',
      join(root, 'cache'),
      '--noconfirm',
      ...words,
    ];
    const { status, output } = await runAsync('/usr/bin/pacman', all);
    assert.equal(status, 0, output);
    return output;
  };
  const set = ['--noscriptlet', 'zlib', 'bash'];
  await pacman('first', ['-Sy', ...set]);
  await pacman('first', ['-Sy']);
  assert.match(await pacman('first', ['-Fy', '/usr/bin/bash']), /bash/);
  await upstream.close();
  await pacman('second', ['-Syu', ...set]);
  assert.match(await pacman('second', ['-Fy', '/usr/bin/bash']), /bash/);
  assert.ok(existsSync(join(folder, 'second/usr/bin/bash')));
  await server.end();
  const answers = readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.includes('/core.db"'));
  assert.deepEqual(
    answers.map((line) => (JSON.parse(line) as { status: number }).status),
    [200, 304, 200],
  );
});

/** Pushes every file of a folder under its path. */
async function pushAll(folder: string, reference: string): Promise<void> {
  const files = spawnSync('find', ['.', '-type', 'f', '-printf', '%P\n'], { cwd: folder, encoding: 'utf8' });
  const paths = files.stdout.split('\n').filter((path) => path !== '');
  const { code, stderr } = await cli(['artifact', 'push', reference, ...paths], { cwd: folder });
  assert.equal(code, 0, stderr);
}

const has = (program: string): boolean => spawnSync('/bin/sh', ['-c', `command -v ${program}`]).status === 0;

/** A folder with two rpms, the second of which needs the first, and their metadata; a sentence: why there is none. */
function rpmRepository(t: TestContext): string {
  const folder = tempDir(t);
  const packages = join(folder, 'repo/Packages');
  mkdirSync(packages, { recursive: true });
  for (const [name, requires] of [
    ['made-lib', ''],
    ['made-app', 'Requires: made-lib'],
  ]) {
    const spec = join(folder, `${name}.spec`);
    const tags = `Name: ${name}\nVersion: 1.0\nRelease: 1\nSummary: x\nLicense: MIT\nBuildArch: noarch\n${requires}\n`;
    const file = `/opt/${name}`;
    writeFileSync(
      spec,
      `${tags}%description\nx\n%install\nmkdir -p %{buildroot}/opt\nhead -c 400000 /dev/urandom >%{buildroot}${file}\n%files\n${file}\n`,
    );
    const made = spawnSync(
      'rpmbuild',
      ['-bb', '--define', `_topdir ${folder}/top`, '--define', `_rpmdir ${packages}`, spec],
      { encoding: 'utf8' },
    );
    assert.equal(made.status, 0, made.stderr);
  }
  const made = spawnSync('createrepo_c', [join(folder, 'repo')], { encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  return join(folder, 'repo');
}

test('dnf and zypper install from an rpm repository that was pushed to the server itself', async (t) => {
  if (!IS_ROOT || !['dnf', 'rpmbuild', 'createrepo_c'].every(has))
    return t.skip('skipped: dnf, rpmbuild, createrepo_c or root are not here');
  const repository = rpmRepository(t);
  const server = await serve(t, tempDir(t), []);
  await pushAll(repository, `127.0.0.1:${server.port}/team/rpms:1`);
  const url = `${server.url}/files/-/team/rpms:1/`;
  const root = tempDir(t);
  const common = [
    '-y',
    `--installroot=${root}`,
    `--repofrompath=made,${url}`,
    '--repo=made',
    '--nogpgcheck',
    '--releasever=1',
  ];
  const dnf = await runAsync('dnf', [...common, `--setopt=cachedir=${root}/cache`, 'install', 'made-app']);
  assert.equal(dnf.status, 0, dnf.output);
  for (const name of ['made-app', 'made-lib']) assert.ok(existsSync(join(root, 'opt', name)), dnf.output);
  if (!has('zypper')) return t.diagnostic('zypper is not here');
  const other = tempDir(t);
  for (const words of [
    ['addrepo', '--no-gpgcheck', url, 'made'],
    ['refresh'],
    ['install', '--no-recommends', 'made-app'],
  ]) {
    const zypper = await runAsync('zypper', [
      '--root',
      other,
      '--non-interactive',
      '--no-gpg-checks',
      ...words,
    ]);
    assert.equal(zypper.status, 0, `${words}: ${zypper.output}`);
  }
  assert.ok(existsSync(join(other, 'opt/made-app')));
});

test('apt-get reads a repository in a registry, its packages with a tag each, by a signed InRelease', async (t) => {
  if (!['apt-get', 'apt-ftparchive', 'dpkg-deb', 'gpg'].every(has))
    return t.skip('skipped: apt-get, apt-ftparchive, dpkg-deb or gpg are not here');
  const registry = await startFakeRegistry(t);
  const folder = tempDir(t);
  const repo = join(folder, 'repo');
  const tree = join(folder, 'tree');
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
  mkdirSync(repo);
  writeFileSync(
    join(tree, 'DEBIAN/control'),
    'Package: made-app\nVersion: 1:1.0+x-1\nArchitecture: all\nMaintainer: x <x@example.test>\nDescription: x\n',
  );
  writeFileSync(join(tree, 'made-app'), Buffer.alloc(500_000, 'made'));
  const script = [
    'set -e',
    'dpkg-deb -b tree "repo/made-app_1.0+x-1_all.deb"',
    'cd repo && apt-ftparchive packages . >Packages && gzip -k Packages && apt-ftparchive release . >Release',
    'export GNUPGHOME="$1/gpg" && mkdir -m 700 "$GNUPGHOME"',
    'gpg --batch --quiet --passphrase "" --quick-generate-key test@example.test default default never',
    'gpg --batch --quiet --clearsign -o InRelease Release && gpg --batch --quiet --export >../key.gpg',
    'gpgconf --kill all',
  ].join('\n');
  const made = spawnSync('/bin/sh', ['-c', script, 'sh', folder], { cwd: folder, encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  const name = `${registry.host}/team/debs`;
  const push = async (tag: string, files: readonly string[]) => {
    const { code, stderr } = await cli(['artifact', 'push', `${name}:${tag}`, ...files], { cwd: repo });
    assert.equal(code, 0, stderr);
  };
  await push('stable', ['InRelease', 'Release', 'Packages', 'Packages.gz']);
  await push('made-app_1.0_x-1_all.deb', ['made-app_1.0+x-1_all.deb']);
  const server = await serve(t, tempDir(t), ['--files-from', `${registry.host}/team/*`]);
  const dirs = [
    'state/lists/partial',
    'cache/archives/partial',
    'etc/apt/apt.conf.d',
    'etc/apt/preferences.d',
    'out',
  ];
  for (const dir of dirs) mkdirSync(join(folder, dir), { recursive: true });
  writeFileSync(join(folder, 'status'), '');
  writeFileSync(
    join(folder, 'sources.list'),
    `deb [signed-by=${folder}/key.gpg] ${server.url}/files/${name}:stable ./\n`,
  );
  const options = [
    `Dir::State=${folder}/state`,
    `Dir::State::status=${folder}/status`,
    `Dir::Cache=${folder}/cache`,
    `Dir::Etc=${folder}/etc/apt`,
    `Dir::Etc::sourcelist=${folder}/sources.list`,
    'Dir::Etc::sourceparts=-',
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
  ].flatMap((option) => ['-o', option]);
  for (const words of [['update'], ['download', 'made-app']]) {
    const apt = await runAsync('apt-get', [...options, ...words], join(folder, 'out'));
    assert.equal(apt.status, 0, apt.output);
    assert.doesNotMatch(apt.output, /^[EW]:/m);
  }
  const [deb = ''] = readdirSync(join(folder, 'out'));
  assert.ok(
    readFileSync(join(folder, 'out', deb)).equals(readFileSync(join(repo, 'made-app_1.0+x-1_all.deb'))),
  );
});

test('curl and wget read, resume and mirror files of the server itself', async (t) => {
  if (!['curl', 'wget'].every(has)) return t.skip('skipped: curl or wget are not here');
  const folder = tempDir(t);
  mkdirSync(join(folder, 'in/distfiles'), { recursive: true });
  writeFileSync(join(folder, 'in/distfiles/a-1.tar.xz'), Buffer.alloc(900_000, 'abc'));
  writeFileSync(join(folder, 'in/README'), 'read me\n');
  const server = await serve(t, tempDir(t), []);
  await pushAll(join(folder, 'in'), `127.0.0.1:${server.port}/gentoo:1`);
  const url = `${server.url}/files/-/gentoo:1/`;
  writeFileSync(join(folder, 'part'), Buffer.alloc(900_000, 'abc').subarray(0, 333_333));
  const curl = await runAsync('curl', [
    '-sSfC',
    '-',
    '-o',
    join(folder, 'part'),
    `${url}distfiles/a-1.tar.xz`,
  ]);
  assert.equal(curl.status, 0, curl.output);
  assert.ok(readFileSync(join(folder, 'part')).equals(Buffer.alloc(900_000, 'abc')));
  const wget = await runAsync('wget', [
    '-q',
    '-r',
    '-np',
    '-nH',
    '--cut-dirs=3',
    '-P',
    join(folder, 'out'),
    url,
  ]);
  assert.equal(wget.status, 0, wget.output);
  assert.equal(readFileSync(join(folder, 'out/README'), 'utf8'), 'read me\n');
  assert.ok(readFileSync(join(folder, 'out/distfiles/a-1.tar.xz')).equals(Buffer.alloc(900_000, 'abc')));
});
