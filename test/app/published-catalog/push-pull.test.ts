import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { compose } from '../../../src/app/compose/compose.ts';
import { type Context, catalogPath } from '../../../src/app/context.ts';
import {
  type CatalogConfig,
  CHUNK_TYPE,
  catalogManifest,
} from '../../../src/app/published-catalog/artifact.ts';
import { pullCatalog } from '../../../src/app/published-catalog/pull.ts';
import { pushCatalog } from '../../../src/app/published-catalog/push.ts';
import { files } from '../../../src/app/query/files.ts';
import { indexRepositories } from '../../../src/app/repositories/index-repositories.ts';
import { isAppError } from '../../../src/model/app-error.ts';
import type { CatalogPullReport } from '../../../src/model/catalog-report.ts';
import type { Descriptor } from '../../../src/model/descriptor.ts';
import { type Digest, digestOf } from '../../../src/model/digest.ts';
import type { ComposeReport, ComposeRequest } from '../../../src/model/request.ts';
import { required } from '../../../src/model/required.ts';
import { type Mirror, startMirror } from '../../fake/mirror.ts';
import { type FakeRegistry, startFakeRegistry } from '../../fake/registry.ts';
import { writeAlpineMirror, writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { KEY, noise, refused, request, small, source, use } from '../harness.ts';
import { ACCESS } from '../images/registry-images.ts';

interface TestHooks {
  after(fn: () => void | Promise<void>): void;
}

const NAMES = Array.from({ length: 100 }, (_, at) => `pkg${at}`);

interface Setup {
  readonly registry: FakeRegistry;
  readonly mirror: Mirror;
  readonly folder: string;
  readonly reference: string;
  readonly from: { readonly repositories: readonly string[]; readonly keyring: string };
  request(packages: readonly string[], name: string): ComposeRequest;
}

const spec = (name: string) =>
  small(name, { files: [{ path: 'usr/' }, { path: `usr/${name}`, content: noise(name, 3_000) }] });

async function setup(t: TestHooks): Promise<Setup> {
  const registry = await startFakeRegistry(t);
  const folder = tempDir(t);
  writeAlpineMirror(folder, { packages: NAMES.map(spec), key: KEY });
  const mirror = await startMirror(folder);
  t.after(() => mirror.close().catch(() => {}));
  const from = {
    repositories: [`${mirror.url}/v3.19/main`],
    keyring: writeApkKeyring(tempDir(t), [KEY]),
  };
  const push = (name: string) => ({
    references: [`${registry.host}/${name}`],
    access: ACCESS,
    store: `${registry.host}/packages`,
  });
  return {
    registry,
    mirror,
    folder,
    from,
    reference: `${registry.host}/catalog:1`,
    request: (packages, name) =>
      request(packages, from, {
        output: { path: undefined, format: 'tar', load: undefined, push: push(name) },
      }),
  };
}

/** A machine of its own. */
function machine<T>(t: TestHooks, work: (context: Context) => Promise<T>, notes?: string[]): Promise<T> {
  const cache = tempDir(t);
  const env = { PATH: process.env.PATH, HOME: cache };
  return use(notes === undefined ? { cache, env } : { cache, env, notes }, work);
}

const publish = (context: Context, reference: string) => pushCatalog(context, { reference, access: ACCESS });
const take = (context: Context, reference: string, believe = true): Promise<CatalogPullReport> =>
  pullCatalog(context, { reference, believe, access: ACCESS });

const archivesAsked = ({ requests }: Mirror) => requests.filter(({ url }) => url.endsWith('.apk')).length;

/** A publisher's image of some packages, in the store, and its catalog. */
async function published(t: TestHooks, names: readonly string[] = NAMES.slice(0, 80)) {
  const all = await setup(t);
  const image = await machine(t, async (context) => {
    const report = await compose(context, all.request(names, 'first:1'));
    await publish(context, all.reference);
    return report;
  });
  return { ...all, names, image };
}

test('a fresh machine composes and pushes what was published without a byte of a package', async (t) => {
  const { registry, mirror, reference, names, image, request } = await published(t);
  mirror.requests.length = 0;
  await machine(t, async (context) => {
    const pulled = await take(context, reference);
    assert.deepEqual([pulled.repositories, pulled.archives], [1, names.length]);
    registry.requests.length = 0;
    const report = await compose(context, request(names, 'second:1'));
    assert.equal(report.digest, image.digest);
    assert.equal(archivesAsked(mirror), 0);
    const sent = registry.requests.reduce((sum, { bytes }) => sum + bytes, 0);
    const [install] = report.layers.filter(({ kind }) => kind === 'install');
    assert.ok(sent < install!.sizeBytes + 200 * names.length + 100_000, `${sent} bytes sent`);
    assert.deepEqual(
      registry.asked().filter((line) => line.startsWith('GET')),
      [],
    );
  });
});

test('the same catalog has the same bytes; one package more sends one chunk of each kind', async (t) => {
  const { registry, reference, names, request } = await published(t);
  await machine(t, async (context) => {
    const { digest } = await take(context, reference);
    const { pushed: same } = await publish(context, reference);
    assert.equal(same.digest, digest);
    assert.equal(same.changed, false);

    await compose(context, request([...names, 'pkg99'], 'third:1'));
    const { pushed, archives, packages } = await publish(context, reference);
    assert.deepEqual([archives, packages], [names.length + 1, NAMES.length]);
    // The chunk that it is in, or the two that it makes of one, and the config; the index is as it was.
    assert.ok([2, 3].includes(pushed.uploaded.blobs), JSON.stringify(pushed));
    assert.ok(pushed.present.blobs >= 1, JSON.stringify(pushed));
    const before = registry.requests.length;
    const again = await take(context, reference);
    assert.equal(again.fetched.blobs, 0);
    assert.ok(registry.requests.length - before <= 3);
  });
  await machine(t, async (context) => {
    assert.equal((await take(context, reference)).archives, names.length + 1);
  });
});

test('chunks whose records are the same are not made again, unless they left the cache', async (t) => {
  const { reference, request } = await setup(t);
  await machine(t, async (context) => {
    await compose(context, request(NAMES.slice(0, 80), 'first:1'));
    const { catalog, store } = context;
    const put = store.put.bind(store);
    let made: Digest[] = [];
    store.put = async (...args) => {
      const stored = await put(...args);
      made.push(stored.digest);
      return stored;
    };
    const publishAgain = async () => {
      made = [];
      return (await publish(context, reference)).pushed.digest;
    };
    const first = await publishAgain();
    const all = made;
    // Of packages one, of archives one or more: where they end is decided by digests, which differ from run to run.
    assert.ok(all.length >= 2, String(all));
    assert.equal(await publishAgain(), first);
    assert.deepEqual(made, []);

    const gone = required(all, 1);
    await store.remove(gone);
    assert.equal(await publishAgain(), first);
    assert.deepEqual(made, [gone]);

    const digest = required(catalog.archives.accepted(), 40);
    const stored = catalog.archives.get(digest);
    assert.ok(stored?.trust !== undefined);
    const { facts, trust } = stored;
    catalog.archives.put({ ...facts, signedBy: 'another key' }, trust);
    assert.notEqual(await publishAgain(), first, 'other facts of the same archive are other records');
    assert.equal(made.length, 1);
    catalog.archives.put(facts, trust);
    assert.equal(await publishAgain(), first);
  });
});

test('regression: while a catalog is pulled, others write to the catalog, and never wait for all of it', async (t) => {
  const { reference, names } = await published(t);
  await machine(t, async (context) => {
    // Nobody is waited for: where the catalog is held, this one fails.
    const writer = new Database(catalogPath(context.directory), { timeout: 0 });
    const write = writer.prepare(
      "INSERT INTO pushed_blob (registry, digest, repository) VALUES ('reg.example', ?, 'a')",
    );
    const seen = new Set<number>();
    let isDone = false;
    const pulled = take(context, reference).finally(() => {
      isDone = true;
    });
    for (let turn = 0; !isDone; turn++) {
      write.run(String(turn));
      seen.add(writer.prepare<[], number>('SELECT count(*) FROM archive').pluck().get() ?? 0);
      await nextTurn();
    }
    writer.close();
    assert.ok(seen.size > 2, `archives that were seen: ${[...seen]}`);
    assert.equal((await pulled).archives, names.length);
  });
});

test('nobody believes a catalog unasked: its digest or --trust-catalog', async (t) => {
  const { registry, reference, names } = await published(t, ['pkg1']);
  await machine(t, async (context) => {
    const error = await refused(take(context, reference, false), 'USAGE', /cannot be verified/, '@sha256:');
    assert.deepEqual(context.catalog.archives.accepted(), []);
    const named = String(error.details.expected);
    assert.equal((await take(context, named, false)).archives, names.length);
    await refused(take(context, `${registry.host}/catalog@${digestOf('other')}`, false), 'NOT_FOUND');
  });
});

test('what is believed is checked as soon as the bytes are here, and never serves without a store', async (t) => {
  const { mirror, reference, names, image, request } = await published(t, ['pkg1', 'pkg2']);
  mirror.requests.length = 0;
  await machine(t, async (context) => {
    await take(context, reference);
    const { output, ...rest } = request(names, 'x:1');
    const path = `${tempDir(t)}/out.tar`;
    const report = await compose(context, {
      ...rest,
      tags: image.tags,
      output: { ...output, push: undefined, path },
    });
    assert.equal(report.digest, image.digest);
    assert.equal(archivesAsked(mirror), names.length);
    for (const digest of context.catalog.archives.accepted()) {
      assert.equal(context.catalog.archives.trustOf(digest)?.basis, 'checked');
    }
  });
});

test('under another keyring nothing of it is believed', async (t) => {
  const { mirror, reference, names, request } = await published(t, ['pkg1']);
  mirror.requests.length = 0;
  await machine(t, async (context) => {
    await take(context, reference);
    const wanted = request(names, 'x:1');
    const other = writeApkKeyring(tempDir(t), [{ ...KEY, name: 'test-1.rsa.pub' }]);
    await compose(context, { ...wanted, source: source({ ...wanted.source, keyring: other }) });
    assert.equal(archivesAsked(mirror), 0, 'the same keys under the same names are the same keyring');
    const another = writeApkKeyring(tempDir(t), [KEY, { ...KEY, name: 'more.rsa.pub' }]);
    await compose(context, { ...wanted, source: source({ ...wanted.source, keyring: another }) });
    assert.equal(archivesAsked(mirror), 1);
  });
});

test('a believed repository serves where its own cannot be reached', async (t) => {
  const { mirror, reference, names, request } = await published(t, ['pkg1']);
  await machine(t, async (context) => {
    await take(context, reference);
    await mirror.close();
    const report = await compose(context, request(names, 'x:1'));
    assert.equal(report.plan.packages.length, 1);
    const [row] = context.catalog.repositories.all();
    assert.equal(row?.trust?.basis, 'claimed');
  });
});

test('an index that is asked for is checked, and is no longer only believed', async (t) => {
  const { reference, from } = await published(t, ['pkg1']);
  await machine(t, async (context) => {
    await take(context, reference);
    const [report] = await indexRepositories(context, source(from));
    assert.equal(report?.status, 'indexed');
    assert.equal(context.catalog.repositories.all()[0]?.trust?.basis, 'checked');
    assert.equal((await take(context, reference)).repositories, 0, 'what was checked here stays');
  });
});

test('what was verified here is not replaced by what others say', async (t) => {
  const { reference, from } = await published(t, ['pkg1']);
  await machine(t, async (context) => {
    await files(context, { source: source(from), packages: ['pkg1'], details: true });
    assert.equal((await take(context, reference)).archives, 0);
  });
});

test('repositories of this machine and passwords are not published', async (t) => {
  const registry = await startFakeRegistry(t);
  const folder = tempDir(t);
  const local = writeAlpineMirror(folder, { packages: [spec('pkg1')], key: KEY });
  const mirror = await startMirror(folder);
  t.after(() => mirror.close());
  const keyring = writeApkKeyring(tempDir(t), [KEY]);
  const reference = `${registry.host}/catalog:1`;
  const notes: string[] = [];
  await machine(
    t,
    async (context) => {
      const secret = mirror.url.replace('://', '://user:s3cret@');
      for (const repository of [local, `${secret}/v3.19/main`]) {
        await indexRepositories(context, source({ repositories: [repository], keyring }));
      }
      assert.equal((await publish(context, reference)).repositories, 0);
    },
    notes,
  );
  assert.match(notes.join('\n'), /not published/);
  const blobs = [...registry.blobs.values()].map(String).join('');
  assert.doesNotMatch(blobs + notes.join(''), /s3cret/);
});

/** The published catalog with other chunks and config, under another tag. */
function republish(
  { registry, reference }: Pick<Setup, 'registry' | 'reference'>,
  change: (what: CatalogConfig, chunks: Buffer[]) => void,
): string {
  const manifest = JSON.parse(String(registry.manifests.get('catalog 1')!.bytes));
  const blobOf = ({ digest }: Descriptor) => registry.blobs.get(`catalog ${digest}`)!;
  const what = JSON.parse(String(blobOf(manifest.config)));
  const chunks = manifest.layers.map((layer: Descriptor) => Buffer.from(zstdDecompressSync(blobOf(layer))));
  change(what, chunks);
  const layers = chunks.map((chunk: Buffer) => {
    const bytes = zstdCompressSync(chunk);
    registry.blobs.set(`catalog ${digestOf(bytes)}`, bytes);
    return { mediaType: CHUNK_TYPE, digest: digestOf(bytes), size: bytes.length };
  });
  const { root, config, configBytes } = catalogManifest(what, layers);
  const bytes = Buffer.from(JSON.stringify({ formatVersion: 1, ...what }));
  registry.blobs.set(`catalog ${digestOf(bytes)}`, bytes);
  registry.blobs.set(`catalog ${config.digest}`, configBytes);
  const own = JSON.parse(String(root.bytes));
  own.config = { ...config, digest: digestOf(bytes), size: bytes.length };
  const changed = Buffer.from(JSON.stringify(own));
  registry.manifests.set('catalog hostile', { mediaType: own.mediaType, bytes: changed });
  return reference.replace(/1$/, 'hostile');
}

test('hostile catalogs are refused as a whole', async (t) => {
  const setup = await published(t, ['pkg1', 'pkg2']);
  const edit = (from: string | RegExp, to: string) => (_: CatalogConfig, chunks: Buffer[]) => {
    const at = chunks.length - 1;
    const text = String(chunks[at]);
    const changed = text.replace(from, to);
    assert.notEqual(changed, text);
    chunks[at] = Buffer.from(changed);
  };
  const cases: readonly [string, (what: CatalogConfig, chunks: Buffer[]) => void, RegExp][] = [
    ['a path that climbs', edit('"usr/pkg1"', '"../pkg1"'), /relative path/],
    ['an absolute path', edit('"usr/pkg1"', '"/usr/pkg1"'), /relative path/],
    ['a name that is a path', edit('"name":"pkg1"', '"name":"a/../../b"'), /a name/],
    ['a member that is not known', edit('"signedBy"', '"alien":1,"signedBy"'), /no member "alien"/],
    ['a missing member', edit(/"unstackable":"",/, ''), /unstackable/],
    ['a size that is none', edit(/"sizeBytes":\d+/, '"sizeBytes":-1'), /whole number/],
    ['a digest that is none', edit(/"digest":"sha256:/, '"digest":"sha512:'), /sha256/],
    ['a file without a digest', edit(/"[0-9a-f]{64}",(\d+),0,0/, '"",$1,0,0'), /a hash of files/],
    ['no JSON', edit('{', '<'), /not JSON/],
    ['no line feed at the end', edit(/\n$/, ''), /line feed/],
    ['fewer records than said', edit(/^.*\n/, ''), /2 records/],
    ['one chunk more', (_, chunks) => void chunks.push(Buffer.from('{}\n')), /chunks/],
    ['a repository of this machine', (what) => setPath(what, 'url', '/etc'), /a URL/],
    ['a base of this machine', (what) => setPath(what, 'base', 'file:///etc'), /a URL/],
    ['a bomb', (_, chunks) => void chunks.splice(-1, 1, Buffer.alloc(300 * 2 ** 20, 0x20)), /at most/],
  ];
  for (const [name, change, message] of cases) {
    const hostile = republish(setup, change);
    await machine(t, async (context) => {
      const error = await take(context, hostile).then(
        () => assert.fail(`${name} was taken`),
        (error) => error,
      );
      assert.ok(isAppError(error, 'BAD_INDEX') || isAppError(error, 'LIMIT'), `${name}: ${error}`);
      assert.match(error.message, message, name);
      assert.deepEqual(context.catalog.archives.accepted(), [], name);
      assert.deepEqual(context.catalog.repositories.all(), [], name);
    });
  }
});

function setPath(what: CatalogConfig, key: 'url' | 'base', value: string): void {
  (what.repositories[0] as unknown as Record<string, string>)[key] = value;
}

test('whatever bytes are changed: taken as a whole, or refused with a reason', async (t) => {
  const setup = await published(t, ['pkg1']);
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.string({ minLength: 1, maxLength: 3 }), async (place, text) => {
      const hostile = republish(setup, (_, chunks) => {
        const at = place % chunks.length;
        const chunk = chunks[at]!;
        const offset = (place * 31) % Math.max(chunk.length, 1);
        const bytes = Buffer.from(text);
        chunks[at] = Buffer.concat([chunk.subarray(0, offset), bytes, chunk.subarray(offset + bytes.length)]);
      });
      await machine(t, async (context) => {
        try {
          await take(context, hostile);
        } catch (error) {
          assert.ok(isAppError(error), String(error));
          assert.deepEqual(context.catalog.archives.accepted(), []);
        }
      });
    }),
    { numRuns: 60 },
  );
});

test('what is no catalog, or one of a newer version, is said', async (t) => {
  const setup = await published(t, ['pkg1']);
  const { registry, reference } = setup;
  await machine(t, async (context) => {
    await refused(take(context, `${registry.host}/first:1`), 'UNSUPPORTED', /expected a catalog/);
    const later = republish(setup, (what) => Object.assign(what, { formatVersion: 2 }));
    await refused(take(context, later), 'UNSUPPORTED', /another version/);
    const { mediaType, bytes } = registry.manifests.get('catalog 1')!;
    const newer = Buffer.from(String(bytes).replace('pkgcompose.catalog.v1"', 'pkgcompose.catalog.v2"'));
    registry.manifests.set('catalog 2', { mediaType, bytes: newer });
    await refused(take(context, reference.replace(/1$/, '2')), 'UNSUPPORTED', /another version/);
  });
});

test('believed facts that are wrong do not outlive the bytes', async (t) => {
  const setup = await published(t, ['pkg1']);
  const { names, image, request, mirror } = setup;
  const hostile = republish(setup, (_, chunks) => {
    const at = chunks.length - 1;
    chunks[at] = Buffer.from(String(chunks[at]).replaceAll('usr/pkg1', 'usr/evil'));
  });
  await machine(t, async (context) => {
    await take(context, hostile);
    await compose(context, request(names, 'wrong:1'));
    assert.equal(archivesAsked(mirror), names.length, 'by the publisher alone');
    const { output, ...rest } = request(names, 'right:1');
    const path = `${tempDir(t)}/out.tar`;
    const right = await compose(context, { ...rest, output: { ...output, path } });
    const again = await compose(context, request(names, 'again:1'));
    for (const { digest } of again.layers) rmSync(context.store.pathOf(digest), { force: true });
    const without: ComposeReport = await compose(context, request(names, 'without:1'));
    assert.deepEqual(
      [right, again, without].map(({ digest }) => digest),
      [image.digest, image.digest, image.digest],
    );
  });
});
