import {
  ANNOTATIONS,
  type PackageOrigin,
  packageAnnotations,
  packageUrl,
} from '../../compose/annotations.ts';
import { difference } from '../../compose/difference.ts';
import { commandOf, imageConfig } from '../../compose/image-config.ts';
import { type PlannedLayer, planLayers } from '../../compose/layers.ts';
import { imageManifest } from '../../compose/manifest.ts';
import { stackTree } from '../../compose/stack-tree.ts';
import type { InstalledPackage } from '../../distros/install.ts';
import { platformOf } from '../../distros/platforms.ts';
import { mapConcurrent } from '../../fetch/pool.ts';
import type { ArchiveFacts } from '../../model/archive.ts';
import { digestOf } from '../../model/digest.ts';
import { MEDIA_TYPES } from '../../model/media-types.ts';
import type { CatalogPackage } from '../../model/package.ts';
import { versionedName } from '../../model/package.ts';
import type { AddedPath, ComposeRequest, LayerEncoding, LayerReport } from '../../model/request.ts';
import { required } from '../../model/required.ts';
import type { Image, ImageBlob } from '../../output/image.ts';
import type { Context } from '../context.ts';
import { blamingBase } from '../repositories/base.ts';
import { type Resolution, repositoryOf } from '../repositories/resolve.ts';
import { checkConfig, type FinishedRoot } from './config-check.ts';
import { installedTree } from './installed-tree.ts';
import { type LayerBlob, layerBlob, layerEntries, layerOfChanges } from './layer-blobs.ts';

/** Number of derived blobs made at a time: encoding keeps one core busy for each. */
const DERIVE_CONCURRENCY = 2;

/** Input of an image: the request, its solution and the archives' facts. */
export interface BuildInput {
  readonly request: ComposeRequest;
  readonly resolution: Resolution;
  readonly facts: readonly ArchiveFacts[];
  readonly encoding: LayerEncoding;
  readonly tags: readonly string[];
}

/** A computed image, and the facts about it that reports have. */
export interface BuiltImage {
  readonly image: Image;
  readonly layers: readonly LayerReport[];
  /** As in ComposeReport */
  readonly pendingSteps: readonly string[];
  readonly runs: boolean;
  /** Notes on the config, from checkConfig */
  readonly notes: readonly string[];
}

/**
 * Computes the image: two trees, their difference, layers, config and manifest. Afterwards its blobs are in the cache, or in
 * `context.remote`.
 * @throws AppError as layerBlob, installedTree and checkConfig
 */
export async function buildImage(context: Context, input: BuildInput): Promise<BuiltImage> {
  const { request, resolution, facts } = input;
  const { distro } = resolution.sources;
  const installed: InstalledPackage[] = resolution.packages.map((solved, index) => ({
    facts: required(facts, index),
    reason: solved.reason,
    listed: solved.package.checksum !== '',
    index: { entry: solved.package, tag: repositoryOf(resolution, solved.package).spec.tag },
  }));
  const entryOf = new Map(
    installed.map((member, index) => [member, required(resolution.packages, index).package]),
  );
  const time = request.sourceDateEpoch ?? newestBuild(resolution);
  const target = await installedTree({ request, resolution, installed, time }).catch((error: unknown) => {
    throw blamingBase(error, resolution);
  });
  const hasAdded = request.add !== undefined && request.add.length > 0;
  const planned = planLayers({
    candidates: installed.map((member) => {
      const entry = required(entryOf, member);
      return { installed: member, dependents: entry.dependents, base: resolution.shared.has(entry) };
    }),
    clashes: target.clashes,
    mode: request.layers,
    maxLayers: request.maxLayers - (hasAdded ? 1 : 0),
  });
  const options = { encoding: input.encoding, rules: distro.install.tree, prefix: request.prefix };
  const stack = stackTree(planned.map((layer) => layerEntries(layer, options)));
  const platform = platformOf(distro, resolution.sources.architecture);
  const generated = { facts, encoding: input.encoding, time };
  const isRun = request.install === 'run';
  const deriving = mapConcurrent(planned, DERIVE_CONCURRENCY, (layer) => layerBlob(context, layer, options));
  const installing = isRun
    ? deriving.then(async (below) =>
        (await import('./scripted-install.ts')).scriptedInstallLayer(context, {
          ...generated,
          below: below.map(({ diffId }) => diffId),
          stack,
          target: target.tree,
          steps: target.pendingSteps,
          install: distro.install,
          platform,
        }),
      )
    : layerOfChanges(context, difference(stack, target.tree), generated);
  // Both have ended, and removed what they had begun to write, before an error is thrown.
  await Promise.allSettled([deriving, installing]);
  const [below, top] = [await deriving, await installing];

  const origin = (member: InstalledPackage) => originOf(resolution, required(entryOf, member));
  const layers = [
    ...planned.map((layer, index) => described(layer, required(below, index), origin)),
    installLayer(top, planned.length === 0 ? installed : [], origin),
  ];
  const pendingSteps = isRun ? [] : target.pendingSteps;
  const installedRoot = isRun
    ? await (await import('./root-after-scripts.ts')).rootAfterScripts(context, top, {
        stack,
        before: target,
      })
    : target;
  const root = hasAdded ? await withFiles(installedRoot, request.add, time) : installedRoot;
  if (hasAdded) {
    const changes = difference(installedRoot.tree, root.tree);
    layers.push(filesLayer(await layerOfChanges(context, changes, generated)));
  }
  const setUp = {
    options: request.config,
    prefix: request.prefix,
    path: searchPath(distro.install.environment.path, request.prefix),
    shells: distro.install.environment.shells,
    tree: root.tree,
  };
  const { entrypoint = [], cmd = [] } = commandOf(setUp);
  const checked = checkConfig({ ...setUp, root, pendingSteps, command: [...entrypoint, ...cmd] });
  const config = imageConfig({
    ...setUp,
    platform,
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
      [ANNOTATIONS.distro]: `${distro.id} ${resolution.system.release}`,
      ...request.config.annotations,
    },
  });
  const toImageBlob = ({ blob }: DescribedLayer): ImageBlob => ({
    digest: blob.digest,
    sizeBytes: blob.sizeBytes,
    content: context.remote ? context.store.pathOf(blob.digest) : context.store.get(blob.digest),
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
    pendingSteps,
    ...checked,
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
  const names = layer.packages.map(({ facts }) => versionedName(facts));
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
      ...derivedAnnotation(blob),
    },
    createdBy: `compose: ${layer.kind} ${names.join(' ')}`,
    report: reportOf(blob, layer.kind, names),
  };
}

