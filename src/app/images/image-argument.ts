import { statSync } from 'node:fs';
import { AppError, isAppError } from '../../model/app-error.ts';
import type { Digest } from '../../model/digest.ts';
import { fullName, parseReference, type Reference } from '../../model/reference.ts';
import type { RegistryAccess } from '../../model/registry.ts';
import type { ContentReader } from '../../output/image-content.ts';
import type { ImageChoice, ImageSource } from '../../output/image-source.ts';
import { type LocalContent, openContent, openImage } from '../../output/open-image.ts';
import type { RegistrySession } from '../../registry/types.ts';
import type { FileBlobStore } from '../../store/blob-store.ts';
import type { RegistryContext } from '../registries/sessions.ts';

/** An image that a command names. */
export interface ImageArgument {
  /** A tar or a folder; `PATH#NAME`: the image with that name or digest in it; anything else: a reference in a registry */
  readonly image: string;
  /** `linux/arm64`; empty: the only one */
  readonly platform: string;
}

/** Context for reading images. */
export interface ImageArgumentContext extends RegistryContext {
  /** Store for layers of a registry's image; without it they are read from the registry each time */
  readonly store?: FileBlobStore;
}

type Place =
  | { readonly path: string; readonly choice: ImageChoice }
  | {
      readonly reference: Reference /** What the user wrote, where it may have been meant as a file */;
      readonly bare: string | undefined;
    };

/**
 * Runs `work` on the image that a command names, and again if a cached layer of a registry's image turned out to be damaged.
 * @throws AppError as openImage and openRegistryContent
 */
export async function withImageArgument<T>(
  context: ImageArgumentContext,
  argument: ImageArgument & { readonly access?: RegistryAccess },
  work: (source: ImageSource) => Promise<T>,
): Promise<T> {
  const place = placeOf(argument);
  if ('path' in place) return work(await openImage(place.path, place.choice));
  const { withRegistries } = await import('../registries/sessions.ts');
  const { openRegistryImage } = await import('./registry-image.ts');
  const { withIntactBlobs: withSoundBlobs } = await import('../cache/intact-blobs.ts');
  const { platform } = argument;
  const { progress, store } = context;
  const run = (): Promise<T> =>
    withRegistries(context, argument, async (session) =>
      work(
        await noting(place.bare, () =>
          openRegistryImage(session, { reference: place.reference, platform, store }),
        ),
      ),
    );
  return store === undefined ? run() : withSoundBlobs({ progress, store }, run);
}

/** An image, or an index of images, and its place. */
export type ContentArgument =
  | { readonly content: LocalContent; readonly reference: undefined }
  | { readonly content: ContentReader; readonly reference: Reference };

/** Returns the address of a manifest by digest: `registry.example/a:1@sha256:…`, `PATH#sha256:…`. */
export function addressOf({ content, reference }: ContentArgument, digest: Digest): string {
  return reference === undefined ? content.address(digest) : fullName({ ...reference, digest });
}

/**
 * Opens an image, or an index of several images, that a command names.
 * @throws AppError as openContent and openRegistryContent
 */
export async function openContentArgument(
  session: RegistrySession,
  argument: ImageArgument,
): Promise<ContentArgument> {
  const place = placeOf(argument);
  if ('path' in place) return { content: await openContent(place.path, place.choice), reference: undefined };
  const { openRegistryContent } = await import('./registry-content.ts');
  const { reference, bare } = place;
  return { content: await noting(bare, () => openRegistryContent(session, reference)), reference };
}

/** Tells whether a command's argument is a file or folder, rather than a name in a registry. */
export function isPath(text: string): boolean {
  return exists(text) || looksLikePath(text);
}

function placeOf({ image, platform }: ImageArgument): Place {
  const hash = image.lastIndexOf('#');
  const split = !exists(image) && hash > 0 && exists(image.slice(0, hash));
  const path = split ? image.slice(0, hash) : image;
  const reference = split || isPath(path) ? undefined : referenceOf(path);
  if (reference !== undefined) return { reference, bare: /[:@]/.test(path) ? undefined : path };
  return {
    path,
    choice: {
      ...(split ? { ref: image.slice(hash + 1) } : {}),
      ...(platform === '' ? {} : { platform }),
    },
  };
}

/** Adds to an error how a name without tag or domain was interpreted, since it may have been meant as a file. */
async function noting<T>(bare: string | undefined, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (bare === undefined || !isAppError(error)) throw error;
    const taken = `No file or folder ${JSON.stringify(bare)} exists, so it was looked up as ${fullName(parseReference(bare))}.`;
    throw new AppError(error.code, error.message, {
      cause: error,
      hint: error.hint === undefined ? taken : `${taken} ${error.hint}`,
      ...(error.details === undefined ? {} : { details: error.details }),
    });
  }
}

function exists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // It exists but is not readable: opening it reports why.
    return true;
  }
}

/** Tells whether a text has the form of a path, whether or not the file exists: `./a`, `/a`, `~/a`, `a/`, `a.tar`. */
function looksLikePath(text: string): boolean {
  return /^(?:\.{0,2}\/|~)|\/$|^\.{1,2}$|\.(?:tar|tgz|gz|zst)$/.test(text);
}

/** Returns undefined for a text that cannot be a reference, which is then taken for a missing file. */
function referenceOf(text: string): Reference | undefined {
  try {
    return parseReference(text.replace(/^docker:\/\//, ''));
  } catch (error) {
    if (isAppError(error, 'USAGE') && !text.startsWith('docker://')) return undefined;
    throw error;
  }
}
