import { ANNOTATIONS } from '../../compose/annotations.ts';
import { isAppError } from '../../model/app-error.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type {
  ConfigDifference,
  DiffLayer,
  DiffReport,
  ImageSummary,
  PackageDifference,
} from '../../model/diff-report.ts';
import type { Digest } from '../../model/digest.ts';
import type { RegistryAccess } from '../../model/registry.ts';
import type { ImageSource } from '../../output/image-source.ts';
import { RootfsBuilder } from '../../output/rootfs.ts';
import type { RootfsNode } from '../../output/rootfs-node.ts';
import { throwIfCancelled } from '../../output/storage-error.ts';
import { expectBlob, expectEqual, type ReadLayer, readLayer } from '../../output/verify-layer.ts';
import { withImageArgument } from '../images/image-argument.ts';
import { type FamilyFiles, familyFiles, packagesOfPurls } from '../images/image-packages.ts';
import type { RegistryContext } from '../registries/sessions.ts';
import { diffConfig, diffDescriptors } from './diff-config.ts';
import { diffFiles } from './diff-files.ts';

/** Request of `diff`. */
export interface DiffRequest {
  /** As ImageArgument.image */
  readonly a: string;
  readonly b: string;
  /** As ImageArgument.platform, for both images */
  readonly platform: string;
  /** Connections to registries, if the images are in any */
  readonly access?: RegistryAccess;
}

interface DiffOptions extends Omit<RegistryContext, 'env'> {
  readonly marks: FamilyFiles;
}

/**
 * Reports how two images differ. Both are read in full and checked: digests, sizes, diffIDs.
 * @throws AppError as withImageArgument and readLayer; CANCELLED
 */
export function diff(context: RegistryContext, request: DiffRequest): Promise<DiffReport> {
  return withImageArgument(context, { ...request, image: request.a }, (sourceA) =>
    withImageArgument(context, { ...request, image: request.b }, (sourceB) =>
      familyFiles().then((marks) => diffSources(request, [sourceA, sourceB], { ...context, marks })),
    ),
  );
}

async function diffSources(
  request: DiffRequest,
  [sourceA, sourceB]: readonly [ImageSource, ImageSource],
  options: DiffOptions,
): Promise<DiffReport> {
  const inB = new Set(sourceB.manifest.layers.map(({ digest }) => digest));
  const common = new Map<Digest, KnownLayer>(
    sourceA.manifest.layers.filter(({ digest }) => inB.has(digest)).map(({ digest }) => [digest, {}]),
  );
  const a = await readImage(sourceA, common, options);
  const b = await readImage(sourceB, common, options);
  const packages = diffPackages(a.packages, b.packages);
  const layers = diffLayers(sourceA.manifest.layers, sourceB.manifest.layers);
  const files = diffFiles(a.rootfs, b.rootfs);
  const settings = diffConfig(sourceA, sourceB);
  const lists = [packages, layers.onlyA, layers.onlyB, files, settings];
  const sameContents = lists.every(({ length }) => length === 0) && !layers.reordered;
  const sameLayers = layers.onlyA.length + layers.onlyB.length === 0 && !layers.reordered;
  const config = [
    ...(sameContents ? diffManifests(sourceA, sourceB) : settings),
    ...(sameLayers ? diffDescriptors(sourceA, sourceB) : []),
  ];
  return {
    a: summaryOf(request.a, sourceA, a),
    b: summaryOf(request.b, sourceB, b),
    equal: sameContents && config.length === 0,
    packages,
    layers,
    files,
    config,
  };
}

/** Compares the manifests of images with the same contents. */
function diffManifests(a: ImageSource, b: ImageSource): readonly ConfigDifference[] {
  const [from, to] = [a, b].map(({ manifestDigest, manifest }) => manifestDigest ?? manifest.config.digest);
  return from === to ? [] : [{ key: 'manifest', from: from ?? null, to: to ?? null }];
}

interface Contents {
  /** Versions by name */
  readonly packages: ReadonlyMap<string, string>;
  readonly rootfs: RootfsNode;
}

/** A layer of both images, as it was read first. */
interface KnownLayer {
  read?: ReadLayer;
  /** Images whose own copy of the layer was hashed */
  readonly from?: readonly ImageSource[];
}

