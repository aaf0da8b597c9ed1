import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFaultProxy } from '../fake/fault-proxy.ts';
import { archFileName, makeArchPackage } from '../fixtures/arch.ts';
import { startRegistry } from '../fixtures/registries.ts';
import { tempDir } from '../fixtures/temp.ts';
import { noise } from '../registry/harness.ts';
import { NO_ALPINE, realAlpine } from './compose-cli.ts';
import { realApk } from './real-apk.ts';

/*
 * The blocks of docs/recipes-for-others.md, run as they stand there: only the registry's name and the folder /srv/tools are
 * replaced.
 */

const DOCS = readFileSync(resolve(import.meta.dirname, '../../docs/recipes-for-others.md'), 'utf8');
const MAIN = resolve(import.meta.dirname, '../../src/main.ts');
const TIMEOUT_MS = 120_000;

function blockOf(name: string): string {
  const [, block] = DOCS.split(`<!-- ${name} -->\n`);
  const [, text] = /^```\w+\n(.*?)^```$/ms.exec(block ?? '') ?? [];
  assert.ok(text, `docs/recipes-for-others.md has no block ${name}`);
  return text;
}

interface Place {
  readonly folder: string;
  /** For /srv/tools */
  readonly tools: string;
  block(name: string): string;
  /** A line or a block for sh, with `compose` on PATH, in `folder` unless said; never while this process waits: it may be the server. */
  sh(script: string, options?: { cwd?: string; env?: Record<string, string> }): Promise<Ran>;
  readonly env: NodeJS.ProcessEnv;
}

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function placeFor(t: TestContext, host: string): Place {
  const folder = tempDir(t);
  const bin = join(folder, 'bin');
  const tools = join(folder, 'srv/tools');
  for (const path of [bin, join(folder, 'home')]) mkdirSync(path);
  writeFileSync(join(bin, 'compose'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  chmodSync(join(bin, 'compose'), 0o755);
  // As little as a package manager's own environment has.
  const env = { PATH: `${bin}:${process.env.PATH}`, HOME: join(folder, 'home'), LC_ALL: 'C' };
  return {
    folder,
    tools,
    env,
    block: (name) => blockOf(name).replaceAll('registry.example', host).replaceAll('/srv/tools', tools),
    sh: (script, options = {}) =>
      new Promise((done) => {
        const words = { cwd: options.cwd ?? folder, env: { ...env, ...options.env }, timeout: TIMEOUT_MS };
        execFile('/bin/sh', ['-c', script], words, (error, stdout, stderr) => {
          const status = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
          done({ status, stdout, stderr });
        });
      }),
  };
}

async function ok(work: Promise<Ran>): Promise<string> {
  const { status, stdout, stderr } = await work;
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  return stdout;
}

async function setUp(t: TestContext): Promise<Place | undefined> {
  const registry = await startRegistry(t);
  if (registry === undefined) {
    t.skip('skipped: no registry');
    return undefined;
  }
  return placeFor(t, registry.host);
}

/** Whether the program is here; skips aloud. */
function has(t: TestContext, path: string): boolean {
  if (existsSync(path)) return true;
  t.skip(`skipped: ${path} is not installed`);
  return false;
}

test('scripts: fetched, missed, unpacked, attached', async (t) => {
  const place = await setUp(t);
  if (place === undefined) return;
  await ok(place.sh(place.block('sh: push')));
  const work = join(place.folder, 'elsewhere');
  mkdirSync(work);
  const printed = await ok(place.sh(place.block('sh: fetch'), { cwd: work }));
  assert.match(
    printed,
    /^greeting: saved, 6 B\nsha256:5891b5b\S+\nno missing\.txt: exit code 6, error: .*no file "missing\.txt"/,
  );
  assert.match(printed, /\nhello\nleaf\n$/);
  assert.deepEqual(readdirSync(work).sort(), ['error', 'greeting', 'tree']);
  await ok(place.sh(place.block('sh: attach')));
  const inspect = `compose inspect ${place.block('sh: attach').match(/--subject (\S+)/)?.[1]} --referrers`;
  assert.match(await ok(place.sh(inspect)), /application\/vnd\.example\.checksums/);
});

/** Portage's own steps: variables are put into the setting's text, then it is split by a shell's rules, and run without one. */
const PORTAGE = '. ./make.conf; eval "set -- $COMMAND"; exec "$@"';

test('Portage: fetches, and goes on after it was killed', async (t) => {
  const registry = await startRegistry(t);
  if (registry === undefined) return t.skip('skipped: no registry');
  const direct = placeFor(t, registry.host);
  const bytes = noise(3_000_000);
  writeFileSync(join(direct.folder, 'hello-2.12.tar.gz'), bytes);
  await ok(direct.sh(direct.block('portage: push')));

  const proxy = await startFaultProxy(registry.url);
  t.after(() => proxy.close());
  const place = placeFor(t, proxy.host);
  writeFileSync(join(place.folder, 'make.conf'), place.block('portage: make.conf'));
  const [, uri = ''] = /SRC_URI="([^"]+)"/.exec(DOCS.replaceAll('registry.example', proxy.host)) ?? [];
  const DISTDIR = join(place.folder, "dist $files 'here'");
  mkdirSync(DISTDIR);
  // As recent releases name it until it is checked.
  const FILE = 'hello-2.12.tar.gz.__download__';
  const portage = (command: string) => ({
    script: PORTAGE.replace('$COMMAND', `$${command}`),
    env: { URI: uri, DISTDIR, FILE },
  });

  const first = portage('FETCHCOMMAND_ORAS');
  proxy.rules.push({ path: /blobs/, fault: { bytesPerSecond: 1_000_000 } });
  const child = spawn('/bin/sh', ['-c', first.script], {
    cwd: place.folder,
    env: { ...place.env, ...first.env },
    stdio: 'ignore',
  });
  const ended = new Promise((done) => child.once('close', done));
  const partOf = () => readdirSync(DISTDIR).find((name) => name.endsWith('.part'));
  const soFar = () => (partOf() === undefined ? 0 : readFileSync(join(DISTDIR, partOf() as string)).length);
  for (let waited = 0; soFar() < 400_000 && waited < 400; waited++) await sleep(50);
  child.kill('SIGKILL');
  await ended;
  const left = soFar();
  assert.ok(left >= 400_000 && left < bytes.length, `${left} bytes`);
  assert.equal(existsSync(join(DISTDIR, FILE)), false, 'Portage sees no file before it is whole');

  proxy.rules.length = 0;
  proxy.requests.length = 0;
  const second = portage('RESUMECOMMAND_ORAS');
  await ok(place.sh(second.script, { env: second.env }));
  assert.ok(readFileSync(join(DISTDIR, FILE)).equals(bytes));
  assert.deepEqual(readdirSync(DISTDIR), [FILE]);
  const ranges = proxy.requests
    .filter(({ url }) => url.includes('/blobs/'))
    .map(({ headers }) => headers.range);
  assert.deepEqual(ranges, [`bytes=${left}-${bytes.length - 1}`]);

  const missing = await place.sh(first.script, { env: { ...first.env, URI: `${uri}.sig`, FILE: 'x' } });
  assert.equal(missing.status, 6, missing.stderr);
  assert.deepEqual(readdirSync(DISTDIR), [FILE]);
});

