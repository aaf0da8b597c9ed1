import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { compose } from '../../../src/app/compose/compose.ts';
import type { Context } from '../../../src/app/context.ts';
import { type PushRequest, push } from '../../../src/app/images/push.ts';
import { pushContents } from '../../../src/app/images/push-contents.ts';
import { MEDIA_TYPES } from '../../../src/model/media-types.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import { parseReference, parseRepository } from '../../../src/model/reference.ts';
import type { PushReport } from '../../../src/model/registry.ts';
import { contentsOf } from '../../../src/output/image-content.ts';
import { openSession } from '../../../src/registry/session.ts';
import { type FakeRegistry, startFakeRegistry } from '../../fake/registry.ts';
import { writeAlpineMirror, writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { KEY, refused, request, small } from '../harness.ts';
import { ACCESS, dockerManifestOf, imageOf, inCache, indexOf, tarOf } from './registry-images.ts';

function pushing(context: Context, image: string, to: string, more: Partial<PushRequest> = {}) {
  return push(context, { image, to, platform: '', access: ACCESS, ...more }).then(({ pushed }) => pushed);
}

const counts = ({ uploaded, mounted, present }: PushReport) => [uploaded.blobs, mounted.blobs, present.blobs];

/** What was asked since the last time, ids left out. */
function asked(registry: FakeRegistry): readonly string[] {
  const lines = registry.asked();
  registry.requests.length = 0;
  return lines;
}

test('a first push sends every blob once, then the manifest; the same again is one HEAD', async (t) => {
  const registry = await startFakeRegistry(t);
  const image = imageOf(t, ['a', 'b', 'a']);
  const path = await tarOf(t, image);
  const to = `${registry.host}/team/app:1`;
  await inCache(tempDir(t), async (context) => {
    const first = await pushing(context, path, to);
    assert.deepEqual(counts(first), [3, 0, 0]);
    assert.equal(first.uploaded.bytes, first.sentBytes);
    assert.deepEqual([first.changed, first.digest, first.reference], [true, image.manifestDigest, to]);
    const lines = asked(registry);
    // Two requests for each of three blobs, and two to find that mounts tell what is there
    assert.equal(lines.length, 1 + 2 * 3 + 2 + 1);
    assert.equal(lines[0], 'HEAD team/app/manifests/1');
    assert.equal(lines.at(-1), 'PUT team/app/manifests/1');
    assert.deepEqual(registry.manifests.get('team/app 1')?.bytes, Buffer.from(image.manifest));

    const again = await pushing(context, path, to);
    assert.deepEqual([again.changed, again.sentBytes, ...counts(again)], [false, 0, 0, 0, 0]);
    assert.deepEqual(asked(registry), ['HEAD team/app/manifests/1']);
  });
});

test('configs are sent behind layers', async (t) => {
  const image = imageOf(t, ['a', 'b']);
  const { blobs } = contentsOf(image);
  assert.deepEqual(
    blobs.map(({ digest }) => digest),
    [...image.layers, image.config].map(({ digest }) => digest),
  );
});

test('what the registry has elsewhere is mounted, for what was pushed before is remembered', async (t) => {
  const registry = await startFakeRegistry(t);
  const one = await tarOf(t, imageOf(t, ['a', 'b']));
  const two = await tarOf(t, imageOf(t, ['a', 'b', 'c']));
  const cache = tempDir(t);
  await inCache(cache, (context) => pushing(context, one, `${registry.host}/team/one:1`));
  asked(registry);
  const report = await inCache(cache, (context) => pushing(context, two, `${registry.host}/team/two:1`));
  assert.deepEqual(counts(report), [2, 2, 0]);
  // Two mounts of one request each, two for each of layer and config and one to be sure, HEAD and PUT of the manifest
  assert.equal(asked(registry).length, 2 + 2 * 2 + 1 + 2);
  await inCache(cache, async ({ catalog }) => {
    const { domain } = parseRepository(`${registry.host}/x`);
    const digest = imageOf(t, ['a']).layers[0]!.digest;
    assert.equal(catalog.pushedBlobs().find(domain, digest), 'team/two');
  });
});

test('a memory that is wrong costs a request and changes nothing', async (t) => {
  const registry = await startFakeRegistry(t);
  const path = await tarOf(t, imageOf(t, ['a', 'b']));
  await inCache(tempDir(t), async (context) => {
    await pushing(context, path, `${registry.host}/team/one:1`);
    registry.blobs.clear();
    registry.manifests.clear();
    const report = await pushing(context, path, `${registry.host}/team/two:1`);
    assert.deepEqual(counts(report), [3, 0, 0]);
    assert.equal(registry.blobs.size, 3);
    assert.equal(registry.uploads.size, 0);
  });
});

test('within one repository a tag takes a GET, a HEAD and a PUT; with blobs gone they are brought again', async (t) => {
  const registry = await startFakeRegistry(t);
  const image = imageOf(t, ['a', 'b']);
  const path = await tarOf(t, image);
  const app = `${registry.host}/team/app`;
  await inCache(tempDir(t), async (context) => {
    await pushing(context, path, `${app}:1`);
    asked(registry);
    const report = await pushing(context, `${app}:1`, `${app}:2`);
    assert.deepEqual(counts(report), [0, 0, 3]);
    assert.deepEqual(asked(registry), [
      'GET team/app/manifests/1',
      'HEAD team/app/manifests/2',
      'PUT team/app/manifests/2',
    ]);
  });
  registry.blobs.delete(`team/app ${image.layers[0]!.digest}`);
  const session = openSession({ credentials: { find: async () => undefined } });
  t.after(() => session.close());
  const pushed = await pushContents(session, {
    contents: contentsOf(image),
    to: parseReference(`${app}:3`),
    progress: silentProgress,
    mountFrom: () => undefined,
    blobsThere: true,
  });
  assert.deepEqual(counts(pushed), [1, 0, 2]);
});

for (const [namesMissing, expected] of [
  [99, ['HEAD', 'PUT', 'POST', 'POST', 'PUT', 'PUT', 'PUT']],
  // One at a time, or without looking: every blob is asked about after all.
  [1, undefined],
  [0, undefined],
] as const) {
  test(`what a repository was sent before is not asked about blob by blob (${namesMissing} missing named)`, async (t) => {
    const registry = await startFakeRegistry(t, { namesMissing });
    const names = ['a', 'b', 'c', 'd', 'e'];
    const [one, two] = [imageOf(t, names), imageOf(t, [...names, 'f'])];
    const to = `${registry.host}/team/app`;
    await inCache(tempDir(t), async (context) => {
      await pushing(context, await tarOf(t, one), `${to}:1`);
      registry.requests.length = 0;
      const report = await pushing(context, await tarOf(t, two), `${to}:2`);
      assert.deepEqual(counts(report), namesMissing === 1 ? [1, 0, 6] : [2, 0, 5]);
      const methods = registry.requests.map(({ method }) => method);
      if (expected !== undefined) assert.deepEqual(methods.sort(), [...expected].sort());
      // A blob that is gone is brought again, whatever is remembered of it.
      registry.blobs.delete(`team/app ${one.layers[0]!.digest}`);
      await pushing(context, await tarOf(t, imageOf(t, [...names, 'g'])), `${to}:3`);
      assert.ok(registry.blobs.has(`team/app ${one.layers[0]!.digest}`));
      assert.equal(registry.uploads.size, 0);
    });
  });
}

test('a copy within a registry mounts; to another one it streams', async (t) => {
  const [here, there] = [await startFakeRegistry(t), await startFakeRegistry(t)];
  const image = imageOf(t, ['a', 'b']);
  const path = await tarOf(t, image);
  const cache = tempDir(t);
  await inCache(cache, async (context) => {
    await pushing(context, path, `${here.host}/team/app:1`);
    const near = await pushing(context, `${here.host}/team/app:1`, `${here.host}/prod/app:1`);
    assert.deepEqual([...counts(near), near.sentBytes], [0, 3, 0, 0]);
    there.switches.cutUploads.push(5_000);
    here.switches.cutDownloads.push(3_000);
    const far = await pushing(context, `${here.host}/team/app:1`, `${there.host}/team/app:1`);
    assert.deepEqual(counts(far), [3, 0, 0]);
    assert.deepEqual(there.manifests.get('team/app 1')?.bytes, Buffer.from(image.manifest));
    let blobs = 0;
    for await (const _blob of context.store.list()) blobs += 1;
    assert.equal(blobs, 0, 'nothing of it is in the cache');
  });
});

test('an index goes with all that it names; with --platform one image of it', async (t) => {
  const registry = await startFakeRegistry(t);
  const index = indexOf(t, ['amd64', 'arm64/v8', 'arm/v7']);
  await inCache(tempDir(t), async (context) => {
    const all = await pushing(context, index.path, `${registry.host}/team/multi:1`);
    assert.deepEqual([all.digest, all.mediaType, all.manifests], [index.digest, MEDIA_TYPES.index, 4]);
    // A layer is shared
    assert.deepEqual(counts(all), [4 + 3, 0, 0]);
    assert.equal(asked(registry).at(-1), 'PUT team/multi/manifests/1');
    const one = await pushing(context, index.path, `${registry.host}/team/one:1`, {
      platform: 'linux/arm64',
    });
    assert.equal(one.digest, index.images[1]!.manifestDigest);
    const copied = await pushing(context, `${registry.host}/team/multi:1`, `${registry.host}/team/two:1`, {
      platform: 'linux/arm/v7',
    });
    assert.equal(copied.digest, index.images[2]!.manifestDigest);
    await refused(
      pushing(context, index.path, `${registry.host}/team/no:1`, { platform: 'linux/s390x' }),
      'USAGE',
      'linux/arm64/v8',
    );
    await refused(
      pushing(context, `${registry.host}/team/one:1`, `${registry.host}/x:1`, { platform: 'linux/amd64' }),
      'USAGE',
      /expected an image for linux\/amd64, got one for linux\/arm64\/v8/,
    );
  });
});

test("Docker's own manifests are copied as they are", async (t) => {
  const registry = await startFakeRegistry(t);
  const image = imageOf(t, ['a']);
  const path = await tarOf(t, image);
  await inCache(tempDir(t), async (context) => {
    await pushing(context, path, `${registry.host}/team/app:1`);
    registry.manifests.set('team/app docker', dockerManifestOf(image));
    await pushing(context, `${registry.host}/team/app:docker`, `${registry.host}/prod/app:1`);
    assert.deepEqual(registry.manifests.get('prod/app 1'), dockerManifestOf(image));
  });
});

test('a digest that is asked for must be that of the image', async (t) => {
  const registry = await startFakeRegistry(t);
  const [one, two] = [imageOf(t, ['a']), imageOf(t, ['b'])];
  const path = await tarOf(t, one);
  await inCache(tempDir(t), async (context) => {
    await refused(
      pushing(context, path, `${registry.host}/a:1@${two.manifestDigest}`),
      'INTEGRITY',
      one.manifestDigest,
    );
    assert.deepEqual(asked(registry), []);
    await pushing(context, path, `${registry.host}/a@${one.manifestDigest}`);
    assert.deepEqual([...registry.manifests.keys()], [`a ${one.manifestDigest}`]);
  });
});

test('a tag that holds something we do not read is replaced', async (t) => {
  const registry = await startFakeRegistry(t);
  registry.manifests.set('a 1', { mediaType: 'application/vnd.other+json', bytes: Buffer.from('{}') });
  const image = imageOf(t, ['a']);
  const path = await tarOf(t, image);
  await inCache(tempDir(t), (context) => pushing(context, path, `${registry.host}/a:1`));
  assert.equal(registry.manifests.get('a 1')?.mediaType, MEDIA_TYPES.manifest);
});

test('what was composed is pushed under every name, its packages mounted by the next image', async (t) => {
  const registry = await startFakeRegistry(t);
  const repository = writeAlpineMirror(tempDir(t), {
    packages: ['a', 'b', 'c'].map((name) => small(name)),
    key: KEY,
  });
  const from = { repositories: [repository], keyring: writeApkKeyring(tempDir(t), [KEY]) };
  const push = (...references: string[]) => ({
    path: undefined,
    format: 'tar' as const,
    load: undefined,
    push: { references: references.map((name) => `${registry.host}/${name}`), access: ACCESS },
  });
  await inCache(tempDir(t), async (context) => {
    const one = await compose(
      context,
      request(['a', 'b'], from, { output: push('one:1', 'one:2', 'two:1') }),
    );
    assert.deepEqual(one.tags, [
      `${registry.host}/one:1`,
      `${registry.host}/one:2`,
      `${registry.host}/two:1`,
    ]);
    assert.deepEqual(one.pushed.map(counts), [
      [4, 0, 0],
      [0, 0, 4],
      [0, 4, 0],
    ]);
    assert.equal(one.output, undefined);
    const other = await compose(context, request(['a', 'b', 'c'], from, { output: push('three:1') }));
    assert.deepEqual(other.pushed.map(counts), [[3, 2, 0]]);
    const { digest } = other;
    for (const { digest } of other.layers) rmSync(context.store.get(digest));
    const made = await compose(context, request(['a', 'b', 'c'], from, { output: push('four:1') }));
    assert.equal(made.digest, digest);
  });
});
