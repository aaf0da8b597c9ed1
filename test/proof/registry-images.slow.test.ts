import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compose } from '../../src/app/compose/compose.ts';
import { pull } from '../../src/app/images/pull.ts';
import { push } from '../../src/app/images/push.ts';
import { remove } from '../../src/app/images/remove.ts';
import { tags } from '../../src/app/images/tags.ts';
import { login } from '../../src/app/registries/login.ts';
import type { RegistryAccess } from '../../src/model/registry.ts';
import type { ComposeReport } from '../../src/model/request.ts';
import { cli, json, KEY, noise, refused, request, small } from '../app/harness.ts';
import { ACCESS, dockerManifestOf, imageOf, inCache, indexOf, tarOf } from '../app/images/registry-images.ts';
import { startFaultProxy } from '../fake/fault-proxy.ts';
import { writeAlpineMirror, writeApkKeyring } from '../fixtures/mirror-dir.ts';
import { PULL_CLIENTS, startPullClient } from '../fixtures/pull-clients.ts';
import { type RegistryOptions, startRegistry, type TestRegistry } from '../fixtures/registries.ts';
import { startTokenServer } from '../fixtures/registry-token-server.ts';
import { tempDir } from '../fixtures/temp.ts';
import { verifyImage } from '../output/verify-image.ts';
import { NO_ALPINE, realAlpine } from './compose-cli.ts';

interface TestHooks {
  after(fn: () => void | Promise<void>): void;
}

const SKIP = 'skipped: this registry is not here';
const PASSWORD = 'correct horse battery';
const users = { alice: PASSWORD };

/** A repository of packages named by letters, each with a file of 30 kB. */
function mirrorOf(t: TestHooks, names: string) {
  const packages = [...names].map((name) =>
    small(name, { files: [{ path: 'usr/' }, { path: `usr/${name}`, content: noise(name, 30_000) }] }),
  );
  const repository = writeAlpineMirror(tempDir(t), { packages, key: KEY });
  return { repositories: [repository], keyring: writeApkKeyring(tempDir(t), [KEY]) };
}

function pushTo(access: RegistryAccess, ...references: readonly string[]) {
  const output = { path: undefined, format: 'tar', load: undefined } as const;
  return { output: { ...output, push: { references, access } } };
}

function accessTo({ certificates }: TestRegistry, { tls }: RegistryOptions): RegistryAccess {
  if (certificates === undefined) return ACCESS;
  const { ca, clientCertificate: cert, clientKey: key } = certificates;
  return tls === 'mutual' ? { ...ACCESS, ca, cert, key } : { ...ACCESS, ca };
}

const SETTINGS: readonly (RegistryOptions & { readonly name: string; readonly withTokens?: true })[] = [
  { name: 'docker-registry' },
  { name: 'docker-registry with htpasswd', users },
  { name: 'docker-registry with TLS of its own authority', tls: 'server' },
  { name: 'docker-registry with client certificates and htpasswd', tls: 'mutual', users },
  { name: 'docker-registry with tokens', withTokens: true },
  { name: 'distribution v3', program: 'distribution-v3' },
  { name: 'distribution v3 with tokens', program: 'distribution-v3', withTokens: true },
  { name: 'the registry of go-containerregistry', program: 'ggcr-registry' },
  { name: 'compose serve', program: 'compose-serve' },
  { name: 'compose serve with htpasswd', program: 'compose-serve', users },
  { name: 'compose serve with TLS of its own authority', program: 'compose-serve', tls: 'server' },
  { name: 'compose serve with client certificates', program: 'compose-serve', tls: 'mutual' },
];

for (const { name, withTokens, ...options } of SETTINGS) {
  test(`${name}: compose and push, push again, copy, pull`, async (t) => {
    const tokens = withTokens ? { tokens: await startTokenServer(t, { users }) } : {};
    const registry = await startRegistry(t, { ...options, ...tokens });
    if (registry === undefined) return t.skip(SKIP);
    const access = accessTo(registry, options);
    const from = mirrorOf(t, 'abc');
    const out = join(tempDir(t), 'out.tar');
    const app = `${registry.host}/team/app:1`;
    const cache = tempDir(t);
    const hasLogin = options.users !== undefined || withTokens;
    await inCache(cache, async (context) => {
      const composed = () => compose(context, request(['a', 'b', 'c'], from, pushTo(access, app)));
      if (hasLogin) {
        await refused(composed(), 'AUTH', 'compose login');
        await login(context, { registry: registry.host, username: 'alice', password: PASSWORD, access });
      }
      const first = await composed();
      assert.equal(first.pushed[0]?.uploaded.blobs, 5);
      const again = await composed();
      assert.equal(again.pushed[0]?.changed, false);
      const copy = { image: app, to: `${registry.host}/prod/app:1`, platform: '', access };
      const { pushed } = await push(context, copy);
      // go-containerregistry's has all blobs in every repository.
      assert.deepEqual([pushed.mounted.blobs + pushed.present.blobs, pushed.uploaded.blobs], [5, 0]);
      for (const { digest } of first.layers) await context.store.remove(digest);
      const output = { path: out, format: 'tar' } as const;
      const pulled = await pull(context, { image: copy.to, platform: '', output, access });
      assert.equal(pulled.digest, first.digest);
      assert.equal((await verifyImage(out)).manifestDigest, first.digest);
    });
    assert.doesNotMatch(registry.log(), /correct horse/);
  });
}