test('any user, without a home', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('skipped: root alone becomes another user');
  const place = await setUp(t);
  if (place === undefined) return;
  await ok(place.sh(place.block('sh: push')));
  chmodSync(place.folder, 0o755);
  const own = join(place.folder, 'nobody');
  mkdirSync(own);
  chownSync(own, 65_534, 65_534);
  const url = /url=(\S+)/.exec(place.block('sh: fetch'))?.[1];
  // podman as root makes the first folder that a login of this user would be in, for root alone.
  const user = 'exec setpriv --reuid 65534 --regid 65534 --clear-groups';
  const line = `${user} compose artifact fetch ${url}/hello.txt -o hello.txt --quiet`;
  assert.equal(await ok(place.sh(line, { cwd: own, env: { HOME: '/nonexistent' } })), 'hello.txt\n');
});

test('pacman: its own XferCommand, and a script for it', async (t) => {
  if (!has(t, '/usr/bin/pacman') || !has(t, '/usr/bin/repo-add')) return;
  if (process.getuid?.() !== 0) return t.skip('skipped: pacman installs as root alone');
  const place = await setUp(t);
  if (place === undefined) return;
  const repository = join(place.folder, 'repository');
  mkdirSync(repository);
  const file = (path: string) => [{ path: 'usr/' }, { path: `usr/${path}`, content: path }];
  for (const spec of [
    { name: 'hello', version: '1:2.12-1', files: file('hello'), depends: ['libhello'] },
    { name: 'libhello', version: '1.0-1', files: file('libhello') },
  ]) {
    writeFileSync(join(repository, archFileName(spec)), makeArchPackage(spec));
  }
  await ok(place.sh(place.block('pacman: push'), { cwd: repository }));

  const script = join(place.folder, 'fetch');
  writeFileSync(script, place.block('pacman: fetch'), { mode: 0o755 });
  const configuration = place
    .block('pacman: pacman.conf')
    .replace('[options]\n', '[options]\nArchitecture = x86_64\n');
  const forScript = configuration.replace(/^XferCommand = .*$/m, `XferCommand = ${script} %u %o`);
  assert.notEqual(forScript, configuration);
  for (const [name, text] of Object.entries({ line: configuration, script: forScript })) {
    const root = join(place.folder, name);
    for (const path of ['var/lib/pacman', 'cache', 'hooks']) mkdirSync(join(root, path), { recursive: true });
    writeFileSync(join(root, 'pacman.conf'), text);
    await ok(
      place.sh(
        `pacman --config ${root}/pacman.conf --root ${root} --cachedir ${root}/cache --hookdir ${root}/hooks --noconfirm -Sy hello`,
      ),
    );
    assert.equal(readFileSync(join(root, 'usr/hello'), 'utf8'), 'hello');
    assert.equal(readFileSync(join(root, 'usr/libhello'), 'utf8'), 'libhello');
    assert.deepEqual(readdirSync(join(root, 'cache')).sort(), [
      'hello-1:2.12-1-x86_64.pkg.tar.zst',
      'libhello-1.0-1-x86_64.pkg.tar.zst',
    ]);
  }
});

