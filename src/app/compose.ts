import { ANNOTATIONS, type PackageOrigin, packageAnnotations, packageUrl } from '../compose/annotations.ts';
import { difference } from '../compose/difference.ts';
import { imageConfig } from '../compose/image-config.ts';
import { type PlannedLayer, planLayers } from '../compose/layers.ts';
import { imageManifest } from '../compose/manifest.ts';
import { stackTree } from '../compose/stack-tree.ts';
import { targetTree } from '../compose/target-tree.ts';
import type { InstalledPackage } from '../distros/install.ts';
import { mapConcurrent } from '../fetch/pool.ts';
import { AppError, isAppError } from '../model/app-error.ts';
import type { ArchiveFacts } from '../model/archive.ts';
import { digestOf, parseDigest } from '../model/digest.ts';
import { MEDIA_TYPES } from '../model/media-types.ts';
import type { CatalogPackage } from '../model/package.ts';
import type { ComposeReport, ComposeRequest, LayerEncoding, LayerReport } from '../model/request.ts';
import type { Image, ImageBlob } from '../output/image.ts';
import { platformOf } from './architecture.ts';
import type { Context } from './context.ts';
import { deliver, layerEncodingFor } from './deliver.ts';
import { fetchArchives } from './fetch-archives.ts';
import { generatedLayer, type LayerBlob, layerBlob, layerEntries } from './layer-blobs.ts';
import { planReport, releaseOf } from './plan.ts';
import { type Resolution, repositoryOf, resolvePackages } from './resolve.ts';

/** A gc that runs beside every one of them is somebody's wish for an empty cache. */
const MAX_ATTEMPTS = 5;
/** Packages that a note names; `--json` has them all. */
const MAX_NAMED = 6;
/** Derived blobs made at once: encoding is one core's work each. */
const DERIVE_CONCURRENCY = 2;

/**
 * Resolves, fetches what is missing, computes the image and delivers it.
 * @throws AppError of every kind but bugs
 */
export async function compose(context: Context, request: ComposeRequest): Promise<ComposeReport> {
  if (request.packages.length === 0) throw new AppError('USAGE', 'no package named: nothing to compose');
  const resolution = await resolvePackages(context, request.source, request.packages);
  const plan = planReport(context, resolution);
  const tags = request.tags.length > 0 ? request.tags : [defaultTag(request.packages[0] as string)];
  if (request.dryRun) return { ...emptyReport, plan, tags };
  const encoding = await layerEncodingFor(context, request);
  return againWhenCollected(context, async () => {
    const facts = await fetchArchives(context, resolution.sources, {
      packages: resolution.packages.map((solved) => solved.package),
      repositories: resolution.repositories,
    });
    const image = await buildImage(context, { request, resolution, facts, encoding, tags });
    const delivered = await deliver(context, request, image.image);
    return {
      plan,
      tags,
      digest: image.image.manifestDigest,
      imageId: image.image.config.digest,
      layers: image.layers,
      sizeBytes: image.layers.reduce((sum, layer) => sum + layer.sizeBytes, 0),
      ...delivered,
      notes: notesOf(image.layers, delivered.loadedInto !== undefined),
    };
  });
}

/** A blob that another process's gc removed in between is fetched or made again. */
async function againWhenCollected<T>(context: Context, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const digest = isAppError(error) ? error.details.digest : undefined;
      if (attempt === MAX_ATTEMPTS || typeof digest !== 'string' || context.store.has(parseDigest(digest)))
        throw error;
    }
  }
}

interface BuildInput {
  readonly request: ComposeRequest;
  readonly resolution: Resolution;
  readonly facts: readonly ArchiveFacts[];
  readonly encoding: LayerEncoding;
  readonly tags: readonly string[];
}

async function buildImage(
  context: Context,
  input: BuildInput,
): Promise<{ image: Image; layers: readonly LayerReport[] }> {
  const { request, resolution, facts } = input;
  const { distro } = resolution.sources;
  const installed: InstalledPackage[] = resolution.packages.map((solved, at) => ({
    facts: facts[at] as ArchiveFacts,
    reason: solved.reason,
  }));
  const entryOf = new Map(
    installed.map((one, at) => [one, resolution.packages[at]?.package as CatalogPackage]),
  );
  const time = request.sourceDateEpoch ?? newestBuild(resolution);
  const generated = distro.installFiles(installed);
  const target = targetTree({ packages: installed, rules: distro.tree, generated, time });
  const planned = planLayers({
    candidates: installed.map((one) => ({ installed: one, dependents: entryOf.get(one)?.dependents ?? 0 })),
    clashes: target.clashes,
    mode: request.layers,
    maxLayers: request.maxLayers,
  });
  const options = { encoding: input.encoding, rules: distro.tree };
  const below = await mapConcurrent(planned, DERIVE_CONCURRENCY, (layer) =>
    layerBlob(context, layer, options),
  );
  const stack = stackTree(planned.map((layer) => layerEntries(layer, distro.tree)));
  const top = await generatedLayer(context, difference(stack, target.tree), {
    facts,
    encoding: input.encoding,
    time,
  });

  const origin = (one: InstalledPackage) => originOf(resolution, entryOf.get(one) as CatalogPackage);
  const layers = [
    ...planned.map((layer, at) => described(layer, below[at] as LayerBlob, origin)),
    installLayer(top, planned.length === 0 ? installed.map(nameOf) : []),
  ];
  const platform = platformOf(distro, resolution.sources.architecture);
  const config = imageConfig({
    platform,
    options: request.config,
    path: distro.defaults.path,
    shells: distro.defaults.shells,
    tree: target.tree,
    created: time,
    layers: layers.map(({ blob, createdBy }) => ({ diffId: blob.diffId, createdBy })),
  });
  const configDigest = digestOf(config);
  const manifest = imageManifest({
    config: { mediaType: MEDIA_TYPES.config, digest: configDigest, size: config.length },
    layers: layers.map(({ blob, annotations }) => ({
      mediaType: blob.mediaType,
      digest: blob.digest,
      size: blob.sizeBytes,
      annotations,
    })),
    annotations: {
      'org.opencontainers.image.created': new Date(time * 1000).toISOString().replace('.000Z', 'Z'),
      [ANNOTATIONS.distro]: `${distro.id} ${releaseOf(resolution)}`,
      ...request.config.annotations,
    },
  });
  const toImageBlob = ({ blob }: DescribedLayer): ImageBlob => ({
    digest: blob.digest,
    sizeBytes: blob.sizeBytes,
    content: context.store.get(blob.digest),
  });
  return {
    image: {
      manifest,
      manifestDigest: digestOf(manifest),
      config: { digest: configDigest, sizeBytes: config.length, content: config },
      layers: layers.map(toImageBlob),
      tags: input.tags,
      platform,
      createdAt: time,
    },
    layers: layers.map(({ report }) => report),
  };
}

