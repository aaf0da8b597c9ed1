import { ANNOTATIONS, packageUrl } from '../../compose/annotations.ts';
import { families, familyIds, familyOf } from '../../distros/families.ts';
import type { Compression } from '../../model/archive.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { digestOf, hexOf } from '../../model/digest.ts';
import { EMPTY_BYTES, EMPTY_DESCRIPTOR } from '../../model/empty-blob.ts';
import { MEDIA_TYPES } from '../../model/media-types.ts';
import type { DistroId } from '../../model/package.ts';
import { parseTagName, type Tag } from '../../model/reference.ts';
import { required } from '../../model/required.ts';
import type { Document } from '../../output/image-content.ts';

/*
 * Entries of a package store, a repository that has an artifact with a tag of its own for each blob. The blob is the only layer of
 * the artifact's manifest, since some registries only mount blobs that a manifest refers to.
 */

/** Artifact type of a package's unmodified archive, and of blobs derived from archives. */
export const PACKAGE_TYPE = 'application/vnd.pkgcompose.package.v1';
const DERIVED_TYPE = 'application/vnd.pkgcompose.derived.v1';
/** Artifact type of a detached signature beside a package. */
const SIGNATURE_TYPE = 'application/vnd.pkgcompose.signature.v1';
/** Media type of archives for which OCI has no layer type. */
export const XZ_ARCHIVE_TYPE = 'application/vnd.pkgcompose.archive.v1.tar+xz';

const TITLE = 'org.opencontainers.image.title';
const MAX_TAG_LENGTH = 128;
/** Number of digits of the digest in a tag: 128 bits, for which nobody can find two blobs with one tag. */
const DIGEST_DIGITS = 32;

/** A package in a package store. */
export interface StoredPackage {
  readonly distro: DistroId;
  readonly name: string;
  readonly version: string;
  /** The distribution's name of it */
  readonly architecture: string;
}

/** A blob as a package store keeps it. */
export interface StoreEntry {
  readonly tag: Tag;
  /** Only mediaType, digest and size are used */
  readonly blob: Descriptor;
  readonly manifest: Document;
}

/**
 * Returns the store's entry of an unmodified archive. `blob.mediaType` is a layer's, or that of an archive that cannot be a layer
 * (layer-format.ts).
 */
export function packageEntry(stored: StoredPackage, blob: Descriptor): StoreEntry {
  const { distro, name, version, architecture } = stored;
  const annotations = {
    [ANNOTATIONS.purl]: packageUrl({ ...stored, release: '' }),
    [ANNOTATIONS.name]: name,
    [ANNOTATIONS.version]: version,
    [TITLE]: fileName(stored, blob.mediaType),
  };
  return entry({
    artifactType: PACKAGE_TYPE,
    words: [distro, name, version, architecture],
    annotations,
    blob,
  });
}

/**
 * Returns the tag under which a mirror keeps a package of an index: like a store's, but with digits of the index's own checksum,
 * since an index may not have the archive's digest.
 * @param checksum as IndexPackage.checksum; for an index without checksums, other text that distinguishes builds
 */
export function indexedTag({ distro, name, version, architecture }: StoredPackage, checksum: string): Tag {
  return tagOf([distro, name, version, architecture], checksumDigits(checksum));
}

function checksumDigits(checksum: string): string {
  if (/^[0-9a-f]{64}$/.test(checksum)) return checksum;
  const sha1 = /^Q1([A-Za-z0-9+/]{27}=)$/.exec(checksum)?.[1];
  return sha1 === undefined ? hexOf(digestOf(checksum)) : Buffer.from(sha1, 'base64').toString('hex');
}

/** Tells whether a tag looks like one of a package. */
export function isPackageTag(tag: Tag): boolean {
  return familyIds().some((id) => tag.startsWith(`${id}__`)) && /__.*__[0-9a-f]{32}$/.test(tag);
}

/** Returns the tag of the signature beside such a package, which is an artifact of its own. */
export function signatureTag(indexed: Tag): Tag {
  return parseTagName(`signature__${indexed.slice(-DIGEST_DIGITS)}`);
}

