import { isLocal } from '../../fetch/url.ts';
import { AppError } from '../../model/app-error.ts';
import { type Digest, parseDigest } from '../../model/digest.ts';
import { parseRepository, parseTagName, type Reference } from '../../model/reference.ts';

/** URL of a file of a mirror in a registry: `oci://registry.example/alpine:v3.19/main/x86_64/APKINDEX.tar.gz`. */
export interface OciUrl {
  /** Reference of the mirror's generation */
  readonly reference: Reference;
  /** Path below it, decoded, without slash at either end; empty: the whole generation */
  readonly path: string;
  /** Tag of the artifact that holds the file, from the fragment; empty if the generation holds it */
  readonly artifact: string;
}

const SCHEME = /^oci:\/\//i;
const PARTS = /^([^/@?#]+\/[^:@?#]+)(?::([^/@?#]+))?(?:@([^/@?#]+))?(?:\/([^?#]*))?(?:#(.*))?$/s;

/** Tells whether a text starts with `oci://`. */
export function isOciUrl(text: string): boolean {
  return SCHEME.test(text);
}

/**
 * Parses the URL of a file of a mirror in a registry.
 * @throws AppError USAGE if it is malformed, or has neither tag nor digest
 */
export function parseOciUrl(url: string): OciUrl {
  const parts = PARTS.exec(url.replace(SCHEME, ''));
  const [, name = '', tag, digest, path = '', artifact = ''] = parts ?? [];
  // Not shown, since the text before an @ may be a password.
  if (parts === null) throw notAMirrorUrl('');
  if (tag === undefined && digest === undefined) throw notAMirrorUrl(`: ${JSON.stringify(url)}`);
  const reference = {
    ...parseRepository(name),
    tag: tag === undefined ? undefined : parseTagName(tag),
    digest: digest === undefined ? undefined : parseUrlDigest(digest, url),
  };
  return { reference, path: decoded(path, url).replace(/^\/+|\/+$/g, ''), artifact };
}

/** Adds the release as the tag to a mirror's URL that has neither tag nor digest; returns all others unchanged. */
export function withRelease(place: string, release: string): string {
  const name = place.replace(SCHEME, '').replace(/\/+$/, '');
  const isBare = isOciUrl(place) && !/[@?#]/.test(name) && !/\/.*:/s.test(name);
  return isBare ? `oci://${name}:${release}` : place;
}

/** Adds a suffix to the file name of a URL, before the query and the fragment. */
export function besideUrl(url: string, suffix: string): string {
  const end = isLocal(url) ? -1 : url.search(/[?#]/);
  return end < 0 ? `${url}${suffix}` : `${url.slice(0, end)}${suffix}${url.slice(end)}`;
}

function parseUrlDigest(text: string, url: string): Digest {
  try {
    return parseDigest(text);
  } catch (cause) {
    throw notAMirrorUrl(`: ${JSON.stringify(url)}`, cause);
  }
}

function decoded(path: string, url: string): string {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw notAMirrorUrl(`: ${JSON.stringify(url)}`, cause);
  }
}

function notAMirrorUrl(got: string, cause?: unknown): AppError {
  return new AppError('USAGE', `not the URL of a mirror in a registry${got}`, {
    hint: 'Use a URL like oci://registry.example/alpine:v3.19 or oci://registry.example/alpine@sha256:…/main, without credentials (compose login stores them).',
    cause,
  });
}
