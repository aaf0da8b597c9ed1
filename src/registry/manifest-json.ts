import { AppError, isAppError } from '../model/app-error.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { type Digest, digestOf, parseDigest } from '../model/digest.ts';
import { parseJsonOr } from '../model/json.ts';
import { MEDIA_TYPES } from '../model/media-types.ts';
import type { Platform } from '../model/platform.ts';

/** OCI distribution-spec 1.1, "Pushing Manifests": registries take at least this much; most take no more. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
/** RFC 6838 section 4.2: also what may stand in a header. */
const MEDIA_TYPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;
const INDEX_TYPES: readonly string[] = [
  MEDIA_TYPES.index,
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

/** What a registry's client has to know of a manifest or index (OCI image-spec 1.1); the rest is its reader's. */
export interface ManifestFacts {
  readonly mediaType: string | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  /** The manifest that this one is about */
  readonly subject: Descriptor | undefined;
  /** Of an index; without those of digests that are not sha256 */
  readonly manifests: readonly Descriptor[];
}

type Json = Readonly<Record<string, unknown>>;

/**
 * @param where named in errors
 * @throws AppError UNSUPPORTED when it is not JSON of that shape; INTEGRITY for a document that one reader takes for a
 * manifest and another for an index (CVE-2021-41190)
 */
export function readManifestFacts(bytes: Uint8Array, mediaType: string, where: string): ManifestFacts {
  const json = parseObject(bytes, where);
  const own = text(json.mediaType);
  const alien = INDEX_TYPES.includes(mediaType) ? ['layers', 'config'] : ['manifests'];
  const found = alien.filter((name) => json[name] !== undefined);
  if ((own !== undefined && own !== mediaType) || found.length > 0) {
    const said = found.length > 0 ? `it has ${found.join(', ')}` : `it declares ${JSON.stringify(own)}`;
    throw new AppError('INTEGRITY', `${where}: expected a document of type ${mediaType}, but ${said}`, {
      details: { expected: mediaType, got: own ?? null },
    });
  }
  const config = record(json.config);
  const manifests = Array.isArray(json.manifests) ? json.manifests.map(record).filter(isSha256) : [];
  const annotations = texts(json.annotations);
  return {
    mediaType: own,
    artifactType: text(json.artifactType) ?? text(config.mediaType),
    annotations,
    subject: json.subject == null ? undefined : descriptor(record(json.subject), where),
    manifests: manifests.map((item) => descriptor(item, where)),
  };
}

function parseObject(bytes: Uint8Array, where: string): Json {
  const value = parseJsonOr(bytes, where);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new AppError('UNSUPPORTED', `${where}: expected a manifest, got something other than a JSON object`);
}

function isSha256({ digest }: Json): boolean {
  return typeof digest !== 'string' || !/^sha(?!256:)\w+:/.test(digest);
}

/** @throws AppError UNSUPPORTED */
function descriptor(item: Json, where: string): Descriptor {
  const { mediaType, size } = item;
  const digest = digestIn(item);
  const ok = typeof mediaType === 'string' && MEDIA_TYPE.test(mediaType) && digest !== undefined;
  if (!ok || typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw new AppError(
      'UNSUPPORTED',
      `${where}: not a descriptor: ${JSON.stringify(item).slice(0, 200)}: expected mediaType, digest and size`,
    );
  }
  const [annotations, artifactType, platform] = [
    texts(item.annotations),
    text(item.artifactType),
    platformOf(record(item.platform)),
  ];
  return {
    mediaType,
    digest,
    size,
    ...(annotations === undefined ? {} : { annotations }),
    ...(platform === undefined ? {} : { platform }),
    ...(artifactType === undefined ? {} : { artifactType }),
  };
}

function digestIn({ digest }: Json): Digest | undefined {
  try {
    return parseDigest(String(digest));
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}

function platformOf({ os, architecture, variant }: Json): Platform | undefined {
  if (typeof os !== 'string' || typeof architecture !== 'string') return undefined;
  return { os, architecture, ...(typeof variant === 'string' ? { variant } : {}) };
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function texts(value: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** What the index of referrers says of a manifest (OCI distribution-spec 1.1, "Listing Referrers"). */
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

/** An index of these, as a registry without the referrers API keeps it under the fallback tag. */
export function indexBytes(manifests: readonly Descriptor[]): Buffer {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests }));
}