/** Reads an image. @param common layers of both images, read with the first; of the second, only the bytes are checked */
async function readImage(
  source: ImageSource,
  common: Map<Digest, KnownLayer>,
  { progress, signal, marks }: DiffOptions,
): Promise<Contents> {
  const builder = new RootfsBuilder();
  const contents: ReadLayer['contents'][] = [];
  const { layers: descriptors } = source.manifest;
  const task = progress.task(
    'read layers',
    descriptors.reduce((sum, { size }) => sum + size, 0),
    'bytes',
  );
  for (const [index, descriptor] of descriptors.entries()) {
    const known = common.get(descriptor.digest);
    const where = `layer ${index} (${descriptor.digest})`;
    const advance = (bytes: number) => {
      throwIfCancelled(signal);
      task.advance(bytes);
    };
    if (known?.read !== undefined && known.from?.includes(source) !== true) {
      await expectBlob(source, descriptor, { where, advance });
    }
    const read = known?.read ?? (await readLayer(source, descriptor, { index, advance, keep: marks.isKept }));
    if (known !== undefined) common.set(descriptor.digest, { read, from: [...(known.from ?? []), source] });
    expectEqual(
      `diffID of layer ${index} (${descriptor.digest})`,
      source.config.diffIds[index],
      read.layer.diffId,
    );
    builder.apply(read.entries);
    contents.push(read.contents);
  }
  task.done();
  return { packages: packagesIn(contents, descriptors, marks), rootfs: builder.result() };
}

/** Returns the packages that the layers' annotations, the layers as archives, and the image's own lists name. */
function packagesIn(
  layers: readonly ReadLayer['contents'][],
  descriptors: readonly Descriptor[],
  marks: FamilyFiles,
): ReadonlyMap<string, string> {
  const versions = new Map<string, string>();
  const contents = new Map(layers.flatMap((layer) => [...layer]));
  const named = [
    ...descriptors.flatMap(({ annotations = {} }) => packagesOfPurls(annotations[ANNOTATIONS.purl] ?? '')),
    ...layers.flatMap((layer) => packageOf(layer, marks)),
    ...marks.packagesOf(contents),
  ];
  // A purl's name is in lower case, even if the package's is not.
  const spelling = new Map(named.map(({ name }) => [name.toLowerCase(), name]));
  for (const { name, version } of named) versions.set(spelling.get(name.toLowerCase()) ?? name, version);
  return versions;
}

function packageOf(
  contents: ReadLayer['contents'],
  marks: FamilyFiles,
): readonly { name: string; version: string }[] {
  const metadata = marks.familyOf(contents)?.archives.metadata;
  const content = metadata === undefined ? undefined : contents.get(metadata.member);
  if (metadata === undefined || content === undefined) return [];
  try {
    return [metadata.read(content, metadata.member)];
  } catch (error) {
    if (isAppError(error)) return [];
    throw error;
  }
}

function diffPackages(a: Contents['packages'], b: Contents['packages']): readonly PackageDifference[] {
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((name) => a.get(name) !== b.get(name))
    .sort()
    .map((name) => ({ name, from: a.get(name) ?? null, to: b.get(name) ?? null }));
}

function diffLayers(a: readonly Descriptor[], b: readonly Descriptor[]): DiffReport['layers'] {
  const [inA, inB] = [new Set(a.map(({ digest }) => digest)), new Set(b.map(({ digest }) => digest))];
  const sharedA = a.filter(({ digest }) => inB.has(digest));
  const sharedB = b.filter(({ digest }) => inA.has(digest));
  const onlyB = b.filter(({ digest }) => !inA.has(digest));
  const fetched = new Map(onlyB.map(({ digest, size }) => [digest, size]));
  return {
    shared: sharedB.map(layerOf),
    onlyA: a.filter(({ digest }) => !inB.has(digest)).map(layerOf),
    onlyB: onlyB.map(layerOf),
    reordered: digestsOf(sharedA) !== digestsOf(sharedB),
    fetchBytes: [...fetched.values()].reduce((sum, size) => sum + size, 0),
  };
}

const digestsOf = (layers: readonly Descriptor[]): string => layers.map(({ digest }) => digest).join();

function layerOf({ digest, size, annotations = {} }: Descriptor): DiffLayer {
  const named = packagesOfPurls(annotations[ANNOTATIONS.purl] ?? '');
  const [first] = named;
  const name = annotations[ANNOTATIONS.name] ?? first?.name;
  const holds =
    first === undefined
      ? (annotations[ANNOTATIONS.kind] ?? '')
      : named.length === 1
        ? `${name}-${first.version}`
        : `${annotations[ANNOTATIONS.kind] ?? 'layer'} of ${named.length} packages`;
  return { digest, sizeBytes: size, holds };
}

function summaryOf(
  image: string,
  { manifestDigest, manifest, config }: ImageSource,
  contents: Contents,
): ImageSummary {
  return {
    image,
    digest: manifestDigest ?? null,
    imageId: manifest.config.digest,
    platform: `${config.os}/${config.architecture}`,
    packages: contents.packages.size,
    layers: manifest.layers.length,
    files: contents.rootfs.size,
    sizeBytes: manifest.layers.reduce((sum, { size }) => sum + size, 0),
  };
}
