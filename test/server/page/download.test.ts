import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Digest, digestOf } from '../../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../../src/model/media-types.ts';
import { openImage } from '../../../src/output/open-image.ts';
import type { Origin, ServedBlob } from '../../../src/server/content.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { type Site, startSite } from './site.ts';

const LAYERS = [Buffer.alloc(70_000, 'lower'), Buffer.alloc(1_000, 'upper')];
const CONFIG = Buffer.from(
  JSON.stringify({
    os: 'linux',
    architecture: 'amd64',
    rootfs: { type: 'layers', diff_ids: LAYERS.map(digestOf) },
  }),
);
const descriptor = (mediaType: string, bytes: Buffer) => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
});
const MANIFEST = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    config: descriptor(MEDIA_TYPES.config, CONFIG),
    layers: LAYERS.map((bytes) => descriptor(MEDIA_TYPES.layerTar, bytes)),
    annotations: { 'org.opencontainers.image.created': '2024-01-02T03:04:05Z' },
  }),
);
const platform = { os: 'linux', architecture: 'amd64' };
const INDEX = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    manifests: [{ ...descriptor(MEDIA_TYPES.manifest, MANIFEST), platform }],
  }),
);

/** Has one image: a layer as a file, the others as bytes that arrive. */
function origin(t: TestContext, over: Partial<Record<Digest, ServedBlob | undefined>> = {}): Origin {
  const path = join(tempDir(t), 'layer');
  writeFileSync(path, LAYERS[0] ?? '');
  const arriving = (bytes: Buffer): ServedBlob => ({
    kind: 'stream',
    sizeBytes: bytes.length,
    async *open(start) {
      yield bytes.subarray(start);
    },
  });
  const [lower, upper] = LAYERS as [Buffer, Buffer];
  const blobs: Partial<Record<string, ServedBlob | undefined>> = {
    [digestOf(lower)]: { kind: 'file', path, sizeBytes: lower.length },
    [digestOf(upper)]: arriving(upper),
    [digestOf(CONFIG)]: arriving(CONFIG),
    ...over,
  };
  return {
    manifest: (name, reference) => {
      if (!name.startsWith('alpine/v3.19/greet')) return undefined;
      if ('tag' in reference) return { mediaType: MEDIA_TYPES.index, digest: digestOf(INDEX), bytes: INDEX };
      return { mediaType: MEDIA_TYPES.manifest, digest: digestOf(MANIFEST), bytes: MANIFEST };
    },
    blob: (_, digest) => blobs[digest],
    tags: () => undefined,
  };
}

function start(t: TestContext, over?: Parameters<typeof origin>[1]): Promise<Site> {
  return startSite(t, { images: origin(t, over) });
}

test('an image is downloaded as a tar with its name, whole or from where a download ended', async (t) => {
  const site = await start(t);
  assert.match(await site.html('/image?bag=greet'), /href="\/image\/image\.tar\?in=[^"]*bag=greet" download/);
  const answer = await site.get('/image/image.tar?bag=greet');
  assert.equal(answer.headers.get('content-disposition'), 'attachment; filename="image.tar"');
  const bytes = Buffer.from(await answer.arrayBuffer());
  assert.equal(bytes.length, Number(answer.headers.get('content-length')));
  const path = join(tempDir(t), 'image.tar');
  writeFileSync(path, bytes);
  const image = await openImage(path);
  assert.deepEqual(image.manifestDigest, digestOf(MANIFEST));
  assert.deepEqual(image.tags, [`${new URL(site.url).host}/alpine/v3.19/greet:latest`]);
  for (const [index, { digest }] of image.manifest.layers.entries()) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of image.blob(digest)) chunks.push(chunk);
    assert.deepEqual(Buffer.concat(chunks), LAYERS[index]);
  }
  for (const from of [1, 600, 5_000, 72_000, bytes.length - 1]) {
    const rest = await site.get('/image/image.tar?bag=greet', 'text/html', { range: `bytes=${from}-` });
    assert.equal(rest.status, 206);
    assert.ok(Buffer.from(await rest.arrayBuffer()).equals(bytes.subarray(from)), `from ${from}`);
  }
});

test('an image that is not whole here is refused before anything is sent', async (t) => {
  const [lower] = LAYERS as [Buffer];
  const missing = await start(t, { [digestOf(lower)]: undefined });
  const answer = await missing.get('/image/image.tar?bag=greet');
  assert.equal(answer.status, 404);
  assert.match(await answer.text(), /is not here/);
  const elsewhere = await start(t, {
    [digestOf(lower)]: { kind: 'redirect', url: 'https://store.example/' },
  });
  assert.match(await elsewhere.html('/image/image.tar?bag=greet'), /pull the image instead/);
  assert.equal((await missing.get('/image/image.tar?bag=other')).status, 404);
});

test('an architecture without an image is refused', async (t) => {
  const other = { ...platform, architecture: 's390x' };
  const bytes = Buffer.from(
    JSON.stringify({ manifests: [{ ...descriptor(MEDIA_TYPES.manifest, MANIFEST), platform: other }] }),
  );
  const images: Origin = {
    ...origin(t),
    manifest: () => ({ mediaType: MEDIA_TYPES.index, digest: digestOf(bytes), bytes }),
  };
  const site = await startSite(t, { images });
  assert.match(await site.html('/image/image.tar?bag=greet'), /has no image for linux\/amd64/);
});
