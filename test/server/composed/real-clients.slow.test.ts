import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { environment } from '../../app/harness.ts';
import { startMirror } from '../../fake/mirror.ts';
import { startContainerd } from '../../fixtures/containerd.ts';
import { podmanEnv, startDocker } from '../../fixtures/engine.ts';
import { peer } from '../../fixtures/peers.ts';
import { sharedData } from '../../fixtures/shared.ts';
import { tempDir } from '../../fixtures/temp.ts';

const MAIN = resolve(import.meta.dirname, '../../../src/main.ts');
const TIMEOUT_MS = 150_000;
const GIT = 'alpine/v3.19/git/make';
/** git is of Alpine 3.19, bash of Arch's December of 2017. */
const GIT_SAYS = /git version 2\.43\.4/;
const BASH_SAYS = /GNU bash, version 4\.4\.12/;
/** Podman's own limits are above those of a container that tests run in. */
const PODMAN_RUN = ['run', '--rm', '--network=none', '--ulimit=nofile=1024:1024', '--ulimit=nproc=1024:1024'];

interface Lab {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Where clients run */
  readonly folder: string;
  /** Runs a client; throws with what it printed. @returns all of that */
  run(program: string, ...words: readonly string[]): Promise<string>;
  /** Digest of a tag, as the server says */
  digest(name: string): Promise<string>;
}

