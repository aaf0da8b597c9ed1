import { belowUrl, redactUrl, splitQuery, withoutSecrets } from '../../fetch/url.ts';
import { AppError } from '../../model/app-error.ts';
import type { ReleaseClues, RepositorySpec } from '../../model/repository.ts';
import type { MirrorLayout, RepositoryQuery } from '../distro.ts';
import { unsupported } from './repository-lines.ts';

const OFFICIAL_MIRROR = 'https://dl-cdn.alpinelinux.org/alpine';
const OFFICIAL_REPOSITORIES = ['main', 'community'];
const INDEX_NAME = 'APKINDEX.tar.gz';
/** Release of a request that names none: the mirrors' link to the newest stable one. */
export const DEFAULT_RELEASE = 'latest-stable';

/**
 * Returns the repositories main and community of a release: `MIRROR/<release>/<main|community>/<arch>` on every mirror.
 * @throws AppError USAGE when the release is not one of Alpine's
 */
export function repositories(query: RepositoryQuery): readonly RepositorySpec[] {
  const release = parseRelease(query.release);
  const mirrors = query.mirrors.length > 0 ? query.mirrors : [OFFICIAL_MIRROR];
  return OFFICIAL_REPOSITORIES.map((name) => ({
    distro: 'alpine',
    release,
    architecture: query.architecture,
    name,
    tag: '',
    baseUrls: mirrors.map((mirror) => belowUrl(mirror, `${release}/${name}/${query.architecture}`)),
    indexNames: [INDEX_NAME],
  }));
}

/** Parses a release; `3.19` and `v3.19` are the same, empty is the newest stable one. */
function parseRelease(word: string): string {
  if (word === '') return DEFAULT_RELEASE;
  const release = /^\d/.test(word) ? `v${word}` : word;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(release)) {
    throw new AppError(
      'USAGE',
      `not an Alpine release: expected latest-stable, edge or v3.19, got ${JSON.stringify(word)}`,
    );
  }
  return release;
}

/**
 * Parses a repository as repository-lines.ts returns it: a URL or path, optionally after `@tag`; null for comments and blank
 * lines. The index is in the folder `<architecture>` below it, as in apk, or in the folder itself; or the line names the index
 * file, which then ends in `.tar.gz` or follows `ndx`.
 * @throws AppError USAGE; UNSUPPORTED for an index in apk 3's own format
 */
export function parseRepositoryLine(
  line: string,
  query: { readonly architecture: string; readonly release?: string },
): RepositorySpec | null {
  const text = line.trim();
  if (text === '' || text.startsWith('#')) return null;
  const bare = text.replace(/^ndx\s+(?=\S)/, '');
  const tagged = /^@(\S+)\s+(\S.*)$/.exec(bare);
  const { place, query: token } = splitQuery(tagged === null ? bare : (tagged[2] ?? ''));
  if (place === '' || (tagged === null && bare.startsWith('@'))) {
    throw new AppError(
      'USAGE',
      `not a repository: expected URL, DIR or "@tag URL", got ${JSON.stringify(redactUrl(line))}`,
    );
  }
  if (place.endsWith('.adb')) throw unsupported(redactUrl(place));
  const file = /^(.*)\/([^/]+)$/.exec(place);
  const named = file !== null && (bare !== text || place.endsWith('.tar.gz')) ? file : null;
  const [, location = place, indexName = INDEX_NAME] = named ?? [];
  const bases = (named === null ? basesOf(location, query.architecture) : [location]).map(
    (base) => base + token,
  );
  const parts = withoutSecrets(location)
    .replace(/^[a-z][a-z0-9+.-]*:\/\/(?:\*\*\*@)?/i, '')
    .split('/')
    .filter((part) => part !== '' && part !== query.architecture);
  return {
    distro: 'alpine',
    release: releaseFor(query.release ?? '', parts),
    architecture: query.architecture,
    name: parts.at(-1) ?? location,
    tag: tagged?.[1] ?? '',
    baseUrls: bases,
    indexNames: [indexName],
  };
}

/** Returns the release that the user named, else the one in the location, else the default. */
function releaseFor(asked: string, parts: readonly string[]): string {
  const release = asked === '' ? '' : parseRelease(asked);
  if (release !== '' && release !== DEFAULT_RELEASE) return release;
  return parts.findLast((part) => RELEASE_WORD.test(part)) ?? release;
}

const RELEASE_WORD = /^(v\d+\.\d+|edge|latest-stable)$/;

/**
 * Returns the release that an index belongs to, for `latest-stable`: by the version of alpine-release or alpine-base, else by the
 * `git describe` in DESCRIPTION; empty if neither tells.
 */
export function resolveRelease({ description, versionOf }: ReleaseClues): string {
  const named = versionOf('alpine-release') ?? versionOf('alpine-base');
  const version = named ?? /\bv?(\d+\.\d+\.\d+\S*)/.exec(description)?.[1] ?? '';
  if (/^\d+\.\d+\S*_alpha/.test(version)) return 'edge';
  const release = /^(\d+\.\d+)/.exec(version)?.[1];
  if (release !== undefined) return `v${release}`;
  return /\bv?20\d{6}\b/.test(description) ? 'edge' : '';
}

/** Layout of Alpine's mirrors: `MIRROR/<release>/<repository>/<architecture>`, as on dl-cdn.alpinelinux.org. */
export const layout: MirrorLayout = {
  folder: ({ name, architecture }) => `${name}/${architecture}`,
  indexPlaces: ({ architecture, indexNames: [name] }) => `${architecture}/${name}, or ${name} itself`,
  root: 'the folder above the releases, which often ends in /alpine',
  releaseAtEnd: (mirror) => /\/(v\d+\.\d+|edge|latest-stable)$/i.exec(mirror)?.[1],
  indexTool: 'apk index',
};

/** Returns the base URLs at which the index may be, best first. */
function basesOf(location: string, architecture: string): readonly string[] {
  if (location.endsWith(`/${architecture}`)) return [location];
  return [`${location}/${architecture}`, location];
}
