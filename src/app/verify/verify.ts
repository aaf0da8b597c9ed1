import { ANNOTATIONS } from '../../compose/annotations.ts';
import type { Distro } from '../../distros/distro.ts';
import { distroOf, familyIds } from '../../distros/families.ts';
import { architectureOf } from '../../distros/platforms.ts';
import { isAppError } from '../../model/app-error.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { append } from '../../model/lists.ts';
import type { DistroId } from '../../model/package.ts';
import type { RegistryAccess } from '../../model/registry.ts';
import type { SourceOptions } from '../../model/request.ts';
import type {
  LayerVerdict,
  VerifiedPackage,
  VerifyProblem,
  VerifyReport,
} from '../../model/verify-report.ts';
import type { ImageConfig } from '../../output/image-json.ts';
import type { ImageSource } from '../../output/image-source.ts';
import { RootfsBuilder } from '../../output/rootfs.ts';
import { throwIfCancelled } from '../../output/storage-error.ts';
import { expectEqual, type ReadLayer, readLayer } from '../../output/verify-layer.ts';
import { DamagedBlobError } from '../../store/blob-errors.ts';
import type { Context } from '../context.ts';
import { type ImageArgument, withImageArgument } from '../images/image-argument.ts';
import { type FamilyFiles, familyFiles } from '../images/image-packages.ts';
import { ArchiveVerifier } from './archive-verifier.ts';
import { judgeConfig } from './config-verdicts.ts';
import type { ArchiveVerifiers, ExaminedLayer } from './examined-layer.ts';
import { judgeLayers } from './layers.ts';
import { checkPackageLists } from './package-lists.ts';
import { problem, problemOf } from './problems.ts';

/** Request of `verify`. */
export interface VerifyRequest extends ImageArgument {
  /** Trust to verify with; distribution and architecture are the image's. */
  readonly trust: SourceOptions;
  /** Connection to the registry, if the image is in one */
  readonly access?: RegistryAccess;
}

/**
 * Verifies that all bytes of an image are its distribution's. Problems of all layers are in the report; only an image that cannot
 * be read at all is an error.
 * @throws AppError as withImageArgument; CANCELLED
 */
export function verify(context: Context, request: VerifyRequest): Promise<VerifyReport> {
  return withImageArgument(context, request, (source) => verifySource(context, request, source));
}

async function verifySource(
  context: Context,
  request: VerifyRequest,
  source: ImageSource,
): Promise<VerifyReport> {
  const { manifest, config, tags } = source;
  const verifiers = verifiersFor(context, request.trust, config);
  const problems: VerifyProblem[] = [];
  const builder = new RootfsBuilder();
  const examined: ExaminedLayer[] = [];
  const marks = await familyFiles();
  const named = familyIds().find((id) => manifest.annotations[ANNOTATIONS.distro]?.startsWith(`${id} `));
  let family = named === undefined ? undefined : await distroOf(named);
  const total = manifest.layers.reduce((sum, layer) => sum + layer.size, 0);
  const task = context.progress.task('verify layers', total, 'bytes');
  for (const [index, descriptor] of manifest.layers.entries()) {
    const read = await readInto(builder, { context, source, marks, index, descriptor, problems, task });
    const layer = { index, descriptor, read };
    // An image is of one distribution.
    family ??= read === undefined ? undefined : marks.familyOf(read.contents);
    examined.push({ ...layer, ...(await asArchive(source, verifiers, { ...layer, family })) });
  }
  task.done();
  const contents = examined.flatMap(({ read }) => [...(read?.contents ?? [])]);
  const listed = marks.packagesOf(new Map(contents));
  const { verdicts, files, facts } = await judgeLayers({
    examined,
    marks,
    named: listed,
    verifiers,
    problems,
  });
  if (problems.length === 0) {
    const rootfs = builder.result();
    append(problems, checkPackageLists({ named: listed, facts, files, verdicts, rootfs }));
  }
  if (problems.length === 0 && facts.length === 0) {
    problems.push(problem('SIGNATURE', 'no layer contains a package of a distribution'));
  }
  const packages = packagesOf(verdicts);
  const unverified = packages.filter(({ vouching }) => vouching.by === 'option').length;
  const unlisted = await source.unlistedFiles();
  return {
    image: request.image,
    tags,
    digest: source.manifestDigest ?? null,
    imageId: manifest.config.digest,
    platform: `${config.os}/${config.architecture}`,
    layers: verdicts,
    config: judgeConfig(config, family),
    packages: packages.length,
    unverifiedPackages: unverified,
    verified: problems.length === 0 && unverified === 0,
    problems,
    notes:
      unlisted.length === 0
        ? []
        : [
            `files that neither the layout nor a manifest lists: ${unlisted.length}, the first: ${unlisted[0]}`,
          ],
  };
}