/** Makes the install layer. `packages` are those whose files are in it too, if it is the only layer. */
function installLayer(
  blob: LayerBlob,
  packages: readonly InstalledPackage[],
  origin: (installed: InstalledPackage) => PackageOrigin,
): DescribedLayer {
  const purls = packages.map((member) => packageUrl(origin(member))).join(' ');
  return {
    blob,
    annotations: {
      ...(purls === '' ? {} : { [ANNOTATIONS.purl]: purls }),
      [ANNOTATIONS.kind]: 'install',
      ...derivedAnnotation(blob),
    },
    createdBy: 'compose: install layer',
    report: reportOf(
      blob,
      'install',
      packages.map(({ facts }) => versionedName(facts)),
    ),
  };
}

/** Adds files of this machine to the root that a container starts with. */
async function withFiles(
  { tree, read }: FinishedRoot,
  added: readonly AddedPath[],
  time: number,
): Promise<FinishedRoot> {
  const { withAddedFiles } = await import('./added-files.ts');
  return { tree: await withAddedFiles(tree, added, time), read };
}

/** Makes the layer of added files. */
function filesLayer(blob: LayerBlob): DescribedLayer {
  return {
    blob,
    annotations: { [ANNOTATIONS.kind]: 'files', ...derivedAnnotation(blob) },
    createdBy: 'compose: added files',
    report: reportOf(blob, 'files', []),
  };
}

function reportOf(blob: LayerBlob, kind: LayerReport['kind'], packages: readonly string[]): LayerReport {
  const { digest, diffId, mediaType, sizeBytes, derivation = '' } = blob;
  return { digest, diffId, mediaType, sizeBytes, packages, kind, derived: derivation };
}

function derivedAnnotation({ derivation }: LayerBlob): Readonly<Record<string, string>> {
  return derivation === undefined ? {} : { [ANNOTATIONS.derived]: derivation };
}

function originOf(resolution: Resolution, entry: CatalogPackage): PackageOrigin {
  return {
    distro: resolution.sources.distro.id,
    release: resolution.system.release,
    name: entry.name,
    version: entry.version,
    architecture: entry.architecture,
  };
}

/** Returns the image's PATH, folders below the prefix first. */
function searchPath(path: string, prefix: string): string {
  if (prefix === '') return path;
  const folders = path.split(':');
  return [...folders.map((folder) => `/${prefix}${folder}`), ...folders].join(':');
}

function newestBuild(resolution: Resolution): number {
  return resolution.packages.reduce((newest, solved) => Math.max(newest, solved.package.buildTime), 0);
}
