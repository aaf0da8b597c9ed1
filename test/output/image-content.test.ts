import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, isAppError } from '../../src/model/app-error.ts';
import type { Descriptor } from '../../src/model/descriptor.ts';
import { digestOf } from '../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../src/model/media-types.ts';
import { fitsPlatform } from '../../src/output/choose-image.ts';
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

test('a platform without a variant means any; an exact one comes first', async () => {
  const platform = (architecture: string, variant?: string) => ({
    ...manifest(`${architecture}${variant}`),
    platform: { os: 'linux' as const, architecture, ...(variant === undefined ? {} : { variant }) },
  });
  const all = [platform('arm64', 'v8'), platform('arm', 'v6'), platform('arm', 'v7'), platform('arm')];
  const choose = async (wanted: string) =>
    (await chooseManifest(readerOf(index(...all)), wanted)).descriptor.digest;
  assert.equal(await choose('linux/arm64'), all[0]!.digest);
  assert.equal(await choose('linux/arm/v7'), all[2]!.digest);
  assert.equal(await choose('linux/arm'), all[3]!.digest);
  await assert.rejects(chooseManifest(readerOf(index(all[1]!, all[2]!)), 'linux/arm'), refusedWith('USAGE'));
  await assert.rejects(choose('linux/arm64/v9'), refusedWith('USAGE'));
  assert.equal(fitsPlatform({ os: 'linux', architecture: 'arm64' }, 'linux/arm'), false);
});
