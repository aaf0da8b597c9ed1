import { AppError, isAppError } from '../model/app-error.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { Digest } from '../model/digest.ts';
import { MEDIA_TYPES } from '../model/media-types.ts';
import { parsePlatform, platformRank, platformText } from '../model/platform.ts';
import { CONTAINERD_NAME, REF_NAME } from './image.ts';
import type { ImageChoice } from './image-source.ts';
import { parseTag } from './tag.ts';

/** Number of images that a message lists. */
const MAX_NAMED = 20;
const MANIFEST_TYPES: readonly string[] = [
  MEDIA_TYPES.manifest,
  'application/vnd.docker.distribution.manifest.v2+json',
];
const INDEX_TYPES: readonly string[] = [
  MEDIA_TYPES.index,
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
/** BuildKit's annotation for a manifest that describes an image and is not an image itself. */
const REFERENCE_TYPE = 'vnd.docker.reference.type';
const UNKNOWN = 'unknown/unknown';

/** Returns the annotations that name an image or mark an attestation; those of an index apply to all that is in it. */
export function nameAnnotations({ annotations = {} }: Descriptor): Readonly<Record<string, string>> {
  const names = [CONTAINERD_NAME, REF_NAME, REFERENCE_TYPE].filter((name) =>
    Object.hasOwn(annotations, name),
  );
  return Object.fromEntries(names.map((name) => [name, annotations[name] ?? '']));
}

/** Returns the names that a descriptor gives its image. */
export function namesOf({ annotations = {} }: Descriptor): readonly string[] {
  const name = annotations[CONTAINERD_NAME] ?? annotations[REF_NAME];
  return name === undefined ? [] : [name];
}

/** Tells whether a descriptor is of an index: OCI's, or Docker's manifest list. */
export function isIndex({ mediaType }: Descriptor): boolean {
  return INDEX_TYPES.includes(mediaType);
}

/** A file, folder or repository that holds images. */
export interface ImagePlace {
  /** Name that the user gave, for messages */
  readonly name: string;
  /** Returns the argument that names one of its images on the command line. */
  address(digest: Digest): string;
}

/** Tells whether a descriptor is of an image manifest, OCI's or Docker's. */
export function isManifest({ mediaType }: Descriptor): boolean {
  return MANIFEST_TYPES.includes(mediaType);
}

/** Chooses one image by name, digest and platform. @throws AppError USAGE listing the candidates, UNSUPPORTED */
export function chooseImage(
  descriptors: readonly Descriptor[],
  choice: ImageChoice,
  place: ImagePlace,
): Descriptor {
  const chosen = chooseDescriptor(descriptors, choice, place);
  if (isManifest(chosen)) return chosen;
  throw new AppError(
    'UNSUPPORTED',
    `${place.name}: expected ${MEDIA_TYPES.manifest}, got ${chosen.mediaType}`,
  );
}

/** Chooses one descriptor, which may be of an index. @throws AppError USAGE listing the candidates */
export function chooseDescriptor(
  descriptors: readonly Descriptor[],
  { ref, platform }: ImageChoice,
  place: ImagePlace,
): Descriptor {
  const images = descriptors.filter((descriptor) => !isAttestation(descriptor));
  const named = images.filter((image) => ref === undefined || isCalled(image, ref));
  const fits = platform === undefined ? named : bestFor(named, platform);
  const [first] = fits;
  if (first !== undefined && fits.every(({ digest }) => digest === first.digest)) return first;
  const asked = [ref, platform].filter((word) => word !== undefined).join(' for ');
  const shown = (first === undefined ? images : fits).slice(0, MAX_NAMED);
  throw new AppError(
    'USAGE',
    `${place.name}: ${first === undefined ? 'no such image' : 'more than one image'}${asked === '' ? '' : ` ${asked}`}; it holds: ${
      shown.map(labelOf).join(', ') || 'none'
    }`,
    { ...hintFor(shown, place), details: { images: images.map(labelOf) } },
  );
}

/** Returns the images that fit the platform best; several if only their versions, or nothing, distinguishes them. */
function bestFor(images: readonly Descriptor[], platform: string): readonly Descriptor[] {
  const wanted = parsePlatform(platform);
  let best = Number.POSITIVE_INFINITY;
  let fits: Descriptor[] = [];
  for (const image of images) {
    const rank = image.platform === undefined ? Number.MAX_VALUE : platformRank(image.platform, wanted);
    if (rank === undefined || rank > best) continue;
    if (rank < best) fits = [];
    best = rank;
    fits.push(image);
  }
  return fits;
}

function hintFor(images: readonly Descriptor[], place: ImagePlace): { readonly hint?: string } {
  const [first] = images;
  if (first === undefined) return {};
  const platforms = new Set(images.map(({ platform }) => platform && platformText(platform)));
  const [platform] = platforms;
  const byDigest = `choose one by its digest: ${place.address(first.digest)}`;
  if (platform === undefined || platforms.size < images.length) return { hint: sentence(byDigest) };
  const word = platform.includes('(') ? `'${platform}'` : platform;
  return { hint: `Choose one with --platform ${word}, or by its digest: ${place.address(first.digest)}` };
}

/**
 * Recognises BuildKit's attestations, which no client takes for images. With a platform it is an image, whatever its annotations
 * say.
 */
function isAttestation({ annotations = {}, platform }: Descriptor): boolean {
  return (
    annotations[REFERENCE_TYPE] !== undefined && platform !== undefined && platformText(platform) === UNKNOWN
  );
}

const sentence = (text: string): string => text[0]!.toUpperCase() + text.slice(1);

function labelOf(image: Descriptor): string {
  const name = namesOf(image)[0] ?? image.digest;
  return image.platform === undefined ? name : `${name} (${platformText(image.platform)})`;
}

function isCalled({ digest, annotations = {} }: Descriptor, ref: string): boolean {
  return (
    digest === ref || sameName(annotations[REF_NAME], ref) || sameName(annotations[CONTAINERD_NAME], ref)
  );
}

/** Tells whether two image names mean the same: `a`, `a:latest` and `docker.io/library/a:latest` do. */
export function sameName(name: string | undefined, ref: string): boolean {
  return name !== undefined && (name === ref || fullName(name) === fullName(ref));
}

function fullName(text: string): string {
  try {
    return parseTag(text).full;
  } catch (error) {
    if (isAppError(error, 'USAGE')) return text;
    throw error;
  }
}
