import { isAppError } from '../../model/app-error.ts';
import {
  algorithmOf,
  type ContentDigest,
  contentDigest,
  contentDigestOf,
} from '../../model/content-digest.ts';
import { isTagName } from '../../model/reference.ts';
import type { Exchange } from '../http/exchange.ts';
import { HttpError } from '../http/http-error.ts';
import { receiveAll } from '../http/receive.ts';
import { respond } from '../http/respond.ts';
import { type ManifestDocument, readManifestDocument } from './manifest-document.ts';
import { manifestReference } from './names.ts';
import { unknownBlob, unknownManifest } from './pull.ts';
import type { Target } from './registry.ts';
import type { StoredContent } from './stored-content.ts';

/** OCI distribution-spec, "Pushing Manifests": at least so much should be possible; clients take no more. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
/** Tags of one request; the specification asks for ten. */
const MAX_TAGS = 100;

/** Stores a manifest under its digest and its tags, if the repository has everything that it refers to. */
export async function putManifest(
  { writer }: StoredContent,
  exchange: Exchange,
  { repository, text }: Target,
): Promise<void> {
  const reference = manifestReference(text);
  if (reference === undefined)
    throw new HttpError(400, 'MANIFEST_INVALID', `neither a tag nor a sha256 or sha512 digest: ${text}`);
  const tags = 'tag' in reference ? [reference.tag] : tagsOf(exchange.query);
  const bytes = await receiveAll(exchange, MAX_MANIFEST_BYTES);
  const digest = contentDigestOf(bytes, 'tag' in reference ? 'sha256' : algorithmOf(reference.digest));
  if ('digest' in reference && reference.digest !== digest)
    throw new HttpError(400, 'DIGEST_INVALID', `expected a manifest with ${reference.digest}, got ${digest}`);
  exchange.digest = digest;
  const document = readDocument(bytes, exchange);
  const { mediaType, subject = '', blobs, manifests, optional } = document;
  const missing = await writer.run('putManifest', {
    ...{ repository, digest, mediaType, bytes, tags, subject, blobs, manifests, optional },
    referrer: subject === '' ? '' : referrerOf(document, digest, bytes.length),
  });
  if (missing.length > 0) throw unknownContent(repository, missing);
  respond(exchange, 201, {
    location: `/v2/${repository}/manifests/${digest}`,
    'docker-content-digest': digest,
    ...(subject === '' ? {} : { 'oci-subject': subject }),
    ...('digest' in reference && tags.length > 0 ? { 'oci-tag': tags } : {}),
  });
}

/** Deletes a tag, or a manifest with all its tags. */
export async function deleteManifest(
  { writer }: StoredContent,
  exchange: Exchange,
  target: Target,
): Promise<void> {
  const { repository, text } = target;
  const reference = manifestReference(text);
  if (reference === undefined) throw unknownManifest(target);
  const isDeleted =
    'tag' in reference
      ? await writer.run('deleteTag', { repository, tag: reference.tag })
      : await writer.run('deleteManifest', { repository, digest: reference.digest });
  if (!isDeleted) throw unknownManifest(target);
  respond(exchange, 202, {});
}

/** Takes a blob away from a repository, unless one of its manifests needs it. */
export async function deleteBlob(
  { writer }: StoredContent,
  exchange: Exchange,
  target: Target,
): Promise<void> {
  const { repository, text } = target;
  const digest = contentDigest(text);
  const result = digest === undefined ? 'unknown' : await writer.run('deleteBlob', { repository, digest });
  if (result === 'unknown') throw unknownBlob(target);
  if (typeof result === 'object')
    throw new HttpError(405, 'DENIED', `the manifest ${result.usedBy} needs this blob; delete that first`, {
      headers: { allow: 'GET, HEAD' },
    });
  respond(exchange, 202, {});
}

/** @throws HttpError 400, 414 */
function tagsOf(query: URLSearchParams): readonly string[] {
  const tags = [...new Set(query.getAll('tag'))];
  const wrong = tags.find((tag) => !isTagName(tag));
  if (wrong !== undefined) throw new HttpError(400, 'TAG_INVALID', `not a tag: ${JSON.stringify(wrong)}`);
  if (tags.length <= MAX_TAGS) return tags;
  throw new HttpError(414, 'TAG_INVALID', `expected at most ${MAX_TAGS} tags, got ${tags.length}`);
}

/** @throws HttpError 400 */
function readDocument(bytes: Uint8Array, { request }: Exchange): ManifestDocument {
  const [contentType = ''] = (request.headers['content-type'] ?? '').split(';');
  try {
    return readManifestDocument(bytes, contentType.trim());
  } catch (error) {
    if (!isAppError(error)) throw error;
    throw new HttpError(400, 'MANIFEST_INVALID', error.message, { cause: error });
  }
}

function referrerOf(document: ManifestDocument, digest: ContentDigest, size: number): string {
  const { mediaType, artifactType, annotations } = document;
  return JSON.stringify({ mediaType, digest, size, artifactType, annotations });
}

/** The answer to a manifest of many thousand blobs is not as large as the manifest. */
const MAX_NAMED = 100;

function unknownContent(repository: string, missing: readonly ContentDigest[]): HttpError {
  const named = missing.slice(0, MAX_NAMED);
  const more = missing.length > MAX_NAMED ? ` and ${missing.length - MAX_NAMED} more` : '';
  const text = `${repository} has no ${named.join(', ')}${more}; push what a manifest refers to before the manifest`;
  return new HttpError(400, 'MANIFEST_BLOB_UNKNOWN', text, {
    detail: named.map((digest) => ({ digest })),
  });
}
