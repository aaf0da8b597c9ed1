import { AppError, isAppError } from '../model/app-error.ts';
import type { Descriptor, Platform } from '../model/descriptor.ts';
import { MEDIA_TYPES } from '../model/media-types.ts';
import { CONTAINERD_NAME, REF_NAME } from './image.ts';
import type { ImageChoice } from './image-source.ts';
import { parseTag } from './tag.ts';

/** Images that a message names. */
const MAX_NAMED = 20;
const MANIFEST_TYPES: readonly string[] = [
  MEDIA_TYPES.manifest,
  'application/vnd.docker.distribution.manifest.v2+json',
];
const INDEX_TYPES: readonly string[] = [
  MEDIA_TYPES.index,
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
/** BuildKit's: a manifest that is about an image, not one. */
const REFERENCE_TYPE = 'vnd.docker.reference.type';

export function namesOf({ annotations = {} }: Descriptor): readonly string[] {
  const name = annotations[CONTAINERD_NAME] ?? annotations[REF_NAME];
  return name === undefined ? [] : [name];
}

export function isIndex({ mediaType }: Descriptor): boolean {
  return INDEX_TYPES.includes(mediaType);
}

/** The one image that is meant. @throws AppError USAGE naming those that there are, UNSUPPORTED */
export function chooseImage(
  descriptors: readonly Descriptor[],
  choice: ImageChoice,
  path: string,
): Descriptor {
  const chosen = chooseDescriptor(descriptors, choice, path);
  if (MANIFEST_TYPES.includes(chosen.mediaType)) return chosen;
  throw new AppError('UNSUPPORTED', `${path}: expected ${MEDIA_TYPES.manifest}, got ${chosen.mediaType}`);
}

/** The same where an index of images may be meant. @throws AppError USAGE naming those that there are */
export function chooseDescriptor(
  descriptors: readonly Descriptor[],
  { ref, platform }: ImageChoice,
  path: string,
): Descriptor {
  const images = descriptors.filter(({ annotations = {} }) => annotations[REFERENCE_TYPE] === undefined);
  const named = images.filter(
    (image) =>
      (ref === undefined || isCalled(image, ref)) &&
      (platform === undefined || image.platform === undefined || fitsPlatform(image.platform, platform)),
  );
  const exact = named.filter((image) => image.platform && platformText(image.platform) === platform);
  const fits = exact.length > 0 ? exact : named;
  const [first] = fits;
  if (first === undefined || new Set(fits.map(({ digest }) => digest)).size > 1) {
    const asked = [ref, platform].filter((word) => word !== undefined).join(' for ');
    throw new AppError(
      'USAGE',
      `${path}: ${first === undefined ? 'no such image' : 'more than one image'}${asked === '' ? '' : ` ${asked}`}; it holds: ${
        images.slice(0, MAX_NAMED).map(labelOf).join(', ') || 'none'
      }`,
      { hint: `Name one: ${path}#NAME, or --platform OS/ARCH.`, details: { images: images.map(labelOf) } },
    );
  }
  return first;
}

/** Whether an image is for `wanted`; one that says no variant means any: `linux/arm64` is `linux/arm64/v8` too. */
export function fitsPlatform(platform: Platform, wanted: string): boolean {
  return `${platformText(platform)}/`.startsWith(`${wanted}/`);
}

/** `linux/arm/v7` */
export function platformText({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

function labelOf(image: Descriptor): string {
  const name = namesOf(image)[0] ?? image.digest;
  return image.platform === undefined ? name : `${name} (${platformText(image.platform)})`;
}

function isCalled({ digest, annotations = {} }: Descriptor, ref: string): boolean {
  return (
    digest === ref || sameName(annotations[REF_NAME], ref) || sameName(annotations[CONTAINERD_NAME], ref)
  );
}

/** `a`, `a:latest` and `docker.io/library/a:latest` are one name. */
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
