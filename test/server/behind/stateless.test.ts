import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Digest, digestOf } from '../../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../../src/model/media-types.ts';
import { parseRepository, withDigest } from '../../../src/model/reference.ts';
import { putManifest } from '../../../src/registry/manifests.ts';
import { pushBlobs } from '../../../src/registry/push-blobs.ts';
import { startFakeRegistry } from '../../fake/registry.ts';
import { emptyConfig, manifestOf, quickSession } from '../../registry/harness.ts';
import { type StatelessServer, startPublisher, startStateless, type TestHooks, until } from './harness.ts';

interface ManifestJson {
  readonly manifests: readonly { readonly digest: string }[];
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string; readonly annotations: Record<string, string> }[];
}

async function setup(t: TestHooks, count: number) {
  const registry = await startFakeRegistry(t);
  const publisher = await startPublisher(t, registry.host);
  await publisher.publish('1.0-r0');
  const servers = await Promise.all(Array.from({ length: count }, () => startStateless(t, publisher)));
  for (const server of servers) await until('ready', () => server.isReady());
  return { registry, publisher, servers };
}

const json = async (server: StatelessServer, name: string, reference: string): Promise<ManifestJson> =>
  (await (await server.get(`/v2/${name}/manifests/${reference}`)).json()) as ManifestJson;

