import { findFamily } from '../../distros/families.ts';
import type { Family } from '../../distros/family.ts';
import type { DistroId } from '../../model/package.ts';
import { escapeWhole, escapeWord, unescapeWord } from './escape.ts';

/** An image that a repository's name asks for: `<distro>[/<release>]/<pkg>[/<pkg>…]`, or the same below `bare/`. */
export interface NamedImage {
  readonly distro: DistroId;
  /** Empty: the server's own */
  readonly release: string;
  /** As a package manager takes them: `gcc`, `git>2.40` */
  readonly packages: readonly string[];
  /** Without a base */
  readonly isBare: boolean;
}

/** Names below this one are of the packages alone, as with `--base none`. */
const BARE = 'bare';

/**
 * Reads the name of a repository.
 * @returns undefined if its first word is no distribution; a text that says what is wrong with the rest
 */
export function readImageName(repository: string): NamedImage | string | undefined {
  const words = repository.split('/');
  const isBare = words[0] === BARE;
  const [distro = '', ...rest] = isBare ? words.slice(1) : words;
  const family = findFamily(distro);
  if (family === undefined) return undefined;
  const hasRelease = rest[0] !== undefined && isReleaseOf(family, rest[0]);
  const packages = (hasRelease ? rest.slice(1) : rest).map((word) => unescapeWord(word) ?? Symbol(word));
  const malformed = packages.find((word) => typeof word === 'symbol');
  if (malformed !== undefined)
    return `${malformed.description}: after __, expected the hexadecimal digits of UTF-8 characters`;
  if (packages.length === 0 && isBare) return `expected package names after ${repository}`;
  return {
    distro: family.id,
    release: hasRelease ? (rest[0] ?? '') : '',
    packages: packages as readonly string[],
    isBare,
  };
}

/** Writes the name of an image, which readImageName reads. */
export function imageName({ distro, release, packages, isBare }: NamedImage): string {
  const family = findFamily(distro);
  const written = packages.map((word, index) => {
    const isAmbiguous = index === 0 && release === '' && family !== undefined && isReleaseOf(family, word);
    return isAmbiguous ? escapeWhole(word) : escapeWord(word, 'name');
  });
  return [...(isBare ? [BARE] : []), distro, ...(release === '' ? [] : [release]), ...written].join('/');
}

/** Tells whether a word is a release of the family rather than a package: `edge`, `v3.19`, `rolling`. */
function isReleaseOf({ releases, releasePattern }: Family, word: string): boolean {
  return releases.includes(word) || (releasePattern?.test(word) ?? false);
}

/** A tag: the newest, a release, a set of packages (immutable), or a version of the first package. */
export type NamedTag =
  | { readonly kind: 'latest' }
  | { readonly kind: 'release'; readonly release: string }
  | { readonly kind: 'set'; readonly digits: string }
  | { readonly kind: 'version'; readonly version: string };

/** Number of hexadecimal digits of the digest of a set: 128 bits, for which nobody can find two sets with one tag. */
const SET_DIGITS = 32;
const SET = new RegExp(`^r-([0-9a-f]{${SET_DIGITS}})$`);

/** Reads a tag of an image of that distribution; undefined for a malformed escape. */
export function readTag(distro: DistroId, tag: string): NamedTag | undefined {
  const family = findFamily(distro);
  if (tag === 'latest') return { kind: 'latest' };
  const digits = SET.exec(tag)?.[1];
  if (digits !== undefined) return { kind: 'set', digits };
  if (family !== undefined && isReleaseOf(family, tag)) return { kind: 'release', release: tag };
  const version = unescapeWord(tag);
  return version === undefined ? undefined : { kind: 'version', version };
}

/** Writes the tag of a set of packages, by the hexadecimal digits of its digest. */
export function setTag(digits: string): string {
  return `r-${digits.slice(0, SET_DIGITS)}`;
}

/** Writes the tag of a version. */
export function versionTag(version: string): string {
  return escapeWord(version, 'tag');
}