/** Returns the store's entry of such a signature. @param title its file name */
export function signatureEntry(
  indexed: Tag,
  title: string,
  { digest, size }: Omit<Descriptor, 'mediaType'>,
): StoreEntry {
  const made = entry({
    artifactType: SIGNATURE_TYPE,
    words: [],
    annotations: { [TITLE]: title },
    blob: { mediaType: 'application/pgp-signature', digest, size },
  });
  return { ...made, tag: signatureTag(indexed) };
}

/** Returns the store's entry of an image's layer, by its annotations; undefined for layers that only that image has. */
export function entryOfLayer(layer: Descriptor): StoreEntry | undefined {
  const { annotations = {} } = layer;
  const kind = annotations[ANNOTATIONS.kind];
  if (kind !== 'package' && kind !== 'bundle') return undefined;
  const purls = (annotations[ANNOTATIONS.purl] ?? '').split(' ').map(withoutRelease);
  const derived = annotations[ANNOTATIONS.derived];
  if (derived === undefined) {
    const stored = purls.length === 1 ? parsePurl(required(purls, 0)) : undefined;
    // Names in package URLs are in lower case.
    const name = annotations[ANNOTATIONS.name] ?? stored?.name ?? '';
    return stored === undefined ? undefined : packageEntry({ ...stored, name }, layer);
  }
  return entry({
    artifactType: DERIVED_TYPE,
    words: ['derived', annotations[ANNOTATIONS.name] ?? kind],
    annotations: { [ANNOTATIONS.purl]: purls.join(' '), [ANNOTATIONS.derived]: derived },
    blob: layer,
  });
}

/** Makes an entry, which is the same for the same blob, whichever image it is from. */
function entry(options: {
  readonly artifactType: string;
  readonly words: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly blob: Descriptor;
}): StoreEntry {
  const { artifactType, words, annotations } = options;
  const { mediaType, digest, size } = options.blob;
  const blob = { mediaType, digest, size };
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.manifest,
      artifactType,
      config: { ...EMPTY_DESCRIPTOR, data: EMPTY_BYTES.toString('base64') },
      layers: [{ ...blob, annotations }],
      annotations,
    }),
  );
  const descriptor = { mediaType: MEDIA_TYPES.manifest, digest: digestOf(bytes), size: bytes.length };
  return { tag: tagOf(words, hexOf(digest)), blob, manifest: { descriptor, bytes } };
}

/**
 * Makes a tag: `alpine__libstdc_2b_2b__13.2.1_5fgit20231014-r0__…`. Characters of the words that a tag may not have, and `_`, are
 * written as `_` and the two hexadecimal digits of each UTF-8 byte; digits of the digest follow. Words are cut if the tag would
 * be too long.
 */
function tagOf(words: readonly string[], hex: string): Tag {
  const suffix = `__${hex.slice(0, DIGEST_DIGITS)}`;
  const readable = words.map(escapeWord).join('__');
  return parseTagName(readable.slice(0, MAX_TAG_LENGTH - suffix.length) + suffix);
}

function escapeWord(word: string): string {
  return word.replace(/[^A-Za-z0-9.-]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `_${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

const COMPRESSIONS: Readonly<Record<string, Compression>> = {
  [MEDIA_TYPES.layerGzip]: 'gzip',
  [MEDIA_TYPES.layerZstd]: 'zstd',
  [XZ_ARCHIVE_TYPE]: 'xz',
};

/** Returns the archive's file name in repositories, under which it can be pulled as a file. */
function fileName(stored: StoredPackage, mediaType: string): string {
  return familyOf(stored.distro).archiveNames.write(stored, COMPRESSIONS[mediaType] ?? 'none');
}

/** Removes the release, since one archive may be in several. */
function withoutRelease(purl: string): string {
  return purl.replace(/&distro=[^&]*$/, '');
}

/** Parses what packageUrl writes. */
function parsePurl(purl: string): StoredPackage | undefined {
  const [, type, distro, ...rest] =
    /^pkg:([a-z]+)\/([a-z0-9]+)\/([^@/?]+)@([^@/?]+)\?arch=([^&]+)$/.exec(purl) ?? [];
  const family = families().find(({ id, purlType }) => id === distro && purlType === type);
  if (family === undefined) return undefined;
  try {
    const [name = '', version = '', architecture = ''] = rest.map(decodeURIComponent);
    return { distro: family.id, name, version, architecture };
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
