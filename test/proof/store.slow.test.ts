import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compose } from '../../src/app/compose/compose.ts';
import type { Context } from '../../src/app/context.ts';
import { pull } from '../../src/app/images/pull.ts';
import { pullCatalog } from '../../src/app/published-catalog/pull.ts';
import { pushCatalog } from '../../src/app/published-catalog/push.ts';
import type { Digest } from '../../src/model/digest.ts';
import type { ComposeReport, ComposeRequest, SourceOptions } from '../../src/model/request.ts';
import { refused, request, use } from '../app/harness.ts';
import { ACCESS } from '../app/images/registry-images.ts';
import { type FaultProxy, startFaultProxy } from '../fake/fault-proxy.ts';
import { startMirror } from '../fake/mirror.ts';
import { type RegistryProgram, startRegistry, type TestRegistry } from '../fixtures/registries.ts';
import { sharedData } from '../fixtures/shared.ts';
import { tempDir } from '../fixtures/temp.ts';
import { NO_ALPINE, NO_ARCH, realAlpine, realArch } from './compose-cli.ts';

interface TestHooks {
  after(fn: () => void | Promise<void>): void;
  diagnostic(message: string): void;
}

const PROGRAMS: readonly RegistryProgram[] = [
  'docker-registry',
  'distribution-v3',
  'ggcr-registry',
  'compose-serve',
];
/** Config, manifest and what a request says, a layer. */
const JSON_BYTES_A_LAYER = 1_500;

function machine<T>(t: TestHooks, work: (context: Context) => Promise<T>): Promise<T> {
  const cache = tempDir(t);
  return use({ cache, env: { PATH: process.env.PATH, HOME: cache } }, work);
}

async function proxied(t: TestHooks, registry: TestRegistry): Promise<FaultProxy> {
  const proxy = await startFaultProxy(registry.url);
  t.after(() => proxy.close());
  return proxy;
}

/** Pushed to `host/name`, through the store there. */
function pushed(
  packages: readonly string[],
  from: Partial<SourceOptions>,
  { host, name, ...more }: { host: string; name: string } & Partial<ComposeRequest>,
): ComposeRequest {
  const push = { references: [`${host}/${name}`], access: ACCESS, store: `${host}/packages` };
  return request(packages, from, {
    output: { path: undefined, format: 'tar', load: undefined, push },
    ...more,
  });
}

interface Traffic {
  readonly sent: number;
  readonly received: number;
  readonly requests: number;
}

async function traffic<T>(
  proxy: FaultProxy,
  work: () => Promise<T>,
): Promise<Traffic & { readonly result: T }> {
  const before = proxy.requests.length;
  const result = await work();
  const made = proxy.requests.slice(before);
  const sum = (of: (one: (typeof made)[number]) => number) => made.reduce((total, one) => total + of(one), 0);
  return {
    result,
    sent: sum(({ requestBytes }) => requestBytes),
    received: sum(({ replyBytes }) => replyBytes),
    requests: made.length,
  };
}

const sizeOf = ({ layers }: ComposeReport, kind: string) =>
  layers.filter((layer) => layer.kind === kind).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
const digestsOf = ({ layers }: ComposeReport): readonly Digest[] =>
  layers.filter(({ kind }) => kind === 'package').map(({ digest }) => digest);

async function alpine(t: TestHooks) {
  const root = sharedData('data/alpine');
  if (root === undefined || realAlpine() === undefined) return undefined;
  const mirror = await startMirror(root);
  t.after(() => mirror.close());
  return {
    mirror,
    packages: realAlpine()?.packages ?? [],
    from: {
      release: 'v3.19',
      allowUntrusted: true,
      keyring: join(root, 'keys'),
      repositories: [`${mirror.url}/v3.19-iso`, `${mirror.url}/v3.19-pool`],
    },
  };
}

