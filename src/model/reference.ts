import { AppError } from './app-error.ts';
import { type Digest, parseDigest } from './digest.ts';

/** A registry as names spell it: `docker.io`, `localhost:5000`, `[::1]:5000`. */
export type Domain = string & { readonly __brand: 'Domain' };
/** A repository below its registry: `library/gcc`. */
export type RepositoryPath = string & { readonly __brand: 'RepositoryPath' };
/** A tag of a repository: `latest`. */
export type Tag = string & { readonly __brand: 'Tag' };

/** A repository of a registry. */
export interface Repository {
  readonly domain: Domain;
  readonly path: RepositoryPath;
}

/** An image name; tag or digest or both are set. With both, the digest decides. */
export interface Reference extends Repository {
  readonly tag: Tag | undefined;
  readonly digest: Digest | undefined;
}

/** Registry of names without one. */
const DEFAULT_DOMAIN = 'docker.io';
/** Old name of the default registry. */
const LEGACY_DOMAIN = 'index.docker.io';
/** Host of the default registry's API, which differs from its name. */
const DEFAULT_API_HOST = 'registry-1.docker.io';
/** Namespace of names without one, in the default registry only. */
const OFFICIAL = 'library/';
const DEFAULT_TAG = 'latest';

/** github.com/distribution/reference, NameTotalLengthMax: engines refuse longer repository names. */
const MAX_NAME_LENGTH = 255;
const DOMAIN_NAME =
  /^(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])(?:\.(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]))*(?::[0-9]+)?$/;
/** An IPv6 address, of which the grammar only requires the look. */
const DOMAIN_ADDRESS = /^\[[A-Fa-f0-9:]+\](?::[0-9]+)?$/;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
/** An image ID, which engines refuse as a name. */
const IDENTIFIER = /^[0-9a-f]{64}$/;

/**
 * Parses `[registry[:port]/]name[:tag][@digest]` by the grammar of github.com/distribution/reference, including short names:
 * `gcc` is `docker.io/library/gcc:latest`. The tag defaults to `latest` if there is no digest.
 * @throws AppError USAGE if an engine would refuse the name
 */
export function parseReference(text: string): Reference {
  const { name, tag, digest } = split(text);
  const repository = parseName(name, text);
  if (tag !== undefined && !TAG.test(tag)) throw invalid(text, `${JSON.stringify(tag)} is not a tag`);
  if (digest === undefined) return { ...repository, tag: (tag ?? DEFAULT_TAG) as Tag, digest };
  return { ...repository, tag: tag as Tag | undefined, digest: digestPart(digest, text) };
}

/**
 * Parses a name without tag and digest: `registry.example/team/packages`.
 * @throws AppError USAGE if an engine would refuse it, or if there is a tag or a digest
 */
export function parseRepository(text: string): Repository {
  const { name, tag, digest } = split(text);
  if (tag !== undefined || digest !== undefined) {
    throw invalid(text, 'a repository is named without a tag and without a digest');
  }
  return parseName(name, text);
}

/** Parses a tag alone. @throws AppError USAGE */
export function parseTagName(text: string): Tag {
  if (!TAG.test(text)) throw invalid(text, `${JSON.stringify(text)} is not a tag`);
  return text as Tag;
}

/** Tells whether a text is a tag. */
export function isTagName(text: string): text is Tag {
  return TAG.test(text);
}

/** Parses a registry alone, as `login` takes it: `docker.io`, `localhost:5000`. @throws AppError USAGE */
export function parseDomain(text: string): Domain {
  return domainPart(text === LEGACY_DOMAIN ? DEFAULT_DOMAIN : text, text);
}

/**
 * Returns the short form that people write: `gcc:latest`, `registry.example/me/gcc:1@sha256:…`. It parses as the same reference.
 */
export function familiarName(reference: Repository & Partial<Reference>): string {
  return familiarRepository(reference) + suffix(reference);
}

