import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compose } from '../../../src/app/compose/compose.ts';
import type { Context } from '../../../src/app/context.ts';
import { entryOfLayer } from '../../../src/app/sources/stored-package.ts';
import { type Digest, hexOf } from '../../../src/model/digest.ts';
import type { PushReport } from '../../../src/model/registry.ts';
import type { ComposeReport, ComposeRequest, SourceOptions } from '../../../src/model/request.ts';
import { type FakeRegistry, type RegistrySwitches, startFakeRegistry } from '../../fake/registry.ts';
import { writeAlpineMirror, writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { cli, KEY, noise, refused, request, small, use } from '../harness.ts';
import { ACCESS, inCache } from '../images/registry-images.ts';

interface TestHooks {
  after(fn: () => void | Promise<void>): void;
}

type Source = Partial<SourceOptions>;

const NAMES = ['a', 'b', 'c', 'd'];

function mirror(t: TestHooks): Source & { readonly folder: string } {
  const folder = writeAlpineMirror(tempDir(t), {
    packages: NAMES.map((name) =>
      small(name, {
        files: [{ path: 'usr/' }, { path: `usr/${name}`, content: noise(name, 30_000) }],
      }),
    ),
    key: KEY,
  });
  return { folder, repositories: [folder], keyring: writeApkKeyring(tempDir(t), [KEY]) };
}

interface Setup {
  readonly registry: FakeRegistry;
  readonly from: Source & { readonly folder: string };
  push(packages: readonly string[], name: string, more?: Partial<ComposeRequest>): ComposeRequest;
}

async function setup(t: TestHooks, switches: Partial<RegistrySwitches> = {}): Promise<Setup> {
  const registry = await startFakeRegistry(t, switches);
  const { folder, ...source } = mirror(t);
  return {
    registry,
    from: { folder, ...source },
    push: (packages, name, more = {}) =>
      request(packages, source, {
        output: {
          path: undefined,
          format: 'tar',
          load: undefined,
          push: {
            references: [`${registry.host}/${name}`],
            access: ACCESS,
            store: `${registry.host}/team/packages`,
          },
        },
        ...more,
      }),
  };
}

const pushed = ({ pushed: [report] }: ComposeReport) => report as PushReport;
const counts = (report: ComposeReport) => {
  const { uploaded, mounted, present } = pushed(report);
  return [uploaded.blobs, mounted.blobs, present.blobs];
};
const packagesOf = ({ layers }: ComposeReport) => layers.filter(({ kind }) => kind === 'package');

function takeAsked(registry: FakeRegistry): readonly string[] {
  const lines = registry.asked();
  registry.requests.length = 0;
  return lines;
}

function forgetBytes(context: Context, report: ComposeReport): void {
  for (const { digest } of report.layers) rmSync(context.store.pathOf(digest), { force: true });
}

test('the store has each package once, under its tag; the second image takes one request a package', async (t) => {
  const { registry, push } = await setup(t);
  await inCache(tempDir(t), async (context) => {
    const first = await compose(context, push(['a', 'b', 'c'], 'team/one:1'));
    assert.deepEqual(counts(first), [5, 0, 0]);
    for (const { digest, sizeBytes } of packagesOf(first)) {
      assert.ok(registry.blobs.has(`team/packages ${digest}`));
      assert.ok(registry.blobs.has(`team/one ${digest}`));
      const tagged = [...registry.manifests].filter(
        ([key, { bytes }]) => key.startsWith('team/packages alpine__') && bytes.includes(digest),
      );
      assert.equal(tagged.length, 1, `${digest} ${sizeBytes}`);
    }
    const { uploaded, sentBytes } = pushed(first);
    assert.equal(uploaded.bytes, sentBytes);
    takeAsked(registry);

    const second = await compose(context, push(['a', 'b', 'c', 'd'], 'team/two:1'));
    assert.deepEqual(counts(second), [3, 3, 0]);
    takeAsked(registry);
    const third = await compose(context, push(['a', 'b', 'c', 'd'], 'team/three:1', { tags: ['x'] }));
    assert.equal(third.digest, second.digest);
    // Config and install layer are mounted from where they were pushed last.
    const lines = takeAsked(registry);
    assert.equal(lines.length, 1 + 6 + 1, lines.join('\n'));
    assert.equal(pushed(third).sentBytes, 0);
  });
});

/** Requests about a blob or a package's manifest, and how many there are of each. */
function requestsOf(lines: readonly string[], digest: string): readonly string[] {
  const hex = hexOf(digest as Digest);
  return lines.filter((line) => line.includes(hex) || line.includes(`__${hex.slice(0, 32)}`));
}

test('a package that neither the store nor a new repository has takes four requests', async (t) => {
  const { registry, push } = await setup(t);
  await inCache(tempDir(t), async (context) => {
    const first = await compose(context, push(NAMES, 'team/one:1'));
    const lines = takeAsked(registry);
    const packages = packagesOf(first);
    assert.equal(packages.length, NAMES.length);
    for (const { digest } of packages) {
      assert.deepEqual(
        requestsOf(lines, digest).map((line) => line.replace(/\?.*|[^/]*__.*/, '')),
        [
          'POST team/one/blobs/uploads/',
          'PUT team/one/blobs/uploads/ID',
          'POST team/packages/blobs/uploads/',
          'PUT team/packages/manifests/',
        ],
      );
    }
    // The image's tag twice; whether its repository is new; the store's empty config; the image's own two blobs.
    assert.ok(lines.length <= 4 * NAMES.length + 2 + 1 + 3 + 8, lines.join('\n'));
    assert.ok(!lines.some((line) => line.startsWith('DELETE')), lines.join('\n'));
  });
});

test('what the repository has already is put into the store without being sent', async (t) => {
  const { registry, push } = await setup(t);
  await inCache(tempDir(t), async (context) => {
    const wanted = push(NAMES, 'team/one:1');
    const { push: target } = wanted.output;
    const output = { ...wanted.output, push: { ...target!, store: undefined } };
    const first = await compose(context, { ...wanted, output });
    assert.equal(pushed(first).uploaded.blobs, NAMES.length + 2);
  });
  await inCache(tempDir(t), async (context) => {
    const again = await compose(context, push(NAMES, 'team/one:2'));
    assert.equal(pushed(again).sentBytes, pushed(again).uploaded.bytes);
    for (const { digest } of packagesOf(again)) assert.ok(registry.blobs.has(`team/packages ${digest}`));
    assert.ok(pushed(again).present.blobs >= NAMES.length, JSON.stringify(pushed(again)));
  });
});

test('facts and a filled store are enough: no archive is read, the image is the same', async (t) => {
  const { registry, from, push } = await setup(t);
  await inCache(tempDir(t), async (context) => {
    const first = await compose(context, push(NAMES, 'team/one:1'));
    forgetBytes(context, first);
    for (const name of readdirSync(from.folder)) {
      if (name.endsWith('.apk')) rmSync(join(from.folder, name));
    }
    takeAsked(registry);
    const again = await compose(context, push(NAMES, 'team/two:1'));
    assert.equal(again.digest, first.digest);
    for (const { digest } of packagesOf(again)) assert.ok(!context.store.has(digest));
    assert.ok(!takeAsked(registry).some((line) => line.startsWith('GET')));
  });
});

test('without a push alone the bytes are needed, and are taken from the repository', async (t) => {
  const { push } = await setup(t);
  await inCache(tempDir(t), async (context) => {
    const first = await compose(context, push(NAMES, 'team/one:1'));
    forgetBytes(context, first);
    const wanted = push(NAMES, 'team/two:1');
    const output = { ...wanted.output, path: `${tempDir(t)}/out.tar` };
    const again = await compose(context, { ...wanted, output });
    assert.equal(again.digest, first.digest);
    for (const { digest } of packagesOf(again)) assert.ok(context.store.has(digest));
  });
});

test('what the store has lost is brought from the repository, and the store has it again', async (t) => {
  const { registry, push } = await setup(t);
  await inCache(tempDir(t), async (context) => {
    const first = await compose(context, push(NAMES, 'team/one:1'));
    const [lost, kept] = packagesOf(first).map(({ digest }) => digest);
    forgetBytes(context, first);
    for (const name of ['team/packages', 'team/one']) registry.blobs.delete(`${name} ${lost}`);
    const again = await compose(context, push(NAMES, 'team/two:1'));
    assert.equal(again.digest, first.digest);
    assert.ok(registry.blobs.has(`team/packages ${lost}`));
    assert.ok(registry.blobs.has(`team/two ${lost}`));
    assert.ok(!context.store.has(kept!), 'only what was lost is fetched');
  });
});

test('a registry that mounts nothing gets all blobs all the same', async (t) => {
  for (const mounts of ['ignored', 'refused'] as const) {
    const { registry, push } = await setup(t, { mounts });
    await inCache(tempDir(t), async (context) => {
      const first = await compose(context, push(['a', 'b'], 'team/one:1'));
      assert.deepEqual(counts(first), [4, 0, 0]);
      forgetBytes(context, first);
      const again = await compose(context, push(['a', 'b'], 'team/two:1'));
      assert.equal(again.digest, first.digest);
      for (const { digest } of packagesOf(again)) {
        assert.ok(registry.blobs.has(`team/packages ${digest}`), mounts);
        assert.ok(registry.blobs.has(`team/two ${digest}`), mounts);
      }
    });
  }
});

test('a wrong blob of the store is refused where it is read, and the repository asked', async (t) => {
  const { registry, push } = await setup(t, { mounts: 'ignored' });
  await inCache(tempDir(t), async (context) => {
    const first = await compose(context, push(['a'], 'team/one:1'));
    const [layer] = packagesOf(first);
    forgetBytes(context, first);
    registry.blobs.set(`team/packages ${layer!.digest}`, Buffer.alloc(layer!.sizeBytes));
    const again = await compose(context, push(['a'], 'team/two:1'));
    assert.equal(again.digest, first.digest);
    const there = registry.blobs.get(`team/two ${layer!.digest}`)!;
    assert.notDeepEqual(there, Buffer.alloc(layer!.sizeBytes));
  });
});

test('a store that takes nothing is said once; the image is pushed without it', async (t) => {
  const users = { alice: 'secret' };
  const registry = await startFakeRegistry(t, {
    auth: { kind: 'bearer', users, anonymous: true, closed: ['team/packages'] },
  });
  const { folder, ...source } = mirror(t);
  const notes: string[] = [];
  const push = {
    references: [`${registry.host}/team/one:1`],
    access: ACCESS,
    store: `${registry.host}/team/packages`,
  };
  const output = { path: undefined, format: 'tar' as const, load: undefined, push };
  const cache = tempDir(t);
  const env = { PATH: process.env.PATH, HOME: cache };
  mkdirSync(join(cache, '.docker'));
  const auths = { [registry.host]: { auth: Buffer.from('alice:secret').toString('base64') } };
  writeFileSync(join(cache, '.docker/config.json'), JSON.stringify({ auths }));
  const work = use({ cache, notes, env }, (context) =>
    compose(context, request(['a', 'b'], source, { output })),
  );
  await work;
  assert.equal(notes.filter((note) => note.includes('rejected an upload')).length, 1);
});

test('a store in another registry is filled, and its blobs are copied', async (t) => {
  const { registry, push } = await setup(t);
  const other = await startFakeRegistry(t);
  const notes: string[] = [];
  const cache = tempDir(t);
  await use({ cache, notes, env: { PATH: process.env.PATH, HOME: cache } }, async (context) => {
    const elsewhere = (name: string): ComposeRequest => {
      const wanted = push(['a', 'b'], 'unused:1');
      const { push: target } = wanted.output;
      const references = [`${other.host}/${name}`];
      return { ...wanted, output: { ...wanted.output, push: { ...target!, references } } };
    };
    const first = await compose(context, elsewhere('app:1'));
    assert.deepEqual(counts(first), [4, 0, 0]);
    assert.match(notes.join('\n'), /in another registry; its packages are copied instead of mounted/);
    for (const { digest } of packagesOf(first)) assert.ok(registry.blobs.has(`team/packages ${digest}`));
    forgetBytes(context, first);
    other.blobs.clear();
    const again = await compose(context, elsewhere('new:1'));
    assert.equal(again.digest, first.digest);
    for (const { digest } of packagesOf(again)) {
      assert.ok(other.blobs.has(`new ${digest}`));
      assert.ok(context.store.has(digest), 'it came from the store');
    }
  });
});

test('bundles are kept and mounted too; of single layers there is nothing to keep', async (t) => {
  const { registry, push } = await setup(t);
  await inCache(tempDir(t), async (context) => {
    const bundled = (name: string) => push(NAMES, name, { layers: 'bundle' });
    const first = await compose(context, bundled('team/one:1'));
    const bundle = first.layers.find(({ kind }) => kind === 'bundle');
    assert.ok(registry.blobs.has(`team/packages ${bundle?.digest}`));
    forgetBytes(context, first);
    const again = await compose(context, bundled('team/two:1'));
    assert.equal(again.digest, first.digest);
    assert.equal(pushed(again).sentBytes, 0);
    assert.ok(!context.store.has(bundle!.digest));

    registry.blobs.delete(`team/packages ${bundle!.digest}`);
    for (const key of [...registry.blobs.keys()]) {
      if (key.endsWith(bundle!.digest)) registry.blobs.delete(key);
    }
    const made = await compose(context, bundled('team/three:1'));
    assert.equal(made.digest, first.digest);
    assert.ok(registry.blobs.has(`team/packages ${bundle!.digest}`), 'made anew');

    const single = await compose(context, push(NAMES, 'team/four:1', { layers: 'single' }));
    assert.ok(!registry.blobs.has(`team/packages ${single.layers[0]!.digest}`));
  });
});

test('two processes fill one store with the same packages at once', async (t) => {
  const { registry, from } = await setup(t);
  const words = (name: string) => [
    ...NAMES,
    ...['--repo', from.folder, '--keyring', from.keyring as string, '--arch', 'x86_64', '--json'],
    ...['--push', `${registry.host}/team/${name}:1`, '--store', `${registry.host}/team/packages`],
  ];
  const ended = await Promise.all(
    ['one', 'two', 'three'].map((name) => cli(words(name), { env: { PKGCOMPOSE_CACHE: tempDir(t) } })),
  );
  const reports = ended.map(({ code, stdout, stderr }) => {
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as ComposeReport;
  });
  assert.equal(new Set(reports.map(({ digest }) => digest)).size, 1);
  for (const { digest } of packagesOf(reports[0]!)) {
    for (const name of ['packages', 'one', 'two', 'three']) {
      assert.ok(registry.blobs.has(`team/${name} ${digest}`));
    }
    const hex = hexOf(digest).slice(0, 32);
    const tags = [...registry.manifests.keys()].filter((key) => key.endsWith(`__${hex}`));
    assert.equal(tags.length, 1);
  }
});

test('a store that is no repository is a usage error, before anything is done', async (t) => {
  const { push } = await setup(t);
  await inCache(tempDir(t), async (context) => {
    const wanted = push(['a'], 'one:1');
    const output = { ...wanted.output, push: { ...wanted.output.push!, store: 'registry.example/x:tag' } };
    await refused(compose(context, { ...wanted, output }), 'USAGE', /without a tag/);
  });
  assert.equal(entryOfLayer({ mediaType: 'x', digest: '' as never, size: 0 }), undefined);
});