for (const program of PROGRAMS) {
  test(`${program}: the second image sends its own layer; a fresh machine moves no package at all`, async (t) => {
    const registry = await startRegistry(t, { program });
    if (registry === undefined) return t.skip(`no ${program}`);
    const real = await alpine(t);
    if (real === undefined) return t.skip(NO_ALPINE);
    const { mirror, packages, from } = real;
    const proxy = await proxied(t, registry);
    const { host } = proxy;
    const catalog = `${host}/catalog:1`;

    const digest = await machine(t, async (context) => {
      const cold = await traffic(proxy, () =>
        compose(context, pushed(['alpine-base'], from, { host, name: 'one:1' })),
      );
      t.diagnostic(`alpine-base, into an empty store: ${cold.sent} bytes sent, ${cold.requests} requests`);
      await compose(context, pushed(packages, from, { host, name: 'all:1' }));

      const shared = await traffic(proxy, () =>
        compose(
          context,
          pushed(packages.slice(0, 3), from, { host, name: 'two:1', config: withLabel('two') }),
        ),
      );
      const layers = shared.result.layers.length;
      t.diagnostic(
        `second image of ${layers} layers: ${shared.sent} bytes sent, ${shared.requests} requests`,
      );
      // go-containerregistry's keeps all blobs in one place and mounts none.
      if (program !== 'ggcr-registry') {
        assert.ok(shared.requests <= 2 * layers + 4, `${shared.requests} requests`);
      }
      assert.ok(
        shared.sent <= sizeOf(shared.result, 'install') + layers * JSON_BYTES_A_LAYER,
        `${shared.sent}`,
      );

      const published = await traffic(proxy, () =>
        pushCatalog(context, { reference: catalog, access: ACCESS }),
      );
      t.diagnostic(`catalog: ${published.sent} bytes sent`);
      return shared.result.digest;
    });

    await machine(t, async (context) => {
      const taken = await traffic(proxy, () =>
        pullCatalog(context, { reference: catalog, believe: true, access: ACCESS }),
      );
      t.diagnostic(`catalog: ${taken.received} bytes received`);
      mirror.requests.length = 0;
      const fresh = await traffic(proxy, () =>
        compose(
          context,
          pushed(packages.slice(0, 3), from, { host, name: 'three:1', config: withLabel('two') }),
        ),
      );
      const layers = fresh.result.layers.length;
      t.diagnostic(
        `fresh machine: ${fresh.sent} bytes sent, ${fresh.received} received, ${fresh.requests} requests`,
      );
      assert.equal(fresh.result.digest, digest);
      assert.ok(!mirror.requests.some(({ url }) => url.endsWith('.apk')));
      for (const one of digestsOf(fresh.result)) assert.ok(!context.store.has(one));
      assert.ok(fresh.sent <= sizeOf(fresh.result, 'install') + layers * JSON_BYTES_A_LAYER, `${fresh.sent}`);
      assert.ok(fresh.received < layers * JSON_BYTES_A_LAYER, `${fresh.received} bytes received`);

      const output = { path: join(tempDir(t), 'three.tar'), format: 'tar' as const };
      const pulled = await pull(context, {
        image: `${host}/three:1`,
        platform: '',
        output,
        access: ACCESS,
      });
      assert.equal(pulled.digest, digest);
    });
  });
}

function withLabel(name: string): ComposeRequest['config'] {
  return { ...request([], {}).config, labels: { name } };
}

test('Arch: what is made of .xz archives is kept in the store, and known from the catalog', async (t) => {
  const registry = await startRegistry(t);
  if (registry === undefined) return t.skip('no docker-registry');
  const real = realArch();
  if (real === undefined) return t.skip(NO_ARCH);
  const proxy = await proxied(t, registry);
  const { host } = proxy;
  const from = { distro: 'arch' as const, allowUntrusted: true, repositories: real.folders };
  const first = await machine(t, async (context) => {
    const report = await compose(context, pushed(real.packages, from, { host, name: 'one:1' }));
    await pushCatalog(context, { reference: `${host}/catalog:1`, access: ACCESS });
    return report;
  });
  await machine(t, async (context) => {
    await pullCatalog(context, { reference: `${host}/catalog:1`, believe: true, access: ACCESS });
    const fresh = await traffic(proxy, () =>
      compose(context, pushed(real.packages, from, { host, name: 'two:1' })),
    );
    const { layers } = fresh.result;
    t.diagnostic(
      `fresh machine, ${layers.length} layers: ${fresh.sent} bytes sent, ${fresh.received} received, ${fresh.requests} requests`,
    );
    assert.equal(fresh.result.digest, first.digest);
    assert.ok(fresh.sent <= sizeOf(fresh.result, 'install') + layers.length * JSON_BYTES_A_LAYER);
    for (const digest of digestsOf(fresh.result)) assert.ok(!context.store.has(digest));
  });
});

test('a store whose blobs are gone is filled again; a registry that is read only says so', async (t) => {
  const registry = await startRegistry(t);
  if (registry === undefined) return t.skip('no docker-registry');
  const real = await alpine(t);
  if (real === undefined) return t.skip(NO_ALPINE);
  const { from } = real;
  const { host, folder } = registry;
  await machine(t, async (context) => {
    const first = await compose(context, pushed(['busybox'], from, { host, name: 'one:1' }));
    const [lost] = digestsOf(first) as [Digest];
    const hex = lost.slice('sha256:'.length);
    const places = [
      `blobs/sha256/${hex.slice(0, 2)}/${hex}`,
      ...['packages', 'one'].map((name) => `repositories/${name}/_layers/sha256/${hex}`),
    ];
    for (const place of places) {
      rmSync(join(folder, 'docker/registry/v2', place), { recursive: true });
    }
    for (const { digest } of first.layers) rmSync(context.store.pathOf(digest), { force: true });
    const again = await compose(context, pushed(['busybox'], from, { host, name: 'two:1' }));
    assert.equal(again.digest, first.digest);
    const output = { path: join(tempDir(t), 'two.tar'), format: 'tar' as const };
    const { digest } = await pull(context, {
      image: `${host}/two:1`,
      platform: '',
      output,
      access: ACCESS,
    });
    assert.equal(digest, first.digest);
  });
  await registry.stop();
  const readOnly = await startRegistry(t, { folder, readOnly: true });
  if (readOnly === undefined) return;
  await machine(t, async (context) => {
    const wanted = pushed(['busybox'], from, { host: readOnly.host, name: 'three:1' });
    await refused(compose(context, wanted), 'UNSUPPORTED');
  });
});
