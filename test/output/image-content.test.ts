import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, isAppError } from '../../src/model/app-error.ts';
import type { Descriptor } from '../../src/model/descriptor.ts';
import { digestOf } from '../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../src/model/media-types.ts';
import type { Platform } from '../../src/model/platform.ts';
import { type ContentReader, chooseManifest, readContents } from '../../src/output/image-content.ts';

const blobs = new Map<string, Buffer>();

function keep(mediaType: string, json: object): Descriptor {
  const bytes = Buffer.from(JSON.stringify(json));
  blobs.set(digestOf(bytes), bytes);
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

function manifest(name: string): Descriptor {
  const config = keep(MEDIA_TYPES.config, {
    architecture: name,
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [digestOf(name)] },
  });
  const layers = [{ mediaType: MEDIA_TYPES.layerTar, digest: digestOf('layer'), size: 5 }];
  return keep(MEDIA_TYPES.manifest, { schemaVersion: 2, config, layers });
}

const index = (...manifests: readonly Descriptor[]) =>
  keep(MEDIA_TYPES.index, { schemaVersion: 2, manifests });

function readerOf(root: Descriptor): ContentReader & { readonly asked: string[] } {
  const asked: string[] = [];
  const bytes = (digest: string) => blobs.get(digest) ?? assert.fail(digest);
  return {
    asked,
    name: 'test',
    address: (digest) => `test#${digest}`,
    root: { descriptor: root, bytes: bytes(root.digest) },
    tags: [],
    async document({ digest }) {
      asked.push(digest);
      return bytes(digest);
    },
    async *blob({ digest }, offset) {
      yield bytes(digest).subarray(offset);
    },
  };
}

function refusedWith(code: ErrorCode): (error: unknown) => boolean {
  return (error) => isAppError(error, code);
}

test('what another document names comes before it, and is read once', async () => {
  const [a, b] = [manifest('a'), manifest('b')];
  const inner = index(a, b);
  const reader = readerOf(index(a, inner, a));
  const { documents, blobs: found, root } = await readContents(reader);
  const order = documents.map(({ descriptor }) => descriptor.digest);
  assert.equal(order.at(-1), root.descriptor.digest);
  assert.deepEqual(new Set(order.slice(0, 2)), new Set([a.digest, b.digest]));
  assert.equal(order[2], inner.digest);
  assert.deepEqual(reader.asked.sort(), [a, b, inner].map(({ digest }) => digest).sort());
  assert.deepEqual(
    found.map(({ mediaType }) => mediaType),
    [MEDIA_TYPES.layerTar, MEDIA_TYPES.config, MEDIA_TYPES.config],
    'layers first, the shared one once',
  );
});

test('indexes that are too deep, too many or empty', async () => {
  const deep = index(index(index(index(manifest('a')))));
  await assert.rejects(readContents(readerOf(deep)), refusedWith('LIMIT'));
  const many = Array.from({ length: 1_001 }, (_, at) => manifest(`m${at}`));
  await assert.rejects(readContents(readerOf(index(...many))), refusedWith('LIMIT'));
  const huge = { ...manifest('a'), size: 1e9 };
  await assert.rejects(readContents(readerOf(index(huge))), refusedWith('LIMIT'));
  const empty = readerOf(index());
  assert.equal((await readContents(empty)).documents.length, 1);
  await assert.rejects(chooseManifest(empty, 'linux/amd64'), refusedWith('USAGE'));
});

function imageFor(architecture: string, more: Partial<Platform> = {}): Descriptor {
  const platform = { os: 'linux', architecture, ...more };
  return { ...manifest(JSON.stringify(platform)), platform };
}

async function chosen(images: readonly Descriptor[], wanted: string): Promise<string> {
  return (await chooseManifest(readerOf(index(...images)), wanted)).descriptor.digest;
}

test('the best image for a platform: the same variant, older ones, then what says none', async () => {
  const [v8, v6, v7, arm] = [
    imageFor('arm64', { variant: 'v8' }),
    imageFor('arm', { variant: 'v6' }),
    imageFor('arm', { variant: 'v7' }),
    imageFor('arm'),
  ];
  const all = [v8!, v6!, v7!, arm!];
  assert.equal(await chosen(all, 'linux/arm64'), v8!.digest);
  assert.equal(await chosen(all, 'linux/arm64/v9'), v8!.digest);
  assert.equal(await chosen([v8!, v6!, v7!], 'linux/arm/v7'), v7!.digest);
  for (const same of ['linux/arm/v7', 'linux/arm']) {
    // Clients take either for the other: which one is the order of the index.
    await assert.rejects(chosen(all, same), refusedWith('USAGE'));
  }
  assert.equal(await chosen([v6!, v7!], 'linux/arm'), v7!.digest, 'arm alone means v7');
  assert.equal(await chosen([v6!], 'linux/arm/v7'), v6!.digest);
  assert.equal(await chosen([arm!], 'linux/arm/v7'), arm!.digest);
  assert.equal(await chosen([arm!], 'linux/arm/v6'), arm!.digest);
  await assert.rejects(chosen([v7!], 'linux/arm/v6'), refusedWith('USAGE'));
  const [plain, v3] = [imageFor('amd64'), imageFor('amd64', { variant: 'v3' })];
  assert.equal(await chosen([v3, plain], 'linux/amd64/v2'), plain.digest);
  assert.equal(await chosen([v3, plain], 'linux/amd64/v4'), v3.digest);
  assert.equal(await chosen([v3], 'linux/amd64'), v3.digest);
});