test('three servers answer alike, find what another one has composed, and send clients to the registry for blobs', async (t) => {
  const { registry, publisher, servers } = await setup(t, 3);
  const [a, b, c] = servers as [StatelessServer, StatelessServer, StatelessServer];
  publisher.mirror.requests.length = 0;
  const digest = await a.digest('alpine/tool/app');
  assert.equal(publisher.mirror.requests.length, 0, 'neither an index nor a package was asked for');
  registry.requests.length = 0;
  assert.equal(await c.digest('alpine/tool/app', digest), digest);
  const [image] = (await json(c, 'alpine/tool/app', digest)).manifests;
  assert.equal(await c.digest('alpine/tool/app', image!.digest), image!.digest);
  assert.deepEqual(
    registry.requests.map(({ method }) => method).filter((method) => method !== 'GET' && method !== 'HEAD'),
    [],
    'it was not composed again',
  );
  assert.equal(await b.digest('alpine/tool/app'), digest);

  const manifest = await json(b, 'alpine/tool/app', image!.digest);
  for (const blob of [manifest.config, ...manifest.layers]) {
    const response = await b.get(`/v2/alpine/tool/app/blobs/${blob.digest}`);
    assert.equal(response.status, 307);
    const address = String(response.headers.get('location'));
    assert.equal(address, `${registry.url}/v2/composed/alpine/tool/app/blobs/${blob.digest}`);
    assert.equal((await fetch(address)).status, 200);
    const head = await b.get(`/v2/alpine/tool/app/blobs/${blob.digest}`, { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.ok(Number(head.headers.get('content-length')) > 0);
  }
  const tags = [...registry.manifests.keys()].filter(
    (key) => key.startsWith('composed/') && !key.includes('sha256:'),
  );
  assert.equal(tags.length, 1);
  assert.match(tags[0]!, /^composed\/alpine\/tool\/app r-[0-9a-f]{32}$/);
});

for (const hasApi of [true, false])
  test(`what is attached to an image in a registry ${hasApi ? 'with' : 'without'} the referrers API is listed and pulled`, async (t) => {
    const { registry, servers } = await setup(t, 1);
    registry.switches.referrers = hasApi;
    const server = servers[0]!;
    const digest = (await server.digest('alpine/tool')) as Digest;
    const listed = async (query = '') => {
      const response = await server.get(`/v2/alpine/tool/referrers/${digest}${query}`);
      assert.equal(response.status, 200);
      return ((await response.json()) as ManifestJson).manifests;
    };
    assert.deepEqual(await listed(), []);
    const session = quickSession(t);
    const repository = parseRepository(`${registry.host}/composed/alpine/tool`);
    await pushBlobs(session, repository, { blobs: [emptyConfig] });
    const subject = { mediaType: MEDIA_TYPES.index, digest, size: 1 };
    const bytes = manifestOf([], { artifactType: 'x/sbom', subject });
    const reference = withDigest(repository, digestOf(bytes));
    const sbom = await putManifest(session, reference, { mediaType: MEDIA_TYPES.manifest, bytes });
    const found = [{ ...sbom, artifactType: 'x/sbom' }];
    assert.partialDeepStrictEqual(await listed(), found);
    assert.partialDeepStrictEqual(await listed('?artifactType=x/sbom'), found);
    assert.deepEqual(await listed('?artifactType=x/signature'), []);
    assert.equal(await server.digest('alpine/tool', sbom.digest), sbom.digest);
    registry.switches.intercept = (_, response) => {
      response.destroy();
      return true;
    };
    assert.equal((await server.get(`/v2/alpine/tool/referrers/${digest}`)).status, 503);
  });

test('a new generation of the catalog: tags move on, digests and tags of sets stay on every server', async (t) => {
  const { publisher, servers } = await setup(t, 2);
  const [a, b] = servers as [StatelessServer, StatelessServer];
  const old = await a.digest('alpine/tool');
  const listed = (await (await a.get('/v2/alpine/tool/tags/list')).json()) as { tags: string[] };
  const set = listed.tags.find((tag) => tag.startsWith('r-'));
  assert.ok(set !== undefined, listed.tags.join(' '));
  assert.ok(listed.tags.includes('1.0-r0'), listed.tags.join(' '));
  await publisher.publish('2.0-r0');
  await until('both are at the new generation', async () => {
    const digests = await Promise.all([a, b].map((server) => server.digest('alpine/tool')));
    return digests.every((digest) => digest !== old);
  });
  assert.equal(await a.digest('alpine/tool'), await b.digest('alpine/tool'));
  for (const server of [a, b]) {
    assert.equal(await server.digest('alpine/tool', old), old);
    assert.equal(await server.digest('alpine/tool', set), old);
    assert.equal(await server.digest('alpine/tool', '2.0-r0'), await a.digest('alpine/tool'));
    assert.equal((await server.get('/v2/alpine/tool/manifests/1.0-r0')).status, 404);
  }
});

test('two servers that compose one name at once give one digest', async (t) => {
  const { servers } = await setup(t, 2);
  const digests = await Promise.all(
    [...servers, ...servers, ...servers].map((server) => server.digest('alpine/more/lib')),
  );
  assert.equal(new Set(digests).size, 1, digests.join(' '));
});

test('a package that the store lacks is fetched, verified, and put into the store', async (t) => {
  const registry = await startFakeRegistry(t);
  const publisher = await startPublisher(t, registry.host);
  await publisher.publish('1.0-r0', { facts: ['tool'] });
  const server = await startStateless(t, publisher);
  await until('ready', () => server.isReady());
  const packages = () => [...registry.blobs.keys()].filter((key) => key.startsWith('packages ')).length;
  const before = packages();
  publisher.mirror.requests.length = 0;
  await server.digest('alpine/app');
  const asked = publisher.mirror.requests.map(({ url }) => url).filter((url) => url.endsWith('.apk'));
  assert.equal(asked.length, 1, asked.join(' '));
  assert.equal(packages(), before + 1);
});

test('a recipe that one server has composed is pulled from another by the name in the answer', async (t) => {
  const { servers } = await setup(t, 2);
  const [a, b] = servers as [StatelessServer, StatelessServer];
  const body = 'packages: [tool]\nenv: {A: b}\n';
  const answer = await a.get('/compose', { method: 'POST', body });
  assert.equal(answer.status, 201);
  const made = (await answer.json()) as { repository: string; digest: string; tags: [string] };
  assert.equal(await b.digest(made.repository, made.tags[0]), made.digest);
  assert.equal(await b.digest(made.repository, made.digest), made.digest);
});

test('whoever pushes is told where else they can', async (t) => {
  const { registry, servers } = await setup(t, 1);
  const response = await servers[0]!.get('/v2/team/app/blobs/uploads/', { method: 'POST' });
  assert.equal(response.status, 405);
  assert.match(
    await response.text(),
    new RegExp(`this server stores nothing: push to ${registry.host} itself`),
  );
});

test('while the registry is down, what is in memory is answered, the rest is a 503, and the server is not ready', async (t) => {
  const { registry, servers } = await setup(t, 1);
  const server = servers[0]!;
  const digest = await server.digest('alpine/tool');
  registry.switches.intercept = (_, response) => {
    response.destroy();
    return true;
  };
  await until('not ready', async () => !(await server.isReady()));
  assert.equal(await server.digest('alpine/tool'), digest);
  assert.equal(await server.digest('alpine/tool', digest), digest);
  const refused = await server.get('/v2/alpine/app/manifests/latest');
  assert.equal(refused.status, 503, await refused.text());
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  registry.switches.intercept = undefined;
  await until('ready again', () => server.isReady());
  await server.digest('alpine/app');
});

test('a registry that was emptied is filled again', async (t) => {
  const { registry, publisher, servers } = await setup(t, 1);
  const server = servers[0]!;
  const digest = await server.digest('alpine/tool');
  const [image] = (await json(server, 'alpine/tool', digest)).manifests;
  registry.blobs.clear();
  registry.manifests.clear();
  await publisher.publish('1.0-r0', { facts: [] });
  const { layers } = await json(server, 'alpine/tool', image!.digest);
  const response = await server.get(`/v2/alpine/tool/blobs/${layers[0]!.digest}`);
  assert.equal(response.status, 307, await response.text());
  assert.equal((await fetch(String(response.headers.get('location')))).status, 200);
  assert.ok(registry.manifests.has(`composed/alpine/tool ${digest}`));
});

test('before the catalog is there, nothing is wrong for ever', async (t) => {
  const registry = await startFakeRegistry(t);
  const publisher = await startPublisher(t, registry.host);
  const server = await startStateless(t, publisher);
  await until('told', () => server.notes.some((note) => note.includes('there is no such catalog')));
  assert.equal(await server.isReady(), false);
  const early = await server.get('/v2/alpine/tool/manifests/latest');
  assert.equal(early.status, 503);
  assert.match(await early.text(), /the catalog is not here yet/);
  assert.equal((await server.get('/healthz')).status, 200);
  await publisher.publish('1.0-r0');
  await until('ready', () => server.isReady());
  await server.digest('alpine/tool');
});

test('a login that the registry refuses is told, and used again when it is right', async (t) => {
  const registry = await startFakeRegistry(t);
  const publisher = await startPublisher(t, registry.host);
  await publisher.publish('1.0-r0');
  registry.switches.auth = { kind: 'basic', users: { alice: 'secret' } };
  const server = await startStateless(t, publisher);
  await until('told', () => server.notes.some((note) => note.includes('authentication required')));
  assert.match(server.notes.join('\n'), new RegExp(`Log in: compose login ${registry.host}`));
  assert.equal(await server.isReady(), false);
  assert.equal((await server.get('/v2/alpine/tool/manifests/latest')).status, 503);
  registry.switches.auth = undefined;
  await until('ready', () => server.isReady());
  await server.digest('alpine/tool');
});

test('a catalog of a newer version, or with a damaged chunk, leaves the earlier one in use', async (t) => {
  const { registry, servers } = await setup(t, 1);
  const server = servers[0]!;
  const digest = await server.digest('alpine/tool');
  const { mediaType, bytes } = registry.manifests.get('catalog 1')!;
  const put = (text: string): void => {
    const changed = Buffer.from(text);
    for (const name of ['1', digestOf(changed)])
      registry.manifests.set(`catalog ${name}`, { mediaType, bytes: changed });
  };
  put(String(bytes).replace('pkgcompose.catalog.v1"', 'pkgcompose.catalog.v2"'));
  await until('told', () =>
    server.notes.some((note) => /another version of pkgcompose.*stays in use/.test(note)),
  );
  assert.equal(await server.digest('alpine/tool'), digest);
  assert.equal(await server.isReady(), true, 'it serves, from what it has');
  const json = JSON.parse(String(bytes));
  const chunk = Buffer.from('not a chunk');
  registry.blobs.set(`catalog ${digestOf(chunk)}`, chunk);
  json.layers[0] = { ...json.layers[0], digest: digestOf(chunk), size: chunk.length };
  put(JSON.stringify(json));
  await until('told', () => server.notes.some((note) => /not zstd.*stays in use/.test(note)));
  assert.equal(await server.digest('alpine/tool'), digest);
  const fresh = await startStateless(t, {
    host: registry.host,
    from: (await startPublisher(t, registry.host)).from,
  });
  await until('told', () => fresh.notes.some((note) => note.includes('not zstd')));
  assert.equal(await fresh.isReady(), false);
});

test('without a catalog: clients are sent to the store for what it has, and get the rest here', async (t) => {
  const registry = await startFakeRegistry(t);
  const publisher = await startPublisher(t, registry.host);
  await publisher.publish('1.0-r0', { facts: ['tool'] });
  const server = await startStateless(t, publisher, { catalog: undefined });
  const digest = await server.digest('alpine/tool/app');
  const [image] = (await json(server, 'alpine/tool/app', digest)).manifests;
  const { config, layers } = await json(server, 'alpine/tool/app', image!.digest);
  const statuses = new Map<string, number>();
  for (const layer of layers) {
    const response = await server.get(`/v2/alpine/tool/app/blobs/${layer.digest}`);
    const name = layer.annotations['dev.pkgcompose.package'] ?? '';
    statuses.set(name, response.status);
    if (response.status === 307)
      assert.equal(response.headers.get('location'), `${registry.url}/v2/packages/blobs/${layer.digest}`);
    await response.arrayBuffer();
  }
  assert.deepEqual(
    layers.map((layer) => statuses.get(layer.annotations['dev.pkgcompose.package'] ?? '')).sort(),
    // The install layer is of this image alone.
    [200, 200, 307, 307],
    JSON.stringify([...statuses]),
  );
  assert.equal((await server.get(`/v2/alpine/tool/app/blobs/${config.digest}`)).status, 200);
  assert.equal(
    (await server.get(`/v2/alpine/other/blobs/${layers[0]!.digest}`)).status,
    404,
    'of that name only',
  );
  registry.switches.intercept = (_, response) => {
    response.destroy();
    return true;
  };
  for (const layer of layers)
    assert.ok([200, 307].includes((await server.get(`/v2/alpine/tool/app/blobs/${layer.digest}`)).status));
});
