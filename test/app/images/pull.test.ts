import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Context } from '../../../src/app/context.ts';
import { type PullRequest, pull } from '../../../src/app/images/pull.ts';
import { push } from '../../../src/app/images/push.ts';
import { diff } from '../../../src/app/verify/diff.ts';
import { verify } from '../../../src/app/verify/verify.ts';
import { type Digest, digestOf } from '../../../src/model/digest.ts';
import { openContent } from '../../../src/output/open-image.ts';
import { type FakeRegistry, startFakeRegistry } from '../../fake/registry.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { verifyImage } from '../../output/verify-image.ts';
import { contents, refused, source } from '../harness.ts';
import { ACCESS, dockerManifestOf, imageOf, inCache, indexOf, tarOf } from './registry-images.ts';

interface TestHooks {
  after(fn: () => void | Promise<void>): void;
}

/** A registry with `team/app:1` of layers a and b, and what a pull of it needs. */
async function setUp(t: TestHooks) {
  const registry = await startFakeRegistry(t);
  const image = imageOf(t, ['a', 'b']);
  const path = await tarOf(t, image);
  const reference = `${registry.host}/team/app:1`;
  await inCache(tempDir(t), (context) =>
    push(context, { image: path, to: reference, platform: '', access: ACCESS }),
  );
  registry.requests.length = 0;
  return { registry, image, reference, path, cache: tempDir(t), out: join(tempDir(t), 'out.tar') };
}

function pulling(context: Context, reference: string, more: Partial<PullRequest> = {}) {
  const output = { path: '', format: 'tar' as const };
  return pull(context, { image: reference, platform: '', output, access: ACCESS, ...more });
}

const tar = (path: string) => ({ output: { path, format: 'tar' as const } });
const folder = (path: string) => ({ output: { path, format: 'oci-dir' as const } });

function hostArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

test('a tar of a pulled image is the one that was pushed, by another name', async (t) => {
  const { registry, image, reference, cache, out } = await setUp(t);
  const report = await inCache(cache, (context) => pulling(context, reference, tar(out)));
  assert.deepEqual(
    [report.digest, report.imageId, report.platforms, report.fetched.blobs, report.cached.blobs],
    [image.manifestDigest, image.config.digest, ['linux/amd64'], 3, 0],
  );
  const found = await verifyImage(out);
  assert.equal(found.manifestDigest, image.manifestDigest);
  assert.deepEqual(found.tags, [reference]);
  assert.equal(registry.requests.length, 1 + 3);

  registry.requests.length = 0;
  const again = await inCache(cache, (context) => pulling(context, reference, tar(out)));
  assert.deepEqual([again.fetched.blobs, again.cached.blobs], [0, 3]);
  assert.deepEqual(registry.asked(), ['GET team/app/manifests/1']);
});

test('by tag and digest, by digest alone, into a folder beside others', async (t) => {
  const { image, reference, cache, out } = await setUp(t);
  await inCache(cache, async (context) => {
    await pulling(context, reference, folder(out));
    await pulling(context, reference.replace(/:1$/, `:other@${image.manifestDigest}`), folder(out));
    await pulling(context, reference.replace(/:1$/, `@${image.manifestDigest}`), folder(out));
  });
  const { manifests } = JSON.parse(readFileSync(join(out, 'index.json'), 'utf8'));
  assert.deepEqual(
    manifests.map(
      (one: { annotations?: Record<string, string> }) => one.annotations?.['io.containerd.image.name'],
    ),
    [reference, reference.replace(/:1$/, ':other'), undefined],
  );
  assert.equal((await verifyImage(out, { ref: reference })).manifestDigest, image.manifestDigest);
});

test("Docker's own manifests keep their bytes, in a tar and in a folder", async (t) => {
  const { registry, image, reference, cache, out } = await setUp(t);
  const docker = dockerManifestOf(image);
  registry.manifests.set('team/app 1', docker);
  await inCache(cache, async (context) => {
    const { digest, mediaType } = await pulling(context, reference, tar(out));
    assert.equal(mediaType, docker.mediaType);
    assert.equal((await verifyImage(out)).manifestDigest, digest);
    await pulling(context, reference, folder(`${out}.d`));
    assert.equal((await verifyImage(`${out}.d`)).manifestDigest, digest);
  });
});

test("of an index a tar holds this machine's image or the one asked for, a folder all", async (t) => {
  const registry = await startFakeRegistry(t);
  const index = indexOf(t, [hostArchitecture(), 'mips64le', 'arm/v7']);
  const reference = `${registry.host}/team/multi:1`;
  const out = join(tempDir(t), 'out');
  await inCache(tempDir(t), async (context) => {
    await push(context, { image: index.path, to: reference, platform: '', access: ACCESS });
    const own = await pulling(context, reference, tar(`${out}.tar`));
    assert.equal(own.digest, index.images[0]!.manifestDigest);
    const other = await pulling(context, reference, { ...tar(`${out}.tar`), platform: 'linux/arm/v7' });
    assert.equal((await verifyImage(`${out}.tar`)).manifestDigest, other.digest);
    assert.equal(other.digest, index.images[2]!.manifestDigest);

    const all = await pulling(context, reference, folder(out));
    assert.deepEqual(
      [all.digest, all.imageId, all.platforms],
      [index.digest, null, [`linux/${hostArchitecture()}`, 'linux/mips64le', 'linux/arm/v7']],
    );
    assert.equal((await openContent(out, { ref: reference })).root.descriptor.digest, index.digest);
    for (const { manifestDigest } of index.images) {
      assert.ok(existsSync(join(out, 'blobs/sha256', manifestDigest.slice('sha256:'.length))));
    }
    const one = await verifyImage(out, { platform: 'linux/mips64le' });
    assert.equal(one.manifestDigest, index.images[1]!.manifestDigest);
    await refused(
      pulling(context, reference, { ...tar(out), platform: 'linux/s390x' }),
      'USAGE',
      'linux/arm/v7',
    );
  });
});

