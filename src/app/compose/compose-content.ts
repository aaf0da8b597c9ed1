import type { Descriptor } from '../../model/descriptor.ts';
import { MEDIA_TYPES } from '../../model/media-types.ts';
import { type CatalogPackage, versionedName } from '../../model/package.ts';
import type { Platform } from '../../model/platform.ts';
import type { ComposeRequest } from '../../model/request.ts';
import { fetchArchives } from '../archives/fetch-archives.ts';
import { archivesOf } from '../archives/indexed-archives.ts';
import { withIntactBlobs } from '../cache/intact-blobs.ts';
import type { Context, RemoteBlobs } from '../context.ts';
import { blamingBase } from '../repositories/base.ts';
import { openLookup } from '../repositories/open-lookup.ts';
import { type Resolution, resolveIn } from '../repositories/resolve.ts';
import { generationIn } from '../repositories/source-state.ts';
import { buildImage } from './build-image.ts';
import { realName } from './package-aliases.ts';

/** An image to compose without writing it anywhere. */
export type ContentRequest = Omit<ComposeRequest, 'tags' | 'output' | 'dryRun'>;

/** An image for one architecture: its manifest, and descriptors of the blobs that are in the cache or can be fetched. */
export interface ContentReport {
  /** Of the manifest, with its platform */
  readonly descriptor: Descriptor & { readonly platform: Platform };
  readonly manifest: Uint8Array;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  /** `name-version` of each package, and what tells its builds apart; sorted */
  readonly set: readonly string[];
  /** Version of the package that the first word of the request names; empty: it names none, such as `so:libz.so.1` */
  readonly version: string;
  /** As of ArchitectureState: of what it was composed from */
  readonly generation: string;
  /** Of the release that the packages belong to, the distribution's word; empty: of none or several */
  readonly release: string;
}

/**
 * Computes an image, and adds to the cache those of its blobs that are made here. Packages need not be in the cache if their facts
 * are in the catalog. The order of the packages does not matter.
 * @throws AppError as openLookup, resolveIn, fetchArchives and buildImage
 */
export async function composeContent(context: Context, request: ContentRequest): Promise<ContentReport> {
  const lookup = await openLookup(context, request.source);
  const named = request.packages.map((word) => realName(context, lookup, word));
  const asked = { ...request, packages: [...new Set(named)].sort() };
  const resolution = await resolveIn(context, lookup, {
    ...asked,
    findShared: request.layers === 'auto',
    findAdded: false,
  });
  const built = await withIntactBlobs(context, () => build(context, resolution, asked));
  const { image } = built;
  const { digest, sizeBytes, content } = image.config;
  if (!context.store.has(digest, sizeBytes))
    await context.store.put(content as Uint8Array, { digest, sizeBytes });
  const packages = resolution.packages.map((solved) => solved.package);
  const first = packages.find(({ name }) => name === named[0]);
  return {
    descriptor: {
      mediaType: MEDIA_TYPES.manifest,
      digest: image.manifestDigest,
      size: image.manifest.byteLength,
      platform: image.platform,
    },
    manifest: image.manifest,
    config: { mediaType: MEDIA_TYPES.config, digest, size: sizeBytes },
    layers: built.layers.map(({ mediaType, digest, sizeBytes }) => ({ mediaType, digest, size: sizeBytes })),
    set: packages.map(identityOf).sort(),
    version: first?.version ?? '',
    generation: generationIn(context, lookup),
    release: resolution.system.release,
  };
}

async function build(context: Context, resolution: Resolution, request: ContentRequest) {
  const remote = { ...context, remote: fetchableBlobs(context, resolution) };
  const facts = await fetchArchives(remote, resolution.sources, {
    packages: resolution.packages.map((solved) => solved.package),
    repositories: resolution.repositories,
  }).catch((error: unknown) => {
    throw blamingBase(error, resolution);
  });
  return buildImage(remote, {
    request: {
      ...request,
      tags: [],
      output: { path: undefined, format: 'tar', load: undefined },
      dryRun: false,
    },
    resolution,
    facts,
    encoding: request.layerEncoding,
    tags: [],
  });
}

/** The archives of the packages can be fetched when they are needed; blobs that are made from them cannot. */
function fetchableBlobs(context: Context, { sources, repositories, packages }: Resolution): RemoteBlobs {
  const { distro } = sources;
  const entries = packages.map((solved) => solved.package);
  const ofDigest = (digest: string): CatalogPackage | undefined => {
    const archives = archivesOf(context, distro.id, entries);
    return entries.find((_, index) => archives[index]?.some((archive) => archive.digest === digest));
  };
  return {
    mayHave: (digest) => context.catalog.archives.trustOf(digest) !== undefined,
    async ensureLocal({ digest, size }) {
      if (context.store.has(digest, size)) return;
      const entry = ofDigest(digest);
      // Nothing but an archive is asked for.
      if (entry !== undefined) await fetchArchives(context, sources, { packages: [entry], repositories });
    },
  };
}

/** Equal for the same build of a package. */
function identityOf(entry: CatalogPackage): string {
  const { architecture, checksum, sizeBytes, buildTime } = entry;
  return [versionedName(entry), architecture, checksum === '' ? `${sizeBytes} ${buildTime}` : checksum].join(
    ' ',
  );
}
