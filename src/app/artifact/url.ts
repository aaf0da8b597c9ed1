import { AppError } from '../../model/app-error.ts';
import { parseReference, type Reference } from '../../model/reference.ts';

/** A location of `artifact fetch`. */
export interface ArtifactLocation {
  readonly reference: Reference;
  /** Title of the file; undefined if not given */
  readonly file: string | undefined;
}

const SCHEME = /^oras:\/\//i;

/**
 * Parses `oras://REG/NAME:TAG/FILE`, with `@sha256:…` in place of the tag or after it, and with or without file and scheme. The
 * file's name begins after the first segment of the path that has a tag or a digest.
 * @throws AppError USAGE
 */
export function parseArtifactLocation(text: string): ArtifactLocation {
  const rest = text.replace(SCHEME, '');
  const parts = rest.split('/');
  if (parts.length > 1 && parts[0]?.includes('@')) {
    throw new AppError(
      'USAGE',
      'user name and password in the URL of an artifact: expected oras://REG/NAME:TAG/FILE',
      {
        hint: 'Store them with: compose login REG',
      },
    );
  }
  // The registry's colon is followed by its port.
  const end = parts.findIndex((part, index) => (index > 0 || parts.length === 1) && /[:@]/.test(part));
  const last = end < 0 ? parts.length - 1 : end;
  const file = parts.slice(last + 1).join('/');
  return {
    reference: parseReference(parts.slice(0, last + 1).join('/')),
    file: file === '' ? undefined : file,
  };
}
