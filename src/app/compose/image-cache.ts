import { type Digest, digestOf } from '../../model/digest.ts';
import type { CatalogPackage } from '../../model/package.ts';
import type { ComposeRequest, LayerEncoding, LayerReport } from '../../model/request.ts';
import type { Image } from '../../output/image.ts';
import { archivesAt } from '../archives/indexed-archives.ts';
import type { Context } from '../context.ts';
import { type Resolution, repositoryOf } from '../repositories/resolve.ts';
import type { BuiltImage } from './build-image.ts';

/** Everything that decides an image. */
export interface ImageCacheInput {
  readonly request: ComposeRequest;
  readonly resolution: Resolution;
  readonly encoding: LayerEncoding;
  readonly tags: readonly string[];
}

/** Stored part of an image: everything but its layers' bytes. */
interface CachedImage {
  /** base64 */
  readonly manifest: string;
  /** base64 */
  readonly config: string;
  readonly blobs: readonly { readonly digest: Digest; readonly sizeBytes: number }[];
  readonly platform: Image['platform'];
  readonly createdAt: number;
  readonly layers: readonly LayerReport[];
  readonly pendingSteps: readonly string[];
  readonly runs: boolean;
  readonly notes: readonly string[];
}

/**
 * Returns a key for everything the image depends on: the request, the packages with their archives' digests, the repositories,
 * the code and the libraries that encode. Undefined if that is not known (an archive is not here, or not accepted under this
 * trust; code that runs from its sources), and if scripts run, whose output has to be shown.
 */
export function imageKey(
  context: Context,
  { request, resolution, encoding }: ImageCacheInput,
): string | undefined {
  if (context.build === '' || request.install === 'run') return undefined;
  const archives: Digest[] = [];
  for (const { package: entry } of resolution.packages) {
    const digest = acceptedArchive(context, resolution, entry);
    if (digest === undefined) return undefined;
    archives.push(digest);
  }
  const { source, output: _output, tags: _tags, ...rest } = request;
  return digestOf(
    JSON.stringify([
      [context.build, process.versions.zlib, process.versions.zstd],
      // Trust was checked above; mirrors and repositories are in the resolution.
      { ...rest, distro: source.distro, named: source.repositories.length > 0, encoding },
      [resolution.system, resolution.sources.architecture],
      resolution.packages.map((solved) => {
        const { spec } = repositoryOf(resolution, solved.package);
        return [solved.reason, solved.package, spec.tag];
      }),
      resolution.targets,
      resolution.repositories.map(({ row }) => [row.base, row.release, row.signedBy]),
      archives,
    ]),
  );
}

function acceptedArchive(
  context: Context,
  { sources, repositories }: Resolution,
  entry: CatalogPackage,
): Digest | undefined {
  const repository = repositories[entry.repositoryRank];
  return archivesAt(context, sources.distro.id, { entry, repository }).find(
    ({ digest, sizeBytes, trust }) => sources.trust.accepts(trust) && context.store.has(digest, sizeBytes),
  )?.digest;
}

/** Returns the image as it was composed before, if all its blobs are still in the store; otherwise undefined. */
export function cachedImage(context: Context, key: string, tags: readonly string[]): BuiltImage | undefined {
  const content = context.catalog.composedImages().get(key);
  if (content === undefined) return undefined;
  const kept = JSON.parse(content) as CachedImage;
  if (!kept.blobs.every(({ digest, sizeBytes }) => context.store.has(digest, sizeBytes))) return undefined;
  for (const { digest } of kept.blobs) context.store.touch(digest);
  const manifest = Buffer.from(kept.manifest, 'base64');
  const config = Buffer.from(kept.config, 'base64');
  return {
    image: {
      manifest,
      manifestDigest: digestOf(manifest),
      config: { digest: digestOf(config), sizeBytes: config.length, content: config },
      layers: kept.blobs.map((blob) => ({ ...blob, content: context.store.get(blob.digest) })),
      tags,
      platform: kept.platform,
      createdAt: kept.createdAt,
    },
    layers: kept.layers,
    pendingSteps: kept.pendingSteps,
    runs: kept.runs,
    notes: kept.notes,
  };
}

/** Stores an image for cachedImage, after the build: by then, the archives that were fetched for it are in the store. */
export function cacheImage(
  context: Context,
  input: ImageCacheInput,
  { image, layers, pendingSteps, runs, notes }: BuiltImage,
): void {
  const key = imageKey(context, input);
  if (key === undefined) return;
  const kept: CachedImage = {
    manifest: Buffer.from(image.manifest).toString('base64'),
    config: Buffer.from(image.config.content as Uint8Array).toString('base64'),
    blobs: image.layers.map(({ digest, sizeBytes }) => ({ digest, sizeBytes })),
    platform: image.platform,
    createdAt: image.createdAt,
    layers,
    pendingSteps,
    runs,
    notes,
  };
  context.catalog.composedImages().put(key, JSON.stringify(kept));
}
