import { hostPlatform } from '../../distros/platforms.ts';
import { platformText } from '../../model/platform.ts';
import { familiarName } from '../../model/reference.ts';
import type { PullReport, RegistryAccess } from '../../model/registry.ts';
import type { OutputFormat } from '../../model/request.ts';
import { isIndex } from '../../output/choose-image.ts';
import { blobPath, type Image, type LayoutBlob, nameAnnotations } from '../../output/image.ts';
import {
  type ContentReader,
  chooseManifest,
  type Document,
  type ImageContents,
  readContents,
  readImage,
} from '../../output/image-content.ts';
import { platformOfConfig } from '../../output/image-json.ts';
import { parseTag } from '../../output/tag.ts';
import type { Context } from '../context.ts';
import { withRegistries } from '../registries/sessions.ts';
import { fetchBlobs } from './fetch-blobs.ts';
import {
  addressOf,
  type ContentArgument,
  type ImageArgument,
  openContentArgument,
} from './image-argument.ts';

/** The last second of the year 9999, which a tar can represent. */
const MAX_TIME = 253_402_300_799;

/** Request of `pull`. Of an index without a platform, all images go into a folder, this machine's image into a tar. */
export interface PullRequest extends ImageArgument {
  readonly output: { readonly path: string; readonly format: OutputFormat };
  readonly access: RegistryAccess;
}

/**
 * Fetches an image, or an index with all its images, and writes it. Every blob is checked on its way into the cache, and nothing
 * is written before all are there. Blobs in the cache are not fetched again.
 * @throws AppError USAGE if no image is for the platform; the registry's errors; as writeImageTar and extendOciDirectory
 */
export async function pull(context: Context, request: PullRequest): Promise<PullReport> {
  return withRegistries(context, request, async (session) => {
    const argument = await openContentArgument(session, request);
    const { content } = argument;
    const root = await chooseRoot(content, request);
    const contents = await readContents(content, root);
    const { fetched, cached } = await fetchBlobs(context, contents, content.name);
    const write = isIndex(root.descriptor) ? writeIndex : writeImage;
    const { imageId, platforms } = await write(context, { request, tags: tagsOf(argument), contents });
    const { digest, mediaType } = root.descriptor;
    return {
      reference: addressOf(argument, digest),
      digest,
      mediaType,
      imageId,
      platforms,
      output: request.output.path,
      fetched,
      cached,
    };
  });
}

async function chooseRoot(content: ContentReader, { platform, output }: PullRequest): Promise<Document> {
  if (platform !== '') return chooseManifest(content, platform);
  if (!isIndex(content.root.descriptor) || output.format === 'oci-dir') return content.root;
  return chooseManifest(content, hostPlatform());
}

interface Pulled {
  readonly request: PullRequest;
  readonly tags: readonly string[];
  readonly contents: ImageContents;
}

type Written = Pick<PullReport, 'imageId' | 'platforms'>;

async function writeImage(context: Context, { request, tags, contents }: Pulled): Promise<Written> {
  const { root } = contents;
  const { manifest, config, configBytes } = await readImage(
    { blob: (blob) => context.store.read(blob) },
    root,
  );
  const { digest, size } = manifest.config;
  const platform = platformOfConfig(config);
  const image: Image = {
    manifest: root.bytes,
    manifestDigest: root.descriptor.digest,
    manifestType: root.descriptor.mediaType,
    config: { digest, sizeBytes: size, content: configBytes },
    layers: manifest.layers.map((layer) => ({
      digest: layer.digest,
      sizeBytes: layer.size,
      content: context.store.get(layer.digest),
    })),
    tags,
    platform,
    createdAt: secondsOf(config.json.created),
  };
  const { path, format } = request.output;
  if (format === 'oci-dir') {
    const { writeOciDirectory } = await import('../../output/oci-dir.ts');
    await writeOciDirectory(image, path, context);
  } else {
    const { writeImageTar } = await import('../../output/image-tar.ts');
    await writeImageTar(image, path, context);
  }
  return { imageId: digest, platforms: [platformText(platform)] };
}

async function writeIndex(context: Context, { request, tags, contents }: Pulled): Promise<Written> {
  const { root, documents, blobs } = contents;
  const files: readonly LayoutBlob[] = [
    ...blobs.map(({ digest, size }) => ({ digest, sizeBytes: size, content: context.store.get(digest) })),
    ...documents.map(({ descriptor, bytes }) => ({
      digest: descriptor.digest,
      sizeBytes: bytes.length,
      content: bytes,
    })),
  ].map((file) => ({ ...file, path: blobPath(file.digest) }));
  const [tag] = tags;
  const { mediaType, digest, size } = root.descriptor;
  const annotations = tag === undefined ? {} : { annotations: nameAnnotations(parseTag(tag)) };
  const { extendOciDirectory } = await import('../../output/oci-dir.ts');
  await extendOciDirectory(
    { blobs: files, descriptors: [{ mediaType, digest, size, ...annotations }] },
    request.output.path,
    context,
  );
  const platforms = documents.flatMap(({ descriptor: { platform } }) =>
    platform ? [platformText(platform)] : [],
  );
  return { imageId: null, platforms: platforms.reverse() };
}

function tagsOf({ content, reference }: ContentArgument): readonly string[] {
  if (reference === undefined) return content.tags;
  return reference.tag === undefined ? [] : [familiarName({ ...reference, digest: undefined })];
}

/** Parses an RFC 3339 time to seconds since the epoch; 0 if there is none. */
function secondsOf(created: unknown): number {
  const seconds = Math.floor(Date.parse(String(created)) / 1000);
  return seconds >= 0 && seconds <= MAX_TIME ? seconds : 0;
}
