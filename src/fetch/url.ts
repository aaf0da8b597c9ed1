import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../model/app-error.ts';

const scheme = /^([a-z][a-z0-9+.-]*):\/\//i;

/** True for a plain path (relative or absolute) and for `file:` URLs. */
export function isLocal(location: string): boolean {
  const found = scheme.exec(location);
  return found === null || found[1]?.toLowerCase() === 'file';
}

/**
 * The path of a local location: `file:` URLs are percent-decoded (RFC 8089), plain paths are taken as they are.
 * @throws AppError USAGE for a `file:` URL that names another host or is not absolute
 */
export function localPath(location: string): string {
  if (!/^file:\//i.test(location)) return location;
  try {
    const url = new URL(location);
    url.search = '';
    url.hash = '';
    return fileURLToPath(url);
  } catch (cause) {
    throw new AppError('USAGE', `Not a usable file URL: ${location}`, {
      hint: 'Write file:///absolute/path, or the plain path.',
      cause,
    });
  }
}

/**
 * `name` (one or more segments, `x86_64/1:foo+bar-1.0-1-any.pkg.tar.zst`) below `base`.
 *
 * In URLs every segment is percent-encoded but for what RFC 3986 section 3.3 allows in one (pchar), so `:` and `+`
 * stay as mirrors serve them; the base's own path is kept as written, its query and fragment are left out. Under a plain
 * path nothing is encoded.
 * @throws AppError BAD_INDEX when the name is absolute, empty, or has `.`, `..`, empty segments or NUL: names come from indexes,
 * and must not lead out of the repository
 */
export function joinUrl(base: string, name: string): string {
  const segments = name.split('/');
  const refused = segments.some((part) => part === '' || part === '.' || part === '..');
  if (refused || name.includes('\0') || !name.isWellFormed()) {
    throw new AppError(
      'BAD_INDEX',
      `The file name ${JSON.stringify(name)} below ${redactUrl(base)} is not one that a repository may use: ` +
        'expected a relative path without empty, "." or ".." parts',
      { details: { base: redactUrl(base), name } },
    );
  }
  if (!scheme.test(base) && !/^file:\//i.test(base)) return join(base, name);
  return `${base.replace(/[?#].*$/s, '').replace(/\/+$/, '')}/${segments.map(encodeSegment).join('/')}`;
}

function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(/%(?:24|26|2B|2C|3A|3B|3D|40)/g, decodeURIComponent);
}

/** The text with the user names and passwords of URLs in it masked, and their query strings (they may be signatures). */
export function redactUrl(text: string): string {
  return text
    .replace(/([a-z][a-z0-9+.-]{0,31}:\/\/)[^\s/?#]*@/gi, '$1***@')
    .replace(/([a-z][a-z0-9+.-]{0,31}:\/\/[^\s?#"']*)\?[^\s"']*/gi, '$1?***');
}

/** The last part of a URL's or path's name, for people: decoded, without credentials and query. */
export function fileNameOf(location: string): string {
  const name =
    location
      .replace(/[?#].*$/s, '')
      .replace(/\/+$/, '')
      .split('/')
      .at(-1) ?? '';
  try {
    return redactUrl(decodeURIComponent(name)) || redactUrl(location);
  } catch {
    return name;
  }
}
