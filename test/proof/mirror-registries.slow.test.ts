import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pullArtifact } from '../../src/app/artifact/pull.ts';
import { mirrorAdd } from '../../src/app/mirror/add.ts';
import type { MirrorAddReport } from '../../src/model/mirror-report.ts';
import type { SourceOptions } from '../../src/model/request.ts';
import { cli, json, small, source } from '../app/harness.ts';
import { ACCESS, inCache } from '../app/images/registry-images.ts';
import { added, composedIn, indexedIn, sized, type Upstream, upstream } from '../app/mirror/mirrors.ts';
import type { ProxyFault } from '../fake/fault-exchange.ts';
import { startFaultProxy } from '../fake/fault-proxy.ts';
import { peer } from '../fixtures/peers.ts';
import { type RegistryProgram, startRegistry } from '../fixtures/registries.ts';
import { sharedData } from '../fixtures/shared.ts';
import { tempDir } from '../fixtures/temp.ts';

const SKIP = 'skipped: this registry is not here';
const PASSWORD = 'correct horse battery';
const PROGRAMS: readonly RegistryProgram[] = [
  'docker-registry',
  'distribution-v3',
  'ggcr-registry',
  'compose-serve',
];

/** Both repositories in a second generation: b rebuilt, libx++ gone, d new. */
function moveOn({ write }: Upstream): void {
  write('main', [small('a'), sized('b', 100), small('d')]);
}

for (const program of PROGRAMS) {
  test(`${program}: mirrored once, again, and on; composed from it as from the folder`, async (t) => {
    const registry = await startRegistry(t, { program });
    if (registry === undefined) return t.skip(SKIP);
    const origin = upstream(t);
    const { from, keyring, folder } = origin;
    const to = `${registry.host}/team/alpine`;
    const first = await added(tempDir(t), from, { to });
    assert.deepEqual([first.changed, first.packages.added], [true, 4]);
    const again = await added(tempDir(t), from, { to });
    assert.deepEqual([again.changed, again.packages.added, again.sentBytes], [false, 0, 0]);

    const oci = { repositories: [`oci://${to}:v3.19`], keyring };
    const plain = { repositories: [`${folder}/v3.19/main`, `${folder}/v3.19/community`], keyring };
    const cache = tempDir(t);
    const packages = ['libx++', 'b', 'c'];
    const image = await composedIn(cache, packages, oci);
    assert.equal(image.digest, (await composedIn(tempDir(t), packages, plain)).digest);
    assert.deepEqual(
      (await indexedIn(cache, oci)).map(({ status }) => status),
      ['unchanged', 'unchanged'],
    );

    moveOn(origin);
    const next = await added(tempDir(t), from, { to });
    assert.deepEqual([next.changed, next.packages.added], [true, 2]);
    assert.equal((await composedIn(cache, ['b', 'd'], oci)).plan.packages.length, 2);
    const old = { repositories: [`oci://${to}@${first.digest}`], keyring };
    assert.equal((await composedIn(tempDir(t), packages, old)).digest, image.digest);

    // As any client of artifacts gets it: a tree that --mirror takes
    const pulled = join(tempDir(t), 'v3.19');
    mkdirSync(pulled);
    const environment = {
      env: { HOME: tempDir(t) },
      progress: await inCache(tempDir(t), async ({ progress }) => progress),
      signal: new AbortController().signal,
    };
    await pullArtifact(environment, {
      reference: `${to}:v3.19`,
      titles: [],
      output: pulled,
      platform: '',
      unpack: true,
      keepOldFiles: false,
      access: ACCESS,
    });
    assert.deepEqual(readdirSync(join(pulled, 'main/x86_64')), ['APKINDEX.tar.gz']);
    const indexed = await indexedIn(tempDir(t), { ...from, mirrors: [join(pulled, '..')] });
    assert.equal(indexed.length, 2);
  });
}

