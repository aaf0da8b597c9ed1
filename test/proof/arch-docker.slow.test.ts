import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startDocker } from '../fixtures/engine.ts';
import { sharedData } from '../fixtures/shared.ts';
import { tempDir } from '../fixtures/temp.ts';
import { verifyImage } from '../output/verify-image.ts';
import { composeCli, NO_ARCH, realArch } from './compose-cli.ts';

const DOCKERFILE = `FROM pkgcompose/bash
RUN /.pkg/install.sh
RUN getent passwd root && test -s /etc/ld.so.cache && pacman -V > /dev/null
`;

test('real Arch 2017.12: index, compose --load, run, FROM … RUN /.pkg/install.sh', async (t) => {
  const arch = realArch();
  if (arch === undefined) return t.skip(NO_ARCH);
  const docker = await startDocker(t);
  if (docker === undefined) return t.skip('skipped: no docker engine');
  const cli = composeCli(tempDir(t));
  const run = (image: string, ...words: readonly string[]) =>
    docker.run(['run', '--rm', '--network=none', image, ...words]);

  const [indexed] = JSON.parse(cli.ok(['index', ...arch.source, '--json']));
  assert.deepEqual([indexed.packages, indexed.signedBy], [160, '']);
  const report = cli.compose(
    [...arch.packages, ...arch.source, '--install', 'deferred', '--load=docker'],
    docker.env,
  );
  assert.match(report.loadedInto ?? '', /^docker /);
  assert.equal(report.output, null);
  assert.ok(!existsSync(join(cli.cache, '../home/out.tar')), '--load alone writes no file');
  const readsZstd = Number.parseInt((report.loadedInto ?? '').slice('docker '.length), 10) >= 23;
  const zstd = report.layers.filter(({ mediaType }) => mediaType.endsWith('+zstd'));
  assert.equal(zstd.length, readsZstd ? 4 : 0, 'the encoding is one that this docker reads');

  await t.test('programs run without any script having run', () => {
    assert.match(run('pkgcompose/bash', 'bash', '-c', 'echo $BASH_VERSION'), /^4\.4\.12/);
    assert.match(run('pkgcompose/bash', 'ls', '-l', '/'), /\bbin -> usr\/bin\n/);
    assert.match(run('pkgcompose/bash', 'pacman', '-V'), /Pacman v5\.0\.2 - libalpm v10\.0\.2/);
    assert.match(run('pkgcompose/bash', 'ls', '-A', '/'), /^\.dockerenv\n\.pkg\nbin\n/);
    assert.equal(run('pkgcompose/bash', 'stat', '-c', '%a', '/tmp', '/root'), '1777\n750\n');
  });

  await t.test('docker build: install.sh runs scriptlets, ldconfig and hooks; again it does nothing', () => {
    const built = docker.run(['build', '--network=none', '--no-cache', '-t', 'installed', '-'], DOCKERFILE);
    assert.match(built, /post_install gnupg-2\.2\.4-1\n.*\(2\/2\) Rebuilding certificate stores/s);
    assert.match(built, /\nroot:x:0:0:/);
    assert.doesNotMatch(built, /command failed to execute/);
    assert.match(run('installed', 'bash', '-c', 'ldconfig -p | head -1'), /libs found in cache/);
    assert.match(run('installed', 'ls', '/etc/ssl/certs'), /ca-certificates\.crt/);
    const again = run('installed', 'bash', '-c', '/.pkg/install.sh; echo "exit $?"');
    assert.match(again, /^(?::: Running post-transaction hooks\.\.\.\n)?exit 0\n$/);
  });
});

test('Arch 2017.12 with its signatures: verified packages compose, without the keyring they do not', async (t) => {
  const keyring = sharedData('data/arch/keys/archlinux-keyring-20171213-1-any');
  const database = sharedData('data/arch/2017.12/core.db');
  const pool = sharedData('data/arch/2017.12/x86_64');
  if (keyring === undefined || database === undefined || pool === undefined) return t.skip(NO_ARCH);
  const folder = tempDir(t);
  const cli = composeCli(folder);
  const core = join(folder, 'core');
  mkdirSync(core);
  symlinkSync(database, join(core, 'core.db'));
  for (const name of SIGNED) symlinkSync(join(pool, name), join(core, name));
  const words = [
    'filesystem',
    'linux-api-headers',
    'tzdata',
    // The repository has no more than these.
    ...['--base', 'none'],
    '--distro',
    'arch',
    '--arch',
    'x86_64',
    '--repo',
    core,
  ];
  cli.compose([...words, '--keyring', keyring, '-o', join(folder, 'a.tar')]);
  const image = await verifyImage(join(folder, 'a.tar'));
  assert.ok(image.rootfs.has('usr/share/zoneinfo/UTC'));
  assert.ok(image.rootfs.has('usr/include/linux/limits.h'));

  const refused = (what: string, repository: string, keys: string) => {
    const other = composeCli(join(folder, what));
    const changed = words.map((word) => (word === core ? repository : word));
    const out = join(folder, `${what}.tar`);
    const { status, stdout } = other.run([...changed, '--keyring', keys, '-o', out, '--json']);
    assert.ok(!existsSync(out), what);
    return [status, JSON.parse(stdout).error.code];
  };
  const noKeys = join(folder, 'no-keys');
  mkdirSync(noKeys);
  writeFileSync(join(noKeys, 'readme'), 'no keys');
  // Its archives are the same, but its database, made by repo-add, has no signatures.
  assert.deepEqual(refused('unsigned', pool, keyring), [8, 'SIGNATURE']);
  assert.notEqual(refused('no-key', core, noKeys)[0], 0);

  const damaged = join(folder, 'damaged');
  mkdirSync(damaged);
  for (const name of readdirSync(core)) copyFileSync(join(core, name), join(damaged, name));
  const victim = join(damaged, SIGNED[3] as string);
  const bytes = readFileSync(victim);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  writeFileSync(victim, bytes, { mode: 0o644 });
  assert.deepEqual(refused('one-bit', damaged, keyring), [7, 'INTEGRITY']);
});

const SIGNED = [
  'filesystem-2017.10-2-x86_64.pkg.tar.xz',
  'iana-etc-20170824-1-any.pkg.tar.xz',
  'linux-api-headers-4.12.7-1-any.pkg.tar.xz',
  'tzdata-2017c-1-any.pkg.tar.xz',
];
