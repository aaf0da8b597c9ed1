import { statSync } from 'node:fs';
import { isAppError } from '../model/app-error.ts';
import { parseReference, type Reference, type Repository } from '../model/reference.ts';
import type { RegistryAccess } from '../model/registry.ts';
import type { ContentReader } from '../output/image-content.ts';
import type { ImageChoice, ImageSource } from '../output/image-source.ts';
import { openContent, openImage } from '../output/open-image.ts';
import type { RegistrySession } from '../registry/session.ts';
import type { FileBlobStore } from '../store/blob-store.ts';
import type { RegistryContext } from './registry-access.ts';

export interface ImageArgument {
  /** A tar or a folder; `PATH#NAME`: the image of that name or digest in it; else the reference of one in a registry */
  readonly image: string;
  /** `linux/arm64`; empty: the only one there is */
  readonly platform: string;
}

export interface ImageArgumentContext extends RegistryContext {
  /** Where layers of a registry's image are kept; without it they are read from there each time */
  readonly store?: FileBlobStore;
}

type Place = { readonly path: string; readonly choice: ImageChoice } | { readonly reference: Reference };

/**
 * Runs `work` on what a command names as an image.
 * @throws AppError as openImage and openRegistryContent
 */
export async function withImageArgument<T>(
  context: ImageArgumentContext,
  argument: ImageArgument & { readonly access?: RegistryAccess },
  work: (source: ImageSource) => Promise<T>,
): Promise<T> {
  const place = placeOf(argument);
  if ('path' in place) return work(await openImage(place.path, place.choice));
  const { withRegistries } = await import('./registry-access.ts');
  const { openRegistryImage } = await import('./registry-image.ts');
  return withRegistries(context, argument, async (session) =>
    work(await openRegistryImage(session, { ...place, platform: argument.platform, store: context.store })),
  );
}

/** What a command names as an image, or as an index of several where no platform is asked for. */
export async function openContentArgument(
  session: RegistrySession,
  argument: ImageArgument,
): Promise<{ readonly content: ContentReader /** Of a registry */; readonly repository?: Repository }> {
  const place = placeOf(argument);
  if ('path' in place) return { content: await openContent(place.path, place.choice) };
  const { openRegistryContent } = await import('./registry-content.ts');
  const { reference } = place;
  return { content: await openRegistryContent(session, reference), repository: reference };
}

function placeOf({ image, platform }: ImageArgument): Place {
  const at = image.lastIndexOf('#');
  const split = !isThere(image) && at > 0 && isThere(image.slice(0, at));
  const path = split ? image.slice(0, at) : image;
  if (!split && !isThere(path) && isReference(path)) {
    return { reference: parseReference(path.replace(/^docker:\/\//, '')) };
  }
  return {
    path,
    choice: {
      ...(split ? { ref: image.slice(at + 1) } : {}),
      ...(platform === '' ? {} : { platform }),
    },
  };
}

function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // There but not readable: opening it says why.
    return true;
  }
}

/** `docker://a`, `registry.example/a`, `a:tag`; not the name of a file that happens to be missing. */
function isReference(text: string): boolean {
  if (text.startsWith('docker://')) return true;
  if (/\.(?:tar|tgz|gz|zst)$/.test(text)) return false;
  try {
    parseReference(text);
  } catch (error) {
    if (isAppError(error, 'USAGE')) return false;
    throw error;
  }
  return /[:@]|^[^/]*\.[^/]*\//.test(text);
}