for (const untagged of [false, true]) {
  for (const program of ['docker-registry', 'distribution-v3'] as const) {
    const how = untagged ? ', untagged manifests too' : '';
    test(`${program}: garbage collection${how} takes nothing of an old generation`, async (t) => {
      const registry = await startRegistry(t, { program });
      if (registry === undefined) return t.skip(SKIP);
      const origin = upstream(t);
      const { from, keyring } = origin;
      const name = 'team/alpine';
      const first = await added(tempDir(t), from, { to: `${registry.host}/${name}` });
      const wanted = ['libx++', 'b', 'c'];
      const oci = (host: string) => ({ repositories: [`oci://${host}/${name}@${first.digest}`], keyring });
      const before = await composedIn(tempDir(t), wanted, oci(registry.host));
      moveOn(origin);
      origin.write('community', [small('e')]);
      const next = await added(tempDir(t), from, { to: `${registry.host}/${name}` });
      assert.equal(next.packages.added, 3);
      await registry.stop();

      const config = join(tempDir(t), 'gc.json');
      const storage = { filesystem: { rootdirectory: registry.folder }, delete: { enabled: true } };
      writeFileSync(config, JSON.stringify({ version: 0.1, storage }));
      const path = program === 'docker-registry' ? '/usr/bin/docker-registry' : peer(t, program)!;
      const words = ['garbage-collect', ...(untagged ? ['--delete-untagged'] : []), config];
      execFileSync(path, words, { stdio: 'pipe', env: { PATH: process.env.PATH } });

      const after = await startRegistry(t, { program, folder: registry.folder });
      assert.ok(after);
      const again = await composedIn(tempDir(t), wanted, oci(after.host));
      assert.equal(again.digest, before.digest);
      const newest = { repositories: [`oci://${after.host}/${name}:v3.19`], keyring };
      assert.equal((await composedIn(tempDir(t), ['b', 'd', 'e'], newest)).plan.packages.length, 3);
      const whole = await added(tempDir(t), from, { to: `${after.host}/${name}` });
      assert.deepEqual([whole.changed, whole.sentBytes], [false, 0]);
    });
  }
}

test('with TLS of its own authority and a login: the command, its options and the stored password', async (t) => {
  const registry = await startRegistry(t, { tls: 'server', users: { alice: PASSWORD } });
  if (registry?.certificates === undefined) return t.skip(SKIP);
  const { folder, keyring } = upstream(t);
  const home = tempDir(t);
  const auth = Buffer.from(`alice:${PASSWORD}`).toString('base64');
  writeFileSync(join(home, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }));
  const env = { HOME: home, DOCKER_CONFIG: home };
  const common = ['--keyring', keyring, '--ca', registry.certificates.ca, '--arch', 'x86_64', '--json'];
  const to = `${registry.host}/alpine`;
  const run = (...words: string[]) => cli([...words, ...common, '--cache', join(home, 'cache')], { env });
  const add = await run('mirror', 'add', '--mirror', folder, '--release', '3.19', '--all', '--to', to);
  assert.equal(add.code, 0, add.stderr + add.stdout);
  assert.equal(json<MirrorAddReport>(add).packages.added, 4);
  const other = ['--cache', join(home, 'other')];
  const index = await cli(['index', '--repo', `oci://${to}:v3.19`, ...common, ...other], { env });
  assert.equal(index.code, 0, index.stderr + index.stdout);
  const image = await cli(
    ['c', '--repo', `oci://${to}:v3.19`, '-o', join(home, 'c.tar'), ...common, ...other],
    {
      env,
    },
  );
  assert.equal(image.code, 0, image.stderr + image.stdout);
  const ls = await cli(['mirror', 'ls', to, '--ca', registry.certificates.ca], { env });
  assert.match(ls.stdout, /main\/x86_64: APKINDEX.tar.gz/);
  assert.match(ls.stdout, /: 4 packages\n$/);
  const stranger = await cli(['index', '--repo', `oci://${to}:v3.19`, ...common, ...other], {
    env: { HOME: tempDir(t) },
  });
  assert.notEqual(stranger.code, 0);
  assert.match(stranger.stdout, new RegExp(`compose login ${registry.host}`));
});

const LARGE = 900_000;

