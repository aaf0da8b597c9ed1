import { statSync } from 'node:fs';
import { AppError, isAppError } from '../model/app-error.ts';
import type { ImageSource } from '../output/image-source.ts';
import { openImage } from '../output/open-image.ts';
import { parseTag } from '../output/tag.ts';

export interface ImageArgument {
  /** A tar or a folder; `PATH#NAME`: the image of that name or digest in it */
  readonly image: string;
  /** `linux/arm64`; empty: the only one there is */
  readonly platform: string;
}

/**
 * Opens what a command names as an image.
 * @throws AppError as openImage; UNSUPPORTED for the name of an image in a registry
 */
export async function openImageArgument({ image, platform }: ImageArgument): Promise<ImageSource> {
  const at = image.lastIndexOf('#');
  const split = !isThere(image) && at > 0 && isThere(image.slice(0, at));
  const path = split ? image.slice(0, at) : image;
  if (!split && !isThere(path) && isReference(path)) {
    throw new AppError(
      'UNSUPPORTED',
      `${image}: no such file or folder; an image is read from a tar or an OCI layout folder, not from a registry or an engine`,
      {
        hint: `Get it first: skopeo copy docker://${image.replace(/^[a-z-]+:\/\//, '')} oci:DIR, or docker save -o FILE.tar.`,
        details: { image },
      },
    );
  }
  return openImage(path, {
    ...(split ? { ref: image.slice(at + 1) } : {}),
    ...(platform === '' ? {} : { platform }),
  });
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
  if (/^[a-z][a-z-]*:\/\//.test(text)) return true;
  if (/\.(?:tar|tgz|gz|zst)$/.test(text)) return false;
  try {
    parseTag(text.replace(/@sha256:[0-9a-f]{64}$/, ''));
  } catch (error) {
    if (isAppError(error, 'USAGE')) return false;
    throw error;
  }
  return /[:@]|^[^/]*\.[^/]*\//.test(text);
}