/** Returns the full form with registry and namespace: `docker.io/library/gcc:latest`. */
export function fullName(reference: Repository & Partial<Reference>): string {
  return `${reference.domain}/${reference.path}${suffix(reference)}`;
}

/** Returns a reference to a tag of the repository. */
export function withTag({ domain, path }: Repository, tag: Tag): Reference {
  return { domain, path, tag, digest: undefined };
}

/** Returns a reference to a digest of the repository. */
export function withDigest({ domain, path }: Repository, digest: Digest): Reference {
  return { domain, path, tag: undefined, digest };
}

/** Returns the `host[:port]` that serves a registry's API. */
export function apiHost(domain: Domain): string {
  return domain === DEFAULT_DOMAIN ? DEFAULT_API_HOST : domain;
}

function split(text: string): { name: string; tag: string | undefined; digest: string | undefined } {
  const offset = text.indexOf('@');
  const head = offset < 0 ? text : text.slice(0, offset);
  const colon = head.lastIndexOf(':');
  const hasTag = colon > head.lastIndexOf('/');
  return {
    name: hasTag ? head.slice(0, colon) : head,
    tag: hasTag ? head.slice(colon + 1) : undefined,
    digest: offset < 0 ? undefined : text.slice(offset + 1),
  };
}

function digestPart(digest: string, text: string): Digest {
  try {
    return parseDigest(digest);
  } catch (cause) {
    const why = `${JSON.stringify(digest)} is not a digest: expected sha256:<64 hex digits>`;
    throw invalid(text, why, cause);
  }
}

function parseName(name: string, text: string): Repository {
  const { domain, path } = divide(name);
  const checked = domainPart(domain, text);
  for (const component of path.split('/')) {
    if (!COMPONENT.test(component)) {
      throw invalid(text, `${JSON.stringify(component)} is not a name component`);
    }
  }
  if (IDENTIFIER.test(name)) throw invalid(text, '64 hex digits are an image ID');
  if (domain.length + 1 + path.length > MAX_NAME_LENGTH) {
    throw invalid(text, `the name is longer than ${MAX_NAME_LENGTH} characters`);
  }
  return { domain: checked, path: path as RepositoryPath };
}

/** Takes the first segment for a registry if it cannot be a segment of a path, or is `localhost`. */
function divide(name: string): { domain: string; path: string } {
  const slash = name.indexOf('/');
  const head = slash < 0 ? '' : name.slice(0, slash);
  const named = slash >= 0 && (/[.:A-Z]/.test(head) || head === 'localhost');
  const domain = !named || head === LEGACY_DOMAIN ? DEFAULT_DOMAIN : head;
  const path = named ? name.slice(slash + 1) : name;
  return { domain, path: domain === DEFAULT_DOMAIN && !path.includes('/') ? OFFICIAL + path : path };
}

function domainPart(domain: string, text: string): Domain {
  if (DOMAIN_NAME.test(domain) || DOMAIN_ADDRESS.test(domain)) return domain as Domain;
  throw invalid(text, `${JSON.stringify(domain)} is not a registry`);
}

/** Shortens a name as far as it still parses as the same name. */
function familiarRepository({ domain, path }: Repository): string {
  const full = `${domain}/${path}`;
  if (domain !== DEFAULT_DOMAIN) return full;
  const short = path.startsWith(OFFICIAL) ? path.slice(OFFICIAL.length) : path;
  for (const candidate of [short, path]) {
    const read = divide(candidate);
    if (read.domain === domain && read.path === path && !IDENTIFIER.test(candidate)) return candidate;
  }
  return full;
}

function suffix({ tag, digest }: Partial<Reference>): string {
  return (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`);
}

function invalid(text: string, why: string, cause?: unknown): AppError {
  return new AppError('USAGE', `not an image name: ${JSON.stringify(text)}: ${why}`, {
    hint: 'Image names look like pkgcompose/gcc:latest or registry.example:5000/team/gcc:1.0, in lower case.',
    cause,
    details: { tag: text },
  });
}
