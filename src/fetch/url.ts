import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../model/app-error.ts';

const scheme = /^([a-z][a-z0-9+.-]*):\/\//i;

/** Tells whether a location is a plain path (relative or absolute) or a `file:` URL. */
export function isLocal(location: string): boolean {
  const found = scheme.exec(location);
  return found === null || found[1]?.toLowerCase() === 'file';
}

/**
 * Returns the path of a local location: `file:` URLs are percent-decoded (RFC 8089), plain paths are returned as they are.
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
    throw new AppError('USAGE', `not a usable file URL: ${location}`, {
      hint: 'Use file:///absolute/path, or a plain path.',
      cause,
    });
  }
}

/**
 * Appends `name` (one or more segments, `x86_64/1:foo+bar-1.0-1-any.pkg.tar.zst`) to `base`.
 *
 * In a URL, every segment is percent-encoded except for the characters that RFC 3986 section 3.3 allows (pchar), so `:` and `+`
 * stay as mirrors serve them. The base's own path and query are kept as written (a token in the query is for everything below);
 * its fragment is removed. Nothing is encoded in a plain path.
 * @throws AppError BAD_INDEX if the name is absolute, empty, or has `.`, `..`, empty segments or NUL: names come from indexes and
 * must not lead out of the repository
 */
export function joinUrl(base: string, name: string): string {
  const segments = name.split('/');
  const refused = segments.some((part) => part === '' || part === '.' || part === '..');
  if (refused || name.includes('\0') || !name.isWellFormed()) {
    throw new AppError(
      'BAD_INDEX',
      `file name ${JSON.stringify(name)} below ${redactUrl(base)} is not allowed in a repository: ` +
        'expected a relative path without empty, "." or ".." parts',
      { details: { base: redactUrl(base), name } },
    );
  }
  if (!scheme.test(base) && !/^file:\//i.test(base)) return join(base, name);
  return belowUrl(base, segments.map(encodeSegment).join('/'));
}

/**
 * Splits a location into the place, without trailing slashes, and the query with its question mark, which only http and https
 * URLs have. Neither contains the fragment.
 */
export function splitQuery(location: string): { readonly place: string; readonly query: string } {
  const [, before = location, query = ''] = HTTP.test(location) ? (PARTS.exec(location) ?? []) : [];
  return { place: before.length > 1 ? before.replace(/\/+$/, '') : before, query };
}

const HTTP = /^https?:\/\//i;
const PARTS = /^([^?#]*)(\?[^#]*)?/s;

/** Appends `path`, which is already encoded, to a base, before the base's query. */
export function belowUrl(base: string, path: string): string {
  const { place, query } = splitQuery(base);
  return `${place}/${path}${query}`;
}

/**
 * Masks user name, password and query of a location, so that it can be kept and shown. Locations that differ only in these give
 * the same text; one without them is returned as it is.
 */
export function withoutSecrets(location: string): string {
  return isLocal(location) ? location : redactUrl(location);
}

function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(/%(?:24|26|2B|2C|3A|3B|3D|40)/g, decodeURIComponent);
}

/** Masks user names, passwords and query strings (which may be signatures) of all URLs in a text. */
export function redactUrl(text: string): string {
  return text
    .replace(/([a-z][a-z0-9+.-]{0,31}:\/\/)[^\s/?#]*@/gi, '$1***@')
    .replace(/([a-z][a-z0-9+.-]{0,31}:\/\/[^\s?#"']*)\?[^\s"']*/gi, '$1?***');
}

/** Tells whether a location was kept without its password or query. */
export function hadSecrets(location: string): boolean {
  return !isLocal(location) && /:\/\/\*\*\*@|\?\*\*\*/.test(redactUrl(location));
}

/** Returns the last segment of a URL or path, for people: decoded, without credentials and query. */
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