interface DescribedLayer {
  readonly blob: LayerBlob;
  readonly annotations: Readonly<Record<string, string>>;
  readonly createdBy: string;
  readonly report: LayerReport;
}

function described(
  layer: PlannedLayer,
  blob: LayerBlob,
  origin: (installed: InstalledPackage) => PackageOrigin,
): DescribedLayer {
  const origins = layer.packages.map(origin);
  const names = layer.packages.map(nameOf);
  const [first] = origins;
  const annotations =
    layer.kind === 'package' && first !== undefined
      ? packageAnnotations(first)
      : { [ANNOTATIONS.purl]: origins.map(packageUrl).join(' ') };
  return {
    blob,
    annotations: {
      ...annotations,
      [ANNOTATIONS.kind]: layer.kind,
      ...(blob.derived === '' ? {} : { [ANNOTATIONS.derived]: blob.derived }),
    },
    createdBy: `compose: ${layer.kind} ${names.join(' ')}`,
    report: reportOf(blob, layer.kind, names),
  };
}

function installLayer(blob: LayerBlob, packages: readonly string[]): DescribedLayer {
  return {
    blob,
    annotations: { [ANNOTATIONS.kind]: 'install', [ANNOTATIONS.derived]: blob.derived },
    createdBy: 'compose: install layer',
    report: reportOf(blob, 'install', packages),
  };
}

function reportOf(blob: LayerBlob, kind: LayerReport['kind'], packages: readonly string[]): LayerReport {
  const { digest, diffId, mediaType, sizeBytes, derived } = blob;
  return { digest, diffId, mediaType, sizeBytes, packages, kind, derived };
}

function originOf(resolution: Resolution, entry: CatalogPackage): PackageOrigin {
  return {
    distro: resolution.sources.distro.id,
    release: releaseOf(resolution),
    repository: repositoryOf(resolution, entry).spec.name,
    name: entry.name,
    version: entry.version,
    architecture: entry.architecture,
  };
}

function newestBuild(resolution: Resolution): number {
  return resolution.packages.reduce((newest, solved) => Math.max(newest, solved.package.buildTime), 0);
}

/** `libstdc++>6` → `pkgcompose/libstdcxx:latest`: engines take lower-case letters, digits and single separators. */
export function defaultTag(target: string): string {
  const name = (target.split(/[<>=~@]/, 1)[0] as string)
    .toLowerCase()
    .replaceAll('+', 'x')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return `pkgcompose/${name === '' ? 'image' : name}:latest`;
}

function nameOf({ facts }: InstalledPackage): string {
  return `${facts.name}-${facts.version}`;
}

/** What is not the distribution's own, a line a reason, and what an engine may not read. */
function notesOf(layers: readonly LayerReport[], loaded: boolean): readonly string[] {
  const byReason = new Map<string, string[]>();
  for (const { kind, derived, packages } of layers) {
    if (kind !== 'package' || derived === '') continue;
    byReason.set(derived, [...(byReason.get(derived) ?? []), ...packages]);
  }
  const notes = [...byReason].map(
    ([reason, names]) => `not the distribution's own bytes (${reason}): ${enumerate(names)}`,
  );
  if (!loaded && layers.some((layer) => layer.mediaType === MEDIA_TYPES.layerZstd)) {
    notes.push('zstd layers: Docker before 23 cannot read them; --layer-encoding gzip is for those');
  }
  return notes;
}

function enumerate(names: readonly string[]): string {
  if (names.length <= MAX_NAMED + 1) return names.join(', ');
  return `${names.slice(0, MAX_NAMED).join(', ')} and ${names.length - MAX_NAMED} more`;
}

const emptyReport = {
  digest: undefined,
  imageId: undefined,
  layers: [],
  sizeBytes: 0,
  output: undefined,
  loadedInto: undefined,
  notes: [],
} satisfies Omit<ComposeReport, 'plan' | 'tags'>;