/** Everything that a pull may leave behind when it fails. */
function leftBehind(cache: string, out: string) {
  const { blobs, ingest, partial } = contents(cache);
  return { blobs: blobs.length, rest: [...ingest, ...partial], out: existsSync(out) };
}

test('a blob with other bytes or another size is never stored, and nothing is written', async (t) => {
  const { registry, image, reference, cache, out } = await setUp(t);
  const key = `team/app ${image.layers[1]!.digest}`;
  const right = registry.blobs.get(key)!;
  const wrong = Buffer.from(right);
  wrong[wrong.length - 1]! ^= 1;
  for (const bytes of [
    wrong,
    right.subarray(0, -1),
    Buffer.concat([right, Buffer.from('x')]),
    Buffer.alloc(0),
  ]) {
    registry.blobs.set(key, bytes);
    await inCache(cache, (context) => refused(pulling(context, reference, tar(out)), 'INTEGRITY'));
    const left = leftBehind(cache, out);
    assert.ok(left.blobs <= 2);
    assert.deepEqual([left.rest, left.out], [[], false]);
    assert.equal(existsSync(join(cache, 'blobs/sha256', image.layers[1]!.digest.slice(7))), false);
  }
  registry.blobs.set(key, right);
  const report = await inCache(cache, (context) => pulling(context, reference, tar(out)));
  assert.ok(report.cached.blobs >= 1, 'what was right is kept');
});

test('a manifest with other bytes than its digest, in an index too, is refused', async (t) => {
  const registry = await startFakeRegistry(t);
  const index = indexOf(t, ['amd64', 'arm64']);
  const reference = `${registry.host}/team/multi:1`;
  const [cache, out] = [tempDir(t), join(tempDir(t), 'out')];
  await inCache(cache, async (context) => {
    await push(context, { image: index.path, to: reference, platform: '', access: ACCESS });
    const key = `team/multi ${index.images[1]!.manifestDigest}`;
    registry.manifests.set(key, registry.manifests.get(`team/multi ${index.images[0]!.manifestDigest}`)!);
    await refused(pulling(context, reference, folder(out)), 'INTEGRITY');
  });
  assert.equal(existsSync(out), false);
});

test('cut downloads go on where they were cut', async (t) => {
  const { registry, image, reference, cache, out } = await setUp(t);
  registry.switches.cutDownloads.push(9_000, 4_000, 100);
  await inCache(cache, (context) => pulling(context, reference, tar(out)));
  assert.equal((await verifyImage(out)).manifestDigest, image.manifestDigest);
  assert.ok(registry.requests.some(({ headers }) => headers.range !== undefined));
});

test('a cancelled pull leaves no temp file', async (t) => {
  const { registry, reference, cache, out } = await setUp(t);
  const controller = new AbortController();
  registry.switches.intercept = (request) => {
    if (request.url!.includes('/blobs/')) controller.abort();
    return false;
  };
  await inCache(cache, (context) =>
    refused(pulling({ ...context, signal: controller.signal }, reference, tar(out)), 'CANCELLED'),
  );
  assert.deepEqual(leftBehind(cache, out), { blobs: 0, rest: [], out: false });
});

test('what is no image is told from one', async (t) => {
  const { registry, reference, cache, out } = await setUp(t);
  const manifest = JSON.parse(registry.manifests.get('team/app 1')!.bytes.toString());
  const put = (more: object) => {
    const bytes = Buffer.from(JSON.stringify({ ...manifest, ...more }));
    registry.manifests.set('team/app 1', { mediaType: manifest.mediaType, bytes });
  };
  await inCache(cache, async (context) => {
    put({ layers: manifest.layers.slice(1) });
    await refused(pulling(context, reference, tar(out)), 'INTEGRITY', 'diffIDs');
    put({ config: manifest.layers[0] });
    await refused(pulling(context, reference, tar(out)), 'BAD_ARCHIVE', 'JSON');
    put({ layers: undefined });
    await refused(pulling(context, reference, tar(out)), 'BAD_ARCHIVE', 'layers');
    await refused(pulling(context, reference.replace(/1$/, '2'), tar(out)), 'NOT_FOUND');
  });
  assert.equal(existsSync(out), false);
});

test('verify reads layers once, into the cache; diff compares a registry with a file', async (t) => {
  const { registry, reference, path, cache } = await setUp(t);
  await inCache(cache, async (context) => {
    const report = await verify(context, { image: reference, platform: '', trust: source() });
    assert.deepEqual([report.verified, report.digest], [false, digestOfTag(registry)]);
    assert.equal(gets(registry, 'blobs').length, 3);
    const same = await diff(context, { a: reference, b: path, platform: '' });
    assert.equal(same.equal, true);
    await refused(
      verify(context, { image: reference, platform: 'linux/s390x', trust: source() }),
      'USAGE',
      'linux/amd64',
    );
  });
  assert.equal(readdirSync(join(cache, 'ingest')).length, 0);
});

function digestOfTag(registry: FakeRegistry): Digest {
  return digestOf(registry.manifests.get('team/app 1')!.bytes);
}

function gets({ requests }: FakeRegistry, what: string): readonly string[] {
  return requests.filter(({ method, url }) => method === 'GET' && url.includes(what)).map(({ url }) => url);
}