test('an index and an image with a manifest of Docker go there and back with their digests', async (t) => {
  const registry = await startRegistry(t);
  if (registry === undefined) return t.skip(SKIP);
  const index = indexOf(t, ['amd64', 'arm64/v8']);
  const image = imageOf(t, ['a']);
  const [out, path] = [tempDir(t), await tarOf(t, image)];
  await inCache(tempDir(t), async (context) => {
    const to = `${registry.host}/team/multi:1`;
    await push(context, { image: index.path, to, platform: '', access: ACCESS });
    const output = { path: join(out, 'index'), format: 'oci-dir' } as const;
    const all = await pull(context, { image: to, platform: '', output, access: ACCESS });
    assert.equal(all.digest, index.digest);
    await push(context, {
      image: path,
      to: `${registry.host}/team/docker:oci`,
      platform: '',
      access: ACCESS,
    });
    const docker = dockerManifestOf(image);
    const put = await fetch(`${registry.url}/v2/team/docker/manifests/1`, {
      method: 'PUT',
      headers: { 'content-type': docker.mediaType },
      body: docker.bytes as Uint8Array<ArrayBuffer>,
    });
    assert.equal(put.status, 201);
    const reference = `${registry.host}/team/docker:1`;
    const tar = { path: join(out, 'docker.tar'), format: 'tar' } as const;
    const one = await pull(context, { image: reference, platform: '', output: tar, access: ACCESS });
    assert.equal(one.digest, put.headers.get('docker-content-digest'));
    assert.equal((await verifyImage(tar.path)).manifestDigest, one.digest);
    const copy = { image: reference, to: `${registry.host}/prod/docker:1`, platform: '', access: ACCESS };
    assert.equal((await push(context, copy)).pushed.digest, one.digest);
  });
});

for (const program of ['docker-registry', 'distribution-v3', 'compose-serve'] as const) {
  test(`${program}: rm of tags and digests; deletion off; read-only`, async (t) => {
    const folder = tempDir(t);
    const registry = await startRegistry(t, { program, folder });
    if (registry === undefined) return t.skip(SKIP);
    const [one, two] = [await tarOf(t, imageOf(t, ['a'])), await tarOf(t, imageOf(t, ['b']))];
    await inCache(tempDir(t), async (context) => {
      const app = `${registry.host}/team/app`;
      const pushAs = (image: string, tag: string) =>
        push(context, { image, to: `${app}:${tag}`, platform: '', access: ACCESS });
      const removing = (reference: string) => remove(context, { reference, access: ACCESS });
      const { pushed } = await pushAs(one, '1');
      await pushAs(two, '2');
      assert.notEqual((await removing(`${app}:2`)).reference, '');
      assert.deepEqual((await tags(context, { repository: app, access: ACCESS })).tags, ['1']);
      await pushAs(one, 'same');
      assert.equal((await removing(`${app}@${pushed.digest}`)).digest, pushed.digest);
      assert.deepEqual((await tags(context, { repository: app, access: ACCESS })).tags, []);
      await pushAs(one, 'kept');
    });
    await registry.stop();
    for (const off of [{ deletes: false }, { readOnly: true }]) {
      const other = await startRegistry(t, { program, folder, ...off });
      if (other === undefined) return t.skip(SKIP);
      await inCache(tempDir(t), async (context) => {
        const reference = `${other.host}/team/app:kept`;
        // Our server has rules instead of switches.
        const [code, text] =
          program === 'compose-serve'
            ? (['AUTH', 'access denied'] as const)
            : (['UNSUPPORTED', 'does not allow deleting'] as const);
        await refused(remove(context, { reference, access: ACCESS }), code, text);
        if (off.readOnly) {
          const request = { image: two, to: `${other.host}/team/app:2`, platform: '', access: ACCESS };
          await refused(push(context, request), code);
        }
      });
      await other.stop();
    }
  });
}

