import { AppError } from '../../model/app-error.ts';
import { type Digest, isDigest } from '../../model/digest.ts';
import { isGlob, matchesPathGlob } from '../../model/glob.ts';
import { isTagName, parseDomain, parseRepository, type Repository, type Tag } from '../../model/reference.ts';
import { HttpError } from '../http/http-error.ts';

/** Repositories whose files are served: `registry.example/team/*:v*`. */
export interface FilePattern {
  readonly text: string;
  /** A name without wildcards */
  readonly domain: string;
  /** Below the registry; may have `*`, which matches within a segment */
  readonly path: string;
  /** May have `*`; undefined: all tags and digests */
  readonly tag: string | undefined;
}

/**
 * Parses a value of `--files-from`: REG/NAME[:TAG], where NAME and TAG may have `*`.
 * @throws AppError USAGE
 */
export function parseFilePattern(text: string): FilePattern {
  const [, domain = '', path = '', tag] = /^([^/]+)\/([^:@\s]+)(?::([^/@\s]+))?$/.exec(text) ?? [];
  try {
    if (domain === OWN || !/[.:]|^localhost$/.test(domain)) throw new AppError('USAGE', 'no registry');
    parseDomain(domain);
    parseRepository(`${domain}/${path.replaceAll('*', 'x')}`);
    if (tag !== undefined && !isTagName(tag.replaceAll('*', 'x'))) throw new AppError('USAGE', 'no tag');
  } catch (cause) {
    throw new AppError(
      'USAGE',
      `--files-from: expected REG/NAME or REG/NAME:TAG, got ${JSON.stringify(text)}`,
      {
        hint: 'Name the registry too; NAME and TAG may have wildcards: registry.example/team/*:v*',
        cause,
      },
    );
  }
  return { text, domain, path, tag };
}

/** Stands for this server in the place of a registry: `/files/-/NAME:TAG/path`. */
export const OWN = '-';

/** A file or folder as a path of this server names it. */
export interface FilePath {
  /** A registry's repository; its `domain` is OWN for this server's */
  readonly repository: Repository;
  /** Undefined: all tags that hold one file */
  readonly version: { readonly tag: Tag } | { readonly digest: Digest } | undefined;
  /** Below the version: no slash at its beginning; one at its end for a folder; empty for the whole */
  readonly path: string;
  /** Path of this server down to the version, without a slash at its end */
  readonly root: string;
}

/**
 * Parses the decoded segments after `/files/`: `REG/NAME:TAG/path`, `REG/NAME@sha256:…/path`, and `REG/NAME/path` if a pattern without
 * wildcards names NAME.
 * @throws HttpError 403 for a repository that no pattern allows, 404 for other paths
 */
export function parseFilePath(all: readonly string[], patterns: readonly FilePattern[]): FilePath {
  const [domain = '', ...segments] = all;
  const versioned = versionedPath(domain, segments);
  const isAllowed = versioned !== undefined && allows(patterns, versioned);
  const bare = barePath(domain, segments, patterns);
  if (bare !== undefined && (!isAllowed || bare.root.length > versioned.root.length)) return bare;
  if (versioned === undefined) {
    const text = 'expected /files/REG/NAME:TAG/path or /files/REG/NAME@sha256:…/path';
    throw new HttpError(404, 'NOT_FOUND', text);
  }
  if (isAllowed) return versioned;
  const name = versioned.root.slice('/files/'.length);
  const known = patterns.length === 0 ? 'none' : patterns.map(({ text }) => text).join(', ');
  throw new HttpError(
    403,
    'DENIED',
    `${name} is not among the repositories whose files are served: ${known}`,
  );
}

function versionedPath(domain: string, segments: readonly string[]): FilePath | undefined {
  const at = segments.findIndex((segment) => /[:@]/.test(segment));
  if (at < 0) return undefined;
  const [, last = '', mark = '', rest = ''] = /^([^:@]*)([:@])(.*)$/s.exec(segments[at] as string) ?? [];
  const version = mark === ':' ? tagOf(rest) : digestOf(rest);
  const repository = repositoryOf(domain, [...segments.slice(0, at), last]);
  if (version === undefined || repository === undefined) return undefined;
  return { repository, version, ...placeOf(domain, segments, at + 1) };
}

const tagOf = (text: string) => (isTagName(text) ? { tag: text } : undefined);
const digestOf = (text: string) => (isDigest(text) ? { digest: text as Digest } : undefined);

function barePath(
  domain: string,
  segments: readonly string[],
  patterns: readonly FilePattern[],
): FilePath | undefined {
  const names = patterns
    .filter(({ path, tag, domain: of }) => of === domain && tag === undefined && !isGlob(path))
    .map(({ path }) => path.split('/'))
    .filter((name) => name.every((part, index) => part === segments[index]))
    .sort((a, b) => b.length - a.length);
  const [name] = names;
  const repository = name === undefined ? undefined : repositoryOf(domain, name);
  if (name === undefined || repository === undefined) return undefined;
  return { repository, version: undefined, ...placeOf(domain, segments, name.length) };
}

function placeOf(domain: string, segments: readonly string[], at: number): Pick<FilePath, 'path' | 'root'> {
  return {
    path: segments.slice(at).join('/'),
    root: `/files/${[domain, ...segments.slice(0, at)].join('/')}`,
  };
}

function repositoryOf(domain: string, name: readonly string[]): Repository | undefined {
  try {
    const { path } = parseRepository(
      `${domain === OWN ? 'own.invalid' : parseDomain(domain)}/${name.join('/')}`,
    );
    return { domain: domain as Repository['domain'], path };
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

function allows(patterns: readonly FilePattern[], { repository, version }: FilePath): boolean {
  if (repository.domain === OWN) return true;
  return patterns.some(
    ({ domain, path, tag }) =>
      domain === repository.domain &&
      matchesPathGlob(path, repository.path) &&
      (tag === undefined || (version !== undefined && 'tag' in version && matchesPathGlob(tag, version.tag))),
  );
}
