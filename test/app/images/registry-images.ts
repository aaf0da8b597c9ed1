import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../../../src/app/context.ts';
import type { Descriptor } from '../../../src/model/descriptor.ts';
import { digestOf, hexOf } from '../../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../../src/model/media-types.ts';
import type { RegistryAccess } from '../../../src/model/registry.ts';
import type { Image } from '../../../src/output/image.ts';
import { writeImageTar } from '../../../src/output/image-tar.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { makeImage, type TestImageOptions } from '../../output/images.ts';
import { noise, use } from '../harness.ts';

interface TestHooks {
  after(fn: () => void): void;
}

export const ACCESS: RegistryAccess = { insecure: false, ca: '', cert: '', key: '' };

/** A context over a cache of the test's own, with an empty home. */
export function inCache<T>(cache: string, work: (context: Context) => Promise<T>): Promise<T> {
  return use({ cache, env: { PATH: process.env.PATH, HOME: join(cache, 'home') } }, work);
}

/** An image of one layer a name; layers of the same name are the same. */
export function imageOf(
  t: TestHooks,
  names: readonly string[],
  options: TestImageOptions & { readonly layerBytes?: number } = {},
): Image {
  const { layerBytes = 20_000 } = options;
  return makeImage(
    tempDir(t),
    names.map((name) => ({ tar: [{ path: name, content: noise(name, layerBytes) }] })),
    options,
  );
}

export async function tarOf(t: TestHooks, image: Image): Promise<string> {
  const path = join(tempDir(t), 'image.tar');
  await writeImageTar(image, path);
  return path;
}

export interface TestIndex {
  /** An OCI layout folder that holds it alone */
  readonly path: string;
  readonly digest: string;
  readonly images: readonly Image[];
}

/** An index of an image for each platform (`arm64/v8`), which share their first layer. */
export function indexOf(t: TestHooks, platforms: readonly string[], name = 'multi:1'): TestIndex {
  const path = tempDir(t);
  mkdirSync(join(path, 'blobs/sha256'), { recursive: true });
  const put = (mediaType: string, bytes: Uint8Array): Descriptor => {
    const digest = digestOf(bytes);
    writeFileSync(join(path, 'blobs/sha256', hexOf(digest)), bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const images = platforms.map((platform) => {
    const [architecture = '', variant] = platform.split('/');
    return imageOf(t, ['shared', platform], { config: { architecture, ...(variant ? { variant } : {}) } });
  });
  const manifests = images.map((image, at) => {
    for (const { content } of [...image.layers, image.config]) {
      put('', typeof content === 'string' ? readFileSync(content) : content);
    }
    const [architecture, variant] = platforms[at]!.split('/');
    const platform = { os: 'linux', architecture, ...(variant ? { variant } : {}) };
    return { ...put(MEDIA_TYPES.manifest, image.manifest), platform };
  });
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests }));
  const root = {
    ...put(MEDIA_TYPES.index, index),
    annotations: { 'org.opencontainers.image.ref.name': name },
  };
  writeFileSync(join(path, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(path, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [root] }));
  return { path, digest: root.digest, images };
}

const DOCKER_TYPES: Readonly<Record<string, string>> = {
  [MEDIA_TYPES.manifest]: 'application/vnd.docker.distribution.manifest.v2+json',
  [MEDIA_TYPES.config]: 'application/vnd.docker.container.image.v1+json',
  [MEDIA_TYPES.layerGzip]: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
};

/** The same image as `docker push` writes it: image manifest version 2, schema 2. */
export function dockerManifestOf(image: Image): { readonly mediaType: string; readonly bytes: Buffer } {
  const text = Object.entries(DOCKER_TYPES).reduce(
    (json, [oci, docker]) => json.replaceAll(JSON.stringify(oci), JSON.stringify(docker)),
    Buffer.from(image.manifest).toString(),
  );
  return { mediaType: DOCKER_TYPES[MEDIA_TYPES.manifest]!, bytes: Buffer.from(text) };
}
