import { AppError } from '../model/app-error.ts';
import { familiarName, fullName, parseReference } from '../model/reference.ts';

/** An image name with its tag, in the two spellings that engines use. */
export interface ImageTag {
  /** Short form that people write: `pkgcompose/gcc:latest`, `registry.example/me/gcc:1` */
  readonly familiar: string;
  /** Full form with registry and namespace: `docker.io/pkgcompose/gcc:latest` */
  readonly full: string;
}

/**
 * Parses a name for an image: with a tag (by default `latest`), without a digest.
 * @throws AppError USAGE if an engine would refuse the name
 */
export function parseTag(text: string): ImageTag {
  const reference = parseReference(text);
  if (reference.digest !== undefined) {
    throw new AppError('USAGE', `not an image name: ${JSON.stringify(text)}: a digest cannot be a tag`, {
      hint: 'Leave out @sha256:….',
      details: { tag: text },
    });
  }
  return { familiar: familiarName(reference), full: fullName(reference) };
}
