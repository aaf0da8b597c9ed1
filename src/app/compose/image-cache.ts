import { type Digest, digestOf } from '../../model/digest.ts';
import type { ComposeRequest, LayerEncoding, LayerReport, PlanReport } from '../../model/request.ts';
import type { Image } from '../../output/image.ts';
import { archivesAt } from '../archives/indexed-archives.ts';
import type { Context } from '../context.ts';
import type { Lookup } from '../repositories/lookup.ts';
import type { Resolution } from '../repositories/resolve.ts';
import { lookupIdentity } from '../repositories/source-state.ts';
import type { IndexedArchive } from '../sources/archive-url.ts';
import { storedRow } from '../sources/indexed-repository.ts';
import type { BuiltImage } from './build-image.ts';

/** Everything that decides an image, but the archives of its packages. */
export interface ImageCacheInput {
  readonly request: ComposeRequest;
  readonly lookup: Lookup;
  readonly encoding: LayerEncoding;
}

/** An image that was composed before, and the plan that led to it. */
export interface PlannedImage {
  readonly plan: PlanReport;
  readonly built: BuiltImage;
}

type CachedArchive = IndexedArchive & { readonly repositoryRank: number; readonly digest: Digest };

/** Stored part of an image: everything but its layers' bytes. */
interface CachedImage {
  readonly plan: PlanReport;
  /** Of the packages, in install order */
  readonly archives: readonly CachedArchive[];
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
 * Returns a key for everything the image depends on but the archives: the request, the contents of the repositories, the code and
 * the libraries that encode. Undefined if that is not known (code that runs from its sources; files that are added), and if scripts
 * run, whose output has to be shown.
 */
export function imageKey(
  context: Context,
  { request, lookup, encoding }: ImageCacheInput,
): string | undefined {
  if (context.build === '' || request.install === 'run' || request.add !== undefined) return undefined;
  const { source, output: _output, tags: _tags, ...rest } = request;
  return digestOf(
    JSON.stringify([
      // Trust is checked with the archives; mirrors and keys decide nothing else.
      {
        ...rest,
        distro: source.distro,
        solver: source.solver,
        named: source.repositories.length > 0,
        encoding,
      },
      ...lookupIdentity(context, lookup),
    ]),
  );
}

/** Returns for each entry its archive's digest, if this trust accepts it and it is in the store. */
function acceptedArchives(
  context: Context,
  { sources, repositories }: Lookup,
  entries: readonly (IndexedArchive & { readonly repositoryRank: number })[],
): readonly (Digest | undefined)[] {
  const listed = entries.map((entry) => ({ entry, repository: repositories[entry.repositoryRank] }));
  return archivesAt(context, sources.distro.id, listed).map(
    (found) =>
      found.find(
        ({ digest, sizeBytes, trust }) =>
          sources.trust.accepts(trust) && context.store.has(digest, sizeBytes),
      )?.digest,
  );
}

/**
 * Returns the image as it was composed before, if the packages' archives are still the same, accepted under this trust and in the
 * store, as are all its layers; otherwise undefined.
 */
export function cachedImage(
  context: Context,
  key: string,
  { lookup, tags }: { readonly lookup: Lookup; readonly tags: readonly string[] },
): PlannedImage | undefined {
  const content = context.catalog.composedImages().get(key);
  if (content === undefined) return undefined;
  const kept = JSON.parse(content) as CachedImage;
  const { store } = context;
  const archives = acceptedArchives(context, lookup, kept.archives);
  if (!kept.archives.every(({ digest }, index) => archives[index] === digest)) return undefined;
  if (!kept.blobs.every(({ digest, sizeBytes }) => store.has(digest, sizeBytes))) return undefined;
  for (const { digest } of kept.blobs) store.touch(digest);
  const manifest = Buffer.from(kept.manifest, 'base64');
  const config = Buffer.from(kept.config, 'base64');
  return {
    plan: {
      ...kept.plan,
      packages: kept.plan.packages.map((entry) => ({ ...entry, cached: true })),
      downloadBytes: 0,
    },
    built: {
      image: {
        manifest,
        manifestDigest: digestOf(manifest),
        config: { digest: digestOf(config), sizeBytes: config.length, content: config },
        layers: kept.blobs.map((blob) => ({ ...blob, content: store.pathOf(blob.digest) })),
        tags,
        platform: kept.platform,
        createdAt: kept.createdAt,
      },
      layers: kept.layers,
      pendingSteps: kept.pendingSteps,
      runs: kept.runs,
      notes: kept.notes,
    },
  };
}

/** Stores an image for cachedImage, after the build: by then, the archives that were fetched for it are in the store. */
export function cacheImage(
  context: Context,
  key: string,
  {
    lookup,
    resolution,
    plan,
    built,
  }: PlannedImage & { readonly lookup: Lookup; readonly resolution: Resolution },
): void {
  // A repository may have been indexed anew before the request was solved.
  if (lookup.repositories.some(({ spec, row }) => storedRow(context, spec).content !== row.content)) return;
  const archives: CachedArchive[] = [];
  const entries = resolution.packages.map((solved) => solved.package);
  const digests = acceptedArchives(context, lookup, entries);
  for (const [index, entry] of entries.entries()) {
    const digest = digests[index];
    if (digest === undefined) return;
    const { name, version, architecture, fileName, checksum, sizeBytes, buildTime, repositoryRank } = entry;
    archives.push({
      name,
      version,
      architecture,
      fileName,
      checksum,
      sizeBytes,
      buildTime,
      repositoryRank,
      digest,
    });
  }
  const { image, layers, pendingSteps, runs, notes } = built;
  const kept: CachedImage = {
    plan,
    archives,
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