test('requests: a layer takes two, then one mount; the same image one HEAD', async (t) => {
  const registry = await startRegistry(t);
  if (registry === undefined) return t.skip(SKIP);
  const proxy = await startFaultProxy(registry.url);
  t.after(() => proxy.close());
  const from = mirrorOf(t, 'abcdefghijklmnop');
  const asked = () => proxy.requests.splice(0).map(({ method, url }) => `${method} ${url.split('?')[0]}`);
  await inCache(tempDir(t), async (context) => {
    const composed = (packages: string, reference: string) =>
      compose(context, request([...packages], from, pushTo(ACCESS, `${proxy.host}/${reference}`)));
    const first = await composed('abcdefghijklmno', 'one:1');
    const blobs = first.layers.length + 1;
    assert.equal(first.pushed[0]?.uploaded.blobs, blobs);
    const cold = asked();
    assert.equal(cold.filter((line) => line.startsWith('PUT')).length, blobs + 1);
    assert.equal(cold[0], 'HEAD /v2/one/manifests/1', 'the registry is asked before packages are fetched');
    assert.equal(
      cold.length,
      1 + 2 * blobs + 2 + 2,
      'and two for the first blob, HEAD and PUT of the manifest',
    );
    assert.ok(proxy.peakParallel() > 2, 'at the same time');

    await composed('abcdefghijklmno', 'one:1');
    assert.deepEqual(asked(), ['HEAD /v2/one/manifests/1']);

    const second = await composed('abcdefghijklmnop', 'two:1');
    const [pushed] = second.pushed;
    const own = second.layers.filter(({ digest }) => !first.layers.some((layer) => layer.digest === digest));
    assert.deepEqual([pushed?.mounted.blobs, pushed?.uploaded.blobs], [15, own.length + 1]);
    assert.equal(own.length, 2, 'the new package and the install layer');
    assert.ok(asked().length <= 15 + 2 * 3 + 2 + 2);
  });
});

for (const name of PULL_CLIENTS) {
  test(`${name} pulls what was composed and pushed, with its digest`, async (t) => {
    const registry = await startRegistry(t, { users });
    if (registry === undefined) return t.skip(SKIP);
    const client = await startPullClient(t, name);
    if (client === undefined) return t.skip(`skipped: no ${name}`);
    const from = mirrorOf(t, 'abc');
    const app = `${registry.host}/team/app:1`;
    await inCache(tempDir(t), async (context) => {
      await login(context, {
        registry: registry.host,
        username: 'alice',
        password: PASSWORD,
        access: ACCESS,
      });
      const { digest, imageId, layers } = await compose(
        context,
        request(['a', 'b', 'c'], from, pushTo(ACCESS, app)),
      );
      const found = await client.pull(app, `alice:${PASSWORD}`);
      assert.deepEqual(
        [found.manifestDigest, found.configDigest, found.layerCount],
        [digest, imageId, layers.length],
      );
    });
  });
}

test('the command line: real packages pushed, listed, looked at, pulled, compared', async (t) => {
  const alpine = realAlpine();
  if (alpine === undefined) return t.skip(NO_ALPINE);
  const registry = await startRegistry(t, { users });
  if (registry === undefined) return t.skip(SKIP);
  const home = tempDir(t);
  mkdirSync(join(home, '.docker'), { recursive: true });
  const env = { HOME: home, PKGCOMPOSE_CACHE: join(home, 'cache') };
  const ok = async (...words: readonly string[]) => {
    const ended = await cli(words, { cwd: home, env });
    assert.equal(ended.code, 0, ended.stderr);
    return ended;
  };
  await ok('index', ...alpine.source);
  const app = `${registry.host}/team/app:1`;
  const compose = [...alpine.packages, ...alpine.source, '--json'];
  const denied = await cli([...compose, '--push', app], { cwd: home, env });
  assert.equal(denied.code, 18, denied.stderr);
  await inCache(join(home, 'cache'), (context) =>
    login(
      { ...context, env: { ...context.env, HOME: home } },
      { registry: registry.host, username: 'alice', password: PASSWORD, access: ACCESS },
    ),
  );
  const first = json<ComposeReport>(await ok(...compose, '--push', app, '-o', 'a.tar'));
  assert.equal(first.pushed[0]?.uploaded.blobs, new Set(first.layers.map(({ digest }) => digest)).size + 1);
  const second = json<ComposeReport>(await ok(...compose, '--push', app));
  assert.deepEqual([second.pushed[0]?.changed, second.output], [false, null]);
  assert.equal((await ok('tags', `${registry.host}/team/app`)).stdout, '1\n');
  await ok('pull', app, '-o', 'b.tar');
  assert.deepEqual((await verifyImage(join(home, 'b.tar'))).manifestDigest, first.digest);
  assert.equal((await ok('diff', app, 'a.tar')).stdout, 'no difference\n');
  const inspected = await ok('inspect', app);
  assert.match(inspected.stdout, /git-2\./);
  await ok('logout', registry.host);
  assert.doesNotMatch(readFileSync(join(home, '.docker/config.json'), 'utf8'), /"auth"/);
  assert.equal(existsSync(join(home, 'out.tar')), false);
});