/** `compose serve` over real packages of a loopback mirror, with an empty cache; undefined, with the reason printed, without them. */
async function startLab(
  t: TestContext,
  env: NodeJS.ProcessEnv = process.env,
  more: readonly string[] = [],
): Promise<Lab | undefined> {
  const keys = sharedData('data/alpine/keys');
  const places = {
    '/iso/': sharedData('data/alpine/v3.19-iso'),
    '/pool/': sharedData('data/alpine/v3.19-pool'),
    '/arch/': sharedData('data/arch/2017.12/x86_64'),
  };
  if (keys === undefined || Object.values(places).includes(undefined)) {
    t.diagnostic('skipped: data/alpine and data/arch of the shared data are not here');
    return undefined;
  }
  const mirror = await startMirror((path) => {
    for (const [place, folder] of Object.entries(places)) {
      // A repository of pacman's is called as its database is.
      const name = path === '/arch/arch.db' ? 'pool.db.tar.gz' : path.slice(place.length);
      const file = join(folder as string, name);
      if (path.startsWith(place) && existsSync(file)) return { bytes: readFileSync(file), mtimeMs: 1 };
    }
    return undefined;
  });
  t.after(() => mirror.close());
  const folder = tempDir(t);
  const config = join(folder, 'serve.json');
  const alpine = {
    ...{ distro: 'alpine', releases: ['v3.19'], architectures: ['x86_64'], keyring: keys },
    repositories: [`${mirror.url}/iso`, `${mirror.url}/pool`],
    'allow-untrusted': true,
  };
  const arch = {
    ...{ distro: 'arch', architectures: ['x86_64'], 'allow-untrusted': true },
    repositories: [`${mirror.url}/arch`],
  };
  writeFileSync(config, JSON.stringify({ listen: '127.0.0.1:0', distributions: [alpine, arch] }));
  const words = [MAIN, 'serve', '--cache', join(folder, 'cache'), '--config', config, ...more];
  const child = spawn(process.execPath, words, { env: environment(), stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((done) => child.on('exit', () => done()));
  t.after(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const url = await new Promise<string>((found, failed) => {
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said += text;
      const [, address] = /serving on (http:\/\/\S+)/.exec(said) ?? [];
      if (address !== undefined) found(address);
    });
    child.on('exit', (code) => failed(new Error(`compose serve ended with ${code}: ${said}`)));
  });
  const { host } = new URL(url);
  return {
    host,
    folder,
    async run(program, ...args) {
      const options = { env, cwd: folder, timeout: TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024 };
      try {
        const { stdout, stderr } = await promisify(execFile)(program, [...args], options);
        return `${stdout}${stderr}`.trim();
      } catch (error) {
        const { stderr } = error as { stderr?: string };
        throw new Error(`${program} ${args.join(' ')}: ${stderr || error}`);
      }
    },
    async digest(name) {
      const response = await fetch(`${url}/v2/${name}/manifests/latest`, { method: 'HEAD' });
      assert.equal(response.status, 200, name);
      return response.headers.get('docker-content-digest') ?? '';
    },
  };
}

/** Writes a Dockerfile that starts from a composed image. @returns its folder */
function buildFolder(t: TestContext, { host }: Lab): string {
  const folder = join(tempDir(t), 'build');
  mkdirSync(folder);
  writeFileSync(join(folder, 'Dockerfile'), `FROM ${host}/alpine/v3.19/git\nRUN git init /work\n`);
  return folder;
}

/** What a client says to a name with an unknown package. */
async function refusalOf(t: TestContext, pulling: Promise<string>): Promise<string> {
  const text = await pulling.then(
    () => assert.fail('pulled'),
    (error: Error) => error.message,
  );
  t.diagnostic(text.replace(/127\.0\.0\.1:\d+/g, 'HOST'));
  return text;
}

test('docker pulls composed names, runs them, builds FROM one, pushes, pulls that; and is told what is not there', async (t) => {
  const docker = await startDocker(t);
  const lab = docker && (await startLab(t, docker.env));
  if (lab === undefined) return t.skip('skipped: no docker, or no real packages');
  const { host } = lab;
  const run = (...words: readonly string[]) => lab.run('docker', ...words);
  const inside = (image: string, ...words: readonly string[]) =>
    run('run', '--rm', '--network=none', `${host}/${image}`, ...words);
  assert.match(await run('pull', `${host}/${GIT}`), new RegExp(await lab.digest(GIT)));
  assert.match(await inside(GIT, 'git', '--version'), GIT_SAYS);
  assert.match(await inside(GIT, 'make', '--version'), /GNU Make 4/);
  await run('pull', `${host}/alpine/libstdc__2b2b`);
  assert.match(await inside('alpine/libstdc__2b2b', 'ls', '/usr/lib'), /libstdc\+\+\.so\.6/);
  const built = `${host}/team/built:1`;
  await run('build', '--network=none', '-t', built, buildFolder(t, lab));
  assert.match(await run('push', built), /digest: sha256:/);
  await run('rmi', built);
  await run('pull', built);
  assert.match(await inside('team/built:1', 'git', '-C', '/work', 'status'), /No commits yet/);
  const refusal = await refusalOf(t, run('pull', `${host}/alpine/gitt`));
  assert.match(refusal, /no such package: gitt\. Did you mean git/);
});

test('docker pulls and runs an Arch image in layers of gzip', async (t) => {
  const docker = await startDocker(t);
  const lab = docker && (await startLab(t, docker.env, ['--layer-encoding', 'gzip']));
  if (lab === undefined) return t.skip('skipped: no docker, or no real packages');
  const image = `${lab.host}/arch/bash`;
  await lab.run('docker', 'pull', image);
  assert.match(
    await lab.run('docker', 'run', '--rm', '--network=none', image, 'bash', '--version'),
    BASH_SAYS,
  );
});

test('podman pulls composed names, runs them and pushes; buildah builds FROM one', async (t) => {
  const podman = await podmanEnv(t);
  const lab = podman && (await startLab(t, podman.env));
  if (lab === undefined) return t.skip('skipped: no podman, or no real packages');
  const { host } = lab;
  const open = '--tls-verify=false';
  const run = (...words: readonly string[]) => lab.run('podman', ...words);
  for (const name of [GIT, 'alpine/libstdc__2b2b', 'arch/bash']) await run('pull', open, `${host}/${name}`);
  assert.match(await run(...PODMAN_RUN, `${host}/${GIT}`, 'git', '--version'), GIT_SAYS);
  assert.match(await run(...PODMAN_RUN, `${host}/arch/bash`, 'bash', '--version'), BASH_SAYS);
  await run('push', open, `${host}/${GIT}`, `${host}/by/podman:1`);
  await run('pull', open, `${host}/by/podman:1`);
  const refusal = await refusalOf(t, run('pull', open, `${host}/alpine/gitt`));
  assert.match(refusal, /gitt|manifest unknown/);

  if (!existsSync('/usr/bin/buildah')) return t.diagnostic('skipped: buildah is not installed');
  const buildah = (...words: readonly string[]) => lab.run('buildah', ...words);
  const built = `${host}/by/buildah:1`;
  const isolation = ['--isolation=chroot', '--ulimit=nofile=1024:1024'];
  await buildah('pull', open, `${host}/${GIT}`);
  await buildah('bud', open, ...isolation, '-t', built, buildFolder(t, lab));
  await buildah('push', open, built);
  await run('rmi', built);
  await run('pull', open, built);
  assert.match(await run(...PODMAN_RUN, built, 'git', '-C', '/work', 'status'), /No commits yet/);
});

test('skopeo copies composed names, and says what is not there', async (t) => {
  const lab = existsSync('/usr/bin/skopeo') ? await startLab(t) : undefined;
  if (lab === undefined) return t.skip('skipped: no skopeo, or no real packages');
  const copy = (name: string) =>
    lab.run(
      'skopeo',
      ...['copy', '--insecure-policy', '--src-tls-verify=false'],
      ...[`docker://${lab.host}/${name}`, `dir:${join(tempDir(t), 'image')}`],
    );
  for (const name of [GIT, 'alpine/libstdc__2b2b', 'arch/bash']) await copy(name);
  const inspected = await lab.run('skopeo', 'inspect', '--tls-verify=false', `docker://${lab.host}/${GIT}`);
  assert.ok(JSON.parse(inspected).RepoTags.includes('2.43.4-r0'), inspected);
  assert.match(await refusalOf(t, copy('alpine/gitt')), /no such package: gitt\. Did you mean git/);
});

test('crane pulls and validates composed names', async (t) => {
  const crane = peer(t, 'crane');
  const lab = crane === undefined ? undefined : await startLab(t);
  if (crane === undefined || lab === undefined) return t.skip('skipped: no crane, or no real packages');
  for (const name of [GIT, 'alpine/libstdc__2b2b', 'arch/bash']) {
    const image: string = `${lab.host}/${name}`;
    assert.equal(await lab.run(crane, 'digest', '--insecure', image), await lab.digest(name));
    // It looks into layers of gzip alone.
    if (name !== 'arch/bash') await lab.run(crane, 'validate', '--insecure', '--remote', image);
    await lab.run(crane, 'pull', '--insecure', '--format=oci', image, join(tempDir(t), 'layout'));
  }
  assert.match(await lab.run(crane, 'catalog', '--insecure', lab.host), /^alpine\/v3\.19\/git\/make$/m);
});

test('the library of ORAS pulls a composed name, attaches to it, and pushes an artifact', async (t) => {
  const oras = peer(t, 'oras-go');
  const lab = oras === undefined ? undefined : await startLab(t);
  if (oras === undefined || lab === undefined) return t.skip('skipped: no oras-go, or no real packages');
  const { folder } = lab;
  const image = `${lab.host}/${GIT}:latest`;
  const run = (verb: string, ...words: readonly string[]) => lab.run(oras, verb, '--plain-http', ...words);
  assert.equal(await run('pull', '-o', join(folder, 'image'), image), await lab.digest(GIT));
  writeFileSync(join(folder, 'note.txt'), 'reviewed');
  const artifact = `${lab.host}/by/oras:1`;
  const pushed = await run('push', '--artifact-type', 'text/note', artifact, 'note.txt:text/plain');
  assert.equal(await run('pull', '-o', join(folder, 'artifact'), artifact), pushed);
  const attached = await run('attach', '--artifact-type', 'text/note', image, 'note.txt:text/plain');
  assert.equal(await run('discover', image), attached);
});

test('ctr pulls composed names, and pushes one', async (t) => {
  const address = await startContainerd(t);
  const lab = address === undefined ? undefined : await startLab(t);
  if (address === undefined || lab === undefined)
    return t.skip('skipped: no containerd, or no real packages');
  const ctr = (...words: readonly string[]) => lab.run('ctr', '--address', address, ...words);
  const image = (...words: readonly string[]) => ctr('image', ...words);
  for (const name of [GIT, 'alpine/libstdc__2b2b'])
    await image('pull', '--plain-http', '--snapshotter', 'native', `${lab.host}/${name}:latest`);
  // Unpacked by that snapshotter, which copies all layers into each, it would be many times as large.
  await ctr('content', 'fetch', '--plain-http', `${lab.host}/arch/bash:latest`);
  await image('tag', `${lab.host}/${GIT}:latest`, `${lab.host}/by/ctr:1`);
  await image('push', '--plain-http', '--platform', 'linux/amd64', `${lab.host}/by/ctr:1`);
  await image('rm', `${lab.host}/by/ctr:1`);
  await image('pull', '--plain-http', '--snapshotter', 'native', `${lab.host}/by/ctr:1`);
});