/** Returns the packages that the layers are made of, each once. */
function packagesOf(verdicts: readonly LayerVerdict[]): readonly VerifiedPackage[] {
  const all = verdicts.filter(({ kind }) => kind !== 'refused').flatMap(({ packages }) => packages);
  return [
    ...new Map(all.map((entry) => [`${entry.name} ${entry.version} ${entry.architecture}`, entry])).values(),
  ];
}

interface Reading {
  readonly context: Context;
  readonly source: ImageSource;
  readonly marks: FamilyFiles;
  readonly index: number;
  readonly descriptor: Descriptor;
  readonly problems: VerifyProblem[];
  readonly task: { advance(bytes: number): void };
}

async function readInto(builder: RootfsBuilder, reading: Reading): Promise<ReadLayer | undefined> {
  const { context, source, marks, index, descriptor, problems, task } = reading;
  try {
    const advance = (bytes: number) => {
      throwIfCancelled(context.signal);
      task.advance(bytes);
    };
    const read = await readLayer(source, descriptor, { index, advance, keep: marks.isKept });
    const diffId = source.config.diffIds[index];
    expectEqual(`diffID of layer ${index} (${descriptor.digest})`, diffId, read.layer.diffId);
    builder.apply(read.entries);
    return read;
  } catch (error) {
    // The image is not to blame for damage in the cache: the blob is fetched again.
    if (!isAppError(error) || error.code === 'CANCELLED' || error instanceof DamagedBlobError) throw error;
    problems.push(problemOf(error, index));
    return undefined;
  }
}

async function asArchive(
  source: ImageSource,
  verifiers: ArchiveVerifiers,
  layer: Pick<ExaminedLayer, 'index' | 'descriptor' | 'read'> & { readonly family: Distro | undefined },
): Promise<Pick<ExaminedLayer, 'archive' | 'refusal'>> {
  const { index, descriptor, read, family } = layer;
  const metadata = family?.archives.metadata;
  const content = metadata === undefined ? undefined : read?.contents.get(metadata.member);
  if (family === undefined || metadata === undefined || read === undefined || content === undefined) {
    return { archive: undefined, refusal: undefined };
  }
  const { digest } = descriptor;
  const verifier = await verifiers(family.id);
  try {
    const { name, version } = metadata.read(content, `layer ${index}`);
    const where = `layer ${index} (${digest}, ${name}-${version})`;
    const open = () => source.blob(digest);
    const archive = await verifier.archive({ digest, name, version, where, entries: read.entries, open });
    return { archive, refusal: undefined };
  } catch (error) {
    if (!isAppError(error) || error.code === 'CANCELLED') throw error;
    return { archive: undefined, refusal: error };
  }
}

/** Opens verifiers for the image's own architecture, which decides what keys are pinned. */
function verifiersFor(context: Context, trust: SourceOptions, config: ImageConfig): ArchiveVerifiers {
  const known = new Map<DistroId, Promise<ArchiveVerifier>>();
  const open = async (id: DistroId) => {
    const architecture = await wordFor(id, config);
    return ArchiveVerifier.open(context, { ...trust, distro: id, architecture });
  };
  return (id) => {
    const verifier = known.get(id) ?? open(id);
    known.set(id, verifier);
    return verifier;
  };
}

/** Returns the distribution's name of the image's architecture; empty, which means this machine's, if it has none. */
async function wordFor(id: DistroId, { architecture, json }: ImageConfig): Promise<string> {
  const distro = await distroOf(id);
  const variant = typeof json.variant === 'string' ? `/${json.variant}` : '';
  for (const word of [`${architecture}${variant}`, architecture]) {
    if (distro.architectures.words[word] !== undefined) return architectureOf(distro, word);
  }
  return '';
}
