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
    throw new AppError('USAGE', `not a usable file URL: ${location}`, {
      hint: 'Use file:///absolute/path, or a plain path.',
      cause,
    });
  }
}

/**
 * `name` (one or more segments, `x86_64/1:foo+bar-1.0-1-any.pkg.tar.zst`) below `base`.
 *
 * In URLs every segment is percent-encoded but for what RFC 3986 section 3.3 allows in one (pchar), so `:` and `+`
 * stay as mirrors serve them; the base's own path and query are kept as written (a token in the query is for all that is
 * below), its fragment is left out. Under a plain path nothing is encoded.
 * @throws AppError BAD_INDEX when the name is absolute, empty, or has `.`, `..`, empty segments or NUL: names come from indexes,
 * and must not lead out of the repository
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
 * A location in two: the place, without slashes at its end, and the query with its question mark, which only http and
 * https URLs have. A fragment is in neither.
 */
export function splitQuery(location: string): { readonly place: string; readonly query: string } {
  const [, before = location, query = ''] = HTTP.test(location) ? (PARTS.exec(location) ?? []) : [];
  return { place: before.length > 1 ? before.replace(/\/+$/, '') : before, query };
}

const HTTP = /^https?:\/\//i;
const PARTS = /^([^?#]*)(\?[^#]*)?/s;

/** `path`, encoded already, below a base: before its query. */
export function belowUrl(base: string, path: string): string {
  const { place, query } = splitQuery(base);
  return `${place}/${path}${query}`;
}

/**
 * The location as it may be kept and shown: user name, password and query are masked. The same for the same place, whatever
 * its password; of one that has none it is the location itself.
 */
export function withoutSecrets(location: string): string {
  return isLocal(location) ? location : redactUrl(location);
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

/** Whether a kept location is one whose password or query is left out. */
export function hadSecrets(location: string): boolean {
  return !isLocal(location) && /:\/\/\*\*\*@|\?\*\*\*/.test(redactUrl(location));
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