test('images of other systems, and versions of one', async () => {
  const windows = (version: string) => imageFor('amd64', { os: 'windows', 'os.version': version });
  const images = [windows('10.0.17763.1'), windows('10.0.20348.2'), imageFor('arm64', { os: 'darwin' })];
  assert.equal(await chosen(images, 'darwin/arm64'), images[2]!.digest);
  assert.equal(await chosen(images, 'windows(10.0.20348)/amd64'), images[1]!.digest);
  await assert.rejects(chosen(images, 'windows/amd64'), (error) => {
    assert.ok(isAppError(error, 'USAGE'));
    assert.match(
      error.message,
      /more than one image windows\/amd64; it holds: .*windows\(10\.0\.17763\.1\)\/amd64/,
    );
    assert.equal(
      error.hint,
      `Choose one with --platform 'windows(10.0.17763.1)/amd64', or by its digest: test#${images[0]!.digest}`,
    );
    return true;
  });
});

test('two images for one platform are told apart by digest alone', async () => {
  const images = [
    imageFor('amd64'),
    { ...manifest('other'), platform: { os: 'linux', architecture: 'amd64' } },
  ];
  await assert.rejects(chosen(images, 'linux/amd64'), (error) => {
    assert.ok(isAppError(error, 'USAGE'));
    assert.equal(error.hint, `Choose one by its digest: test#${images[0]!.digest}`);
    return true;
  });
});

test('platforms that an index leaves out are those of the configs', async () => {
  const images = [manifest('amd64'), manifest('s390x')];
  assert.equal(await chosen(images, 'linux/s390x'), images[1]!.digest);
  await assert.rejects(chosen(images, 'linux/riscv64'), refusedWith('USAGE'));
});

const attestation = { 'vnd.docker.reference.type': 'attestation-manifest' };
const linux = (architecture: string, variant?: string) =>
  ({ os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) }) as const;

test('what is annotated as an attestation is left out only for the platform unknown/unknown', async () => {
  const [evil, good] = [manifest('evil'), { ...manifest('amd64'), platform: linux('amd64') }];
  const unknown = { os: 'unknown', architecture: 'unknown' } as unknown as NonNullable<
    Descriptor['platform']
  >;
  const about = { ...evil, annotations: attestation, platform: unknown };
  for (const platform of ['', 'linux/amd64']) {
    assert.equal(
      (await chooseManifest(readerOf(index(about, good)), platform)).descriptor.digest,
      good.digest,
    );
    const image = { ...evil, annotations: attestation, platform: linux('amd64') };
    await assert.rejects(chooseManifest(readerOf(index(image, good)), platform), refusedWith('USAGE'));
    await assert.rejects(chooseManifest(readerOf(index(good, index(image))), platform), refusedWith('USAGE'));
  }
  const bare = { ...evil, annotations: attestation };
  await assert.rejects(chooseManifest(readerOf(index(bare, good)), ''), refusedWith('USAGE'));
});

test('two images for what clients take for one platform are refused', async () => {
  for (const [one, other] of [
    [linux('arm64'), linux('arm64', 'v8')],
    [linux('amd64'), linux('amd64', 'v1')],
    [linux('arm', 'v7'), linux('arm', 'v7')],
  ] as const) {
    const both = index({ ...manifest('a'), platform: one }, { ...manifest('b'), platform: other });
    for (const { os, architecture, variant } of [one, other]) {
      const platform = [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
      await assert.rejects(chooseManifest(readerOf(both), platform), refusedWith('USAGE'));
    }
  }
});

test('indexes are read once however often they are named, and images limited', async () => {
  const named = (inner: Descriptor, times: number, mark: string) =>
    keep(MEDIA_TYPES.index, { schemaVersion: 2, manifests: Array(times).fill(inner), annotations: { mark } });
  const leaf = named(manifest('a'), 300, 'leaf');
  const middle = named(leaf, 300, 'middle');
  const reader = readerOf(middle);
  await chooseManifest(reader, '');
  assert.deepEqual(reader.asked.filter((digest) => digest === leaf.digest).length, 1);
  const bomb = readerOf(named(middle, 1000, 'top'));
  await assert.rejects(chooseManifest(bomb, ''), refusedWith('LIMIT'));
  assert.equal(bomb.asked.length, 3);
  const deep = index(index(index(index(manifest('a')))));
  await assert.rejects(chooseManifest(readerOf(deep), ''), refusedWith('LIMIT'));
});
