import { AppError } from '../model/app-error.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { digestOf } from '../model/digest.ts';
import { parseJsonOr } from '../model/json.ts';
import { type JsonObject, jsonReaders } from '../model/json-readers.ts';
import { MEDIA_TYPES } from '../model/media-types.ts';

/** OCI distribution-spec 1.1, "Pushing Manifests": registries take at least this much; most take no more. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
/** RFC 6838 section 4.2; these characters are also safe in a header. */
const MEDIA_TYPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;
const INDEX_TYPES: readonly string[] = [
  MEDIA_TYPES.index,
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

const { descriptor, list, malformed, object, optionalText, texts } = jsonReaders('UNSUPPORTED');

/** Fields of a manifest or index (OCI image-spec 1.1) that the registry client uses. */
export interface ManifestFacts {
  readonly mediaType: string | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  /** The manifest that this one refers to */
  readonly subject: Descriptor | undefined;
  /** Entries of an index, without those whose digests are not sha256 */
  readonly manifests: readonly Descriptor[];
}

/**
 * Parses the fields that the registry client uses.
 * @param where names the document in errors
 * @throws AppError UNSUPPORTED if the document has another shape; INTEGRITY for a document that one reader would take for a
 * manifest and another for an index (CVE-2021-41190)
 */
export function readManifestFacts(bytes: Uint8Array, mediaType: string, where: string): ManifestFacts {
  const json = parseObject(bytes, where);
  const own = optionalText(json.mediaType, `${where}: mediaType`);
  const alien = INDEX_TYPES.includes(mediaType) ? ['layers', 'config'] : ['manifests'];
  const found = alien.filter((name) => json[name] !== undefined);
  if ((own !== undefined && own !== mediaType) || found.length > 0) {
    const said = found.length > 0 ? `it has ${found.join(', ')}` : `it declares ${JSON.stringify(own)}`;
    throw new AppError('INTEGRITY', `${where}: expected a document of type ${mediaType}, but ${said}`, {
      details: { expected: mediaType, got: own ?? null },
    });
  }
  const config = json.config == null ? {} : object(json.config, `${where}: config`);
  const manifests = json.manifests == null ? [] : list(json.manifests, `${where}: manifests`);
  return {
    mediaType: own,
    artifactType:
      optionalText(json.artifactType, `${where}: artifactType`) ??
      optionalText(config.mediaType, `${where}: config: mediaType`),
    annotations: json.annotations == null ? undefined : texts(json.annotations, `${where}: annotations`),
    subject: json.subject == null ? undefined : readDescriptor(json.subject, `${where}: subject`),
    manifests: manifests.flatMap((item, index) =>
      isOtherAlgorithm(item) ? [] : [readDescriptor(item, `${where}: manifests[${index}]`)],
    ),
  };
}

function parseObject(bytes: Uint8Array, where: string): JsonObject {
  const value = parseJsonOr(bytes, where);
  if (value !== undefined) return object(value, where);
  throw new AppError('UNSUPPORTED', `${where}: expected a manifest, got something other than a JSON object`);
}

/** Finds descriptors whose digest is not sha256, which nothing here can verify. */
function isOtherAlgorithm(item: unknown): boolean {
  const digest = typeof item === 'object' && item !== null && 'digest' in item ? item.digest : undefined;
  return typeof digest === 'string' && /^sha(?!256:)\w+:/.test(digest);
}

/** @throws AppError UNSUPPORTED */
function readDescriptor(value: unknown, where: string): Descriptor {
  const read = descriptor(value, where);
  if (MEDIA_TYPE.test(read.mediaType)) return read;
  throw malformed(`${where}: mediaType`, 'a media type', read.mediaType);
}

/** Makes the descriptor of a manifest in the list of referrers (OCI distribution-spec 1.1, "Listing Referrers"). */
export function referrerDescriptor(bytes: Uint8Array, mediaType: string, facts: ManifestFacts): Descriptor {
  const { artifactType, annotations } = facts;
  return {
    mediaType,
    digest: digestOf(bytes),
    size: bytes.byteLength,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

/** Serialises an index of these manifests, as a registry without the referrers API keeps it under the fallback tag. */
export function indexBytes(manifests: readonly Descriptor[]): Buffer {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests }));
}
