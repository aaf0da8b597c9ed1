import { type ContentDigest, contentDigest } from '../../model/content-digest.ts';
import { parseJsonOr } from '../../model/json.ts';
import { type JsonObject, jsonReaders } from '../../model/json-readers.ts';
import { MEDIA_TYPES } from '../../model/media-types.ts';

const IMAGE_TYPES: readonly string[] = [
  MEDIA_TYPES.manifest,
  'application/vnd.docker.distribution.manifest.v2+json',
];
const INDEX_TYPES: readonly string[] = [
  MEDIA_TYPES.index,
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
/** Layers that a registry need not have (OCI image-spec, "Non-Distributable Layers"; Docker's foreign layers). */
const ELSEWHERE = /\.nondistributable\.|\.foreign\./;

/** What a registry has to know of a manifest. */
export interface ManifestDocument {
  readonly mediaType: string;
  /** Config and layers */
  readonly blobs: readonly ContentDigest[];
  /** Manifests of an index */
  readonly manifests: readonly ContentDigest[];
  /** Layers that may be missing */
  readonly optional: readonly ContentDigest[];
  readonly subject: ContentDigest | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

const { list, malformed, object, optionalText, text, texts } = jsonReaders('UNSUPPORTED');

/**
 * Reads an image manifest or an index, of OCI or of Docker.
 * @param contentType as the client names it; empty or `application/json` if it does not
 * @throws AppError UNSUPPORTED, LIMIT if it is something else, or one reader would take it for a manifest and another for an index
 * (CVE-2021-41190)
 */
export function readManifestDocument(bytes: Uint8Array, contentType: string): ManifestDocument {
  const json = object(parseJsonOr(bytes, 'manifest'), 'manifest');
  const mediaType = typeOf(json, contentType);
  const isIndex = INDEX_TYPES.includes(mediaType);
  if (!isIndex && !IMAGE_TYPES.includes(mediaType))
    throw malformed('manifest: mediaType', 'a manifest or an index of OCI or Docker', mediaType);
  if (json.schemaVersion !== 2) throw malformed('manifest: schemaVersion', '2', json.schemaVersion);
  for (const alien of isIndex ? ['config', 'layers'] : ['manifests'])
    if (json[alien] !== undefined) throw malformed('manifest', `no ${alien} in ${mediaType}`, alien);
  const layers = isIndex ? [] : descriptors(json.layers, 'layers');
  const config = isIndex ? undefined : descriptor(json.config, 'manifest: config');
  const isElsewhere = (one: Content) => ELSEWHERE.test(one.mediaType);
  return {
    mediaType,
    blobs: [...(config === undefined ? [] : [config]), ...layers.filter((one) => !isElsewhere(one))].map(
      digestOf,
    ),
    manifests: isIndex ? descriptors(json.manifests, 'manifests').map(digestOf) : [],
    optional: layers.filter(isElsewhere).map(digestOf),
    subject: json.subject == null ? undefined : descriptor(json.subject, 'manifest: subject').digest,
    artifactType:
      optionalText(json.artifactType, 'manifest: artifactType') ?? (config?.mediaType || undefined),
    annotations: json.annotations == null ? undefined : texts(json.annotations, 'manifest: annotations'),
  };
}

/** The client's word and the document's own have to agree; a manifest without either is known by its shape. */
function typeOf(json: JsonObject, contentType: string): string {
  const own = optionalText(json.mediaType, 'manifest: mediaType');
  const said = contentType === 'application/json' || contentType === '' ? undefined : contentType;
  if (own !== undefined && said !== undefined && own !== said)
    throw malformed('manifest: mediaType', `${said}, which is its Content-Type`, own);
  return said ?? own ?? (json.manifests === undefined ? MEDIA_TYPES.manifest : MEDIA_TYPES.index);
}

interface Content {
  readonly mediaType: string;
  readonly digest: ContentDigest;
}

function descriptors(value: unknown, name: string): readonly Content[] {
  return list(value, `manifest: ${name}`).map((one, index) => descriptor(one, `manifest: ${name}[${index}]`));
}

function descriptor(value: unknown, where: string): Content {
  const json = object(value, where);
  const digest = contentDigest(text(json.digest, `${where}: digest`));
  if (digest === undefined) throw malformed(`${where}: digest`, 'a sha256 or sha512 digest', json.digest);
  return { mediaType: optionalText(json.mediaType, `${where}: mediaType`) ?? '', digest };
}

function digestOf({ digest }: Content): ContentDigest {
  return digest;
}