test('apk: a folder, signed as it was', async (t) => {
  const set = realAlpine();
  const [iso] = set?.folders ?? [];
  if (set === undefined || iso === undefined) return t.skip(NO_ALPINE);
  const place = await setUp(t);
  if (place === undefined) return;
  const apk = realApk(set, join(place.folder, 'chroot'));
  if (apk === undefined) return t.skip('skipped: apk runs in a chroot, which root alone makes');
  mkdirSync(join(place.folder, 'x86_64'));
  for (const name of readdirSync(iso).filter((one) => /^(APKINDEX|busybox-|musl-1)/.test(one))) {
    copyFileSync(join(iso, name), join(place.folder, 'x86_64', name));
  }
  await ok(place.sh(place.block('apk: push')));
  await ok(place.sh(place.block('apk: pull')));
  assert.match(await ok(place.sh(place.block('apk: pull'))), /APKINDEX\.tar\.gz .* up to date/);

  // apk sees the chroot alone.
  mkdirSync(join(apk.folder, 'srv'));
  execFileSync('cp', ['-r', place.tools, join(apk.folder, 'srv/tools')]);
  const keys = join(apk.folder, 'keys');
  execFileSync('cp', ['-r', set.source[set.source.indexOf('--keyring') + 1] as string, keys]);
  mkdirSync(apk.root);
  const line = blockOf('apk: add').replace(
    'apk add',
    'apk --root /root --initdb --keys-dir /keys --no-network add',
  );
  execFileSync('chroot', [apk.folder, '/sbin/apk', ...line.trim().split(' ').slice(1)], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  assert.ok(existsSync(join(apk.root, 'bin/busybox')));
});

const SPEC = `Name: hello
Version: 2.12
Release: 1
Summary: A test
License: MIT
BuildArch: noarch
%description
A test.
%install
mkdir -p %{buildroot}/usr/share
echo hello > %{buildroot}/usr/share/hello
%files
/usr/share/hello
`;

test('dnf: a folder made by createrepo_c', async (t) => {
  for (const name of ['dnf', 'createrepo_c', 'rpmbuild']) if (!has(t, `/usr/bin/${name}`)) return;
  if (process.getuid?.() !== 0) return t.skip('skipped: dnf installs as root alone');
  const place = await setUp(t);
  if (place === undefined) return;
  const repository = join(place.folder, 'repository');
  mkdirSync(repository);
  writeFileSync(join(place.folder, 'hello.spec'), SPEC);
  const build = `rpmbuild --quiet -bb --define '_topdir ${place.folder}/rpm' --define '_rpmdir ${repository}' --define '_build_name_fmt %%{NAME}.rpm' hello.spec`;
  await ok(place.sh(build));
  await ok(place.sh(place.block('dnf: push'), { cwd: repository }));
  await ok(place.sh(place.block('dnf: pull')));
  const repositories = join(place.folder, 'yum.repos.d');
  mkdirSync(repositories);
  writeFileSync(join(repositories, 'tools.repo'), place.block('dnf: tools.repo'));
  const root = join(place.folder, 'root');
  const own = ['cachedir', 'persistdir', 'logdir'].map((name) => {
    const path = join(place.folder, name);
    mkdirSync(path);
    return `--setopt=${name}=${path}`;
  });
  const folders = [`--setopt=reposdir=${repositories}`, ...own];
  await ok(place.sh(`dnf -y --installroot ${root} --releasever 9 ${folders.join(' ')} install hello`));
  assert.equal(readFileSync(join(root, 'usr/share/hello'), 'utf8'), 'hello\n');
});