const FAULTS: Readonly<Record<string, readonly { readonly fault: ProxyFault; readonly path?: RegExp }[]>> = {
  'cut replies': [{ fault: { cutReplyAfterBytes: 100 }, path: /\/blobs\/sha256/ }],
  'cut uploads and lost replies': [
    { fault: { cutRequestAfterBytes: 200_000 } },
    { fault: { losesReply: true }, path: /\/manifests\// },
  ],
  'errors and pauses': [
    { fault: { status: 503, replyHeaders: { 'Retry-After': '0' } } },
    { fault: { status: 429, replyHeaders: { 'Retry-After': '0' } } },
  ],
  'damaged and cut-off replies': [
    { fault: { corruptReplyByte: 100 }, path: /\/blobs\/sha256/ },
    { fault: { truncateReplyTo: 1000 }, path: /\/blobs\/sha256/ },
    { fault: { corruptReplyByte: 10 }, path: /\/manifests\// },
  ],
};

for (const [name, faults] of Object.entries(FAULTS)) {
  test(`on a bad line (${name}) a mirror and what is made of it are the same`, async (t) => {
    const registry = await startRegistry(t);
    if (registry === undefined) return t.skip(SKIP);
    const origin = upstream(t);
    origin.write('main', [sized('a', LARGE), small('b')]);
    const { from, keyring } = origin;
    const good = await added(tempDir(t), from, { to: `${registry.host}/good` });
    const bad = await startFaultProxy(registry.url, {
      rules: faults.map(({ fault, path }) => ({ fault, times: 1, ...(path ? { path } : {}) })),
    });
    t.after(() => bad.close());
    const report = await added(tempDir(t), from, { to: `${bad.host}/bad` });
    assert.equal(report.digest, good.digest);
    bad.rules.splice(
      0,
      bad.rules.length,
      ...faults.map(({ fault, path }) => ({ fault, times: 1, ...(path ? { path } : {}) })),
    );
    bad.requests.length = 0;
    const oci = (place: string) => ({ repositories: [`oci://${place}:v3.19`], keyring });
    const image = await composedIn(tempDir(t), ['c', 'b'], oci(`${bad.host}/bad`));
    const same = await composedIn(tempDir(t), ['c', 'b'], oci(`${registry.host}/good`));
    assert.equal(image.digest, same.digest);
    if (name === 'cut replies') {
      const resumed = bad.requests.filter(({ headers }) => headers.range !== undefined);
      assert.ok(resumed.length > 0, 'the rest alone is asked for');
    }
  });
}

test('two processes that mirror the same at once do no harm', async (t) => {
  const registry = await startRegistry(t);
  if (registry === undefined) return t.skip(SKIP);
  const { from, keyring } = upstream(t);
  const to = `${registry.host}/alpine`;
  const [one, two] = await Promise.all([added(tempDir(t), from, { to }), added(tempDir(t), from, { to })]);
  assert.equal(one.digest, two.digest);
  const oci = { repositories: [`oci://${to}:v3.19`], keyring };
  assert.equal((await composedIn(tempDir(t), ['c'], oci)).plan.packages.length, 2);
});

test('the 100 packages of the Alpine 3.19 image, signed by Alpine', async (t) => {
  const folder = sharedData('data/alpine/v3.19-iso');
  const keyring = sharedData('data/alpine/keys');
  if (folder === undefined || keyring === undefined) return t.skip('skipped: data/alpine is not here');
  const registry = await startRegistry(t);
  if (registry === undefined) return t.skip(SKIP);
  const from: Partial<SourceOptions> = { repositories: [folder], release: 'v3.19', keyring };
  const to = `${registry.host}/alpine`;
  const cache = tempDir(t);
  const add = () =>
    inCache(cache, (context) =>
      mirrorAdd(context, { source: source(from), packages: [], all: true, files: false, to }),
    );
  const first = await add();
  assert.deepEqual([first.packages.wanted, first.packages.added], [100, 100]);
  const before = registry.requests().length;
  assert.deepEqual([(await add()).sentBytes, registry.requests().length - before], [0, 2]);
  const names = ['alpine-base', 'openssh'];
  const oci = { repositories: [`oci://${to}:v3.19`], keyring };
  const image = await composedIn(tempDir(t), names, oci);
  assert.equal(image.digest, (await composedIn(cache, names, from)).digest);
});
