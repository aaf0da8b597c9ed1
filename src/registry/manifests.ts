import { contentLength } from '../fetch/exchange.ts';
import { AppError, isAppError } from '../model/app-error.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { type Digest, digestOf, parseDigest } from '../model/digest.ts';
import { MEDIA_TYPES } from '../model/media-types.ts';
import { fullName, type Reference } from '../model/reference.ts';
import { bytesBody, readAll } from './bodies.ts';
import { changeFallbackTag, readFallbackTag } from './fallback-tag.ts';
import { explainDeletion, explainMissing } from './manifest-errors.ts';
import { MAX_MANIFEST_BYTES, readManifestFacts, referrerDescriptor } from './manifest-json.ts';
import type { RegistryRequest, RegistryResponse, RegistrySession } from './types.ts';

/**
 * Media types of the Accept header: docker-registry answers 404 to a request that does not name the manifest's type. Docker's
 * v2s2 types are left in registries by older pushes; they are read, never written.
 */
const MANIFEST_TYPES: readonly string[] = [
  MEDIA_TYPES.manifest,
  MEDIA_TYPES.index,
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

/** A manifest as the registry has it. */
export interface RemoteManifest {
  /** mediaType, digest, size */
  readonly descriptor: Descriptor;
  /** Exactly the bytes of the digest */
  readonly bytes: Buffer;
}

/** Kinds of manifests that are accepted. */
export interface ManifestOptions {
  /** The only media types that are requested and accepted; default: OCI and Docker v2s2 manifests and indexes */
  readonly accept?: readonly string[];
}

/**
 * Returns the descriptor of a manifest; undefined if it does not exist. If the registry reports no digest or size, the manifest
 * is read.
 * @throws AppError INTEGRITY (another digest than requested), UNSUPPORTED (media type)
 */
export async function headManifest(
  session: RegistrySession,
  reference: Reference,
  options: ManifestOptions = {},
): Promise<Descriptor | undefined> {
  const response = await session.send({ ...request(reference, options), method: 'HEAD', accept: [404] });
  await response.discard();
  if (response.status === 404) return undefined;
  const named = namedDigest(response);
  if (reference.digest !== undefined && named !== undefined) expectDigest(reference, reference.digest, named);
  const digest = reference.digest ?? named;
  const size = contentLength(response);
  if (digest === undefined || size === undefined) {
    return (await getManifest(session, reference, options)).descriptor;
  }
  return { mediaType: contentType(response, reference, options), digest, size };
}

/** Reads a manifest. @throws AppError NOT_FOUND, INTEGRITY (bytes of another digest), LIMIT (over 4 MiB), UNSUPPORTED (media type) */
export async function getManifest(
  session: RegistrySession,
  reference: Reference,
  options: ManifestOptions = {},
): Promise<RemoteManifest> {
  try {
    return await readManifest(session, reference, options);
  } catch (error) {
    if (!isAppError(error, 'INTEGRITY')) throw error;
    // Damaged on the way, or an old copy of a cache: if a second answer is the same, the registry has it so.
    return readManifest(session, reference, options);
  }
}

async function readManifest(
  session: RegistrySession,
  reference: Reference,
  options: ManifestOptions,
): Promise<RemoteManifest> {
  const asked = { ...request(reference, options), method: 'GET', wholeBytes: MAX_MANIFEST_BYTES } as const;
  const response = await session.send(asked);
  const bytes = await readAll(response);
  const digest = digestOf(bytes);
  expectDigest(reference, reference.digest ?? namedDigest(response) ?? digest, digest);
  const mediaType = contentType(response, reference, options);
  readManifestFacts(bytes, mediaType, fullName(reference));
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
}

/** A manifest to push. */
export interface NewManifest {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/**
 * Puts a manifest under its digest and under the tag of the reference, if any. A manifest with a `subject` is added to the
 * subject's fallback tag if the registry keeps no referrers itself.
 * @throws AppError NOT_FOUND (a blob or manifest that it lists is missing), LIMIT, INTEGRITY (not the reference's digest)
 */
export async function putManifest(
  session: RegistrySession,
  reference: Reference,
  { mediaType, bytes }: NewManifest,
): Promise<{ readonly digest: Digest }> {
  const where = fullName(reference);
  const digest = digestOf(bytes);
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new AppError(
      'LIMIT',
      `${where}: expected a manifest of at most ${MAX_MANIFEST_BYTES} bytes, as registries accept, got ${bytes.byteLength}`,
    );
  }
  expectDigest(reference, reference.digest ?? digest, digest);
  const facts = readManifestFacts(bytes, mediaType, where);
  const response = await session
    .send({
      method: 'PUT',
      repository: reference,
      target: `manifests/${reference.tag ?? digest}`,
      headers: { 'content-type': mediaType },
      body: bytesBody(bytes),
    })
    .catch((error) => {
      throw explainMissing(error, where);
    });
  await response.discard();
  expectDigest(reference, digest, namedDigest(response) ?? digest);
  if (facts.subject !== undefined && response.header('oci-subject') === '') {
    const own = referrerDescriptor(bytes, mediaType, facts);
    await changeFallbackTag(session, reference, {
      subject: facts.subject.digest,
      change: (list) => (list.some((referrer) => referrer.digest === digest) ? list : [...list, own]),
    });
  }
  return { digest };
}

/**
 * Deletes a manifest by digest, or the tag alone; returns false if it did not exist. A manifest with a `subject` is removed from
 * the fallback tag as well.
 * @throws AppError UNSUPPORTED if the registry does not allow deletion
 */
export async function deleteManifest(session: RegistrySession, reference: Reference): Promise<boolean> {
  const subject = reference.digest === undefined ? undefined : await subjectOf(session, reference);
  const target = `manifests/${reference.digest ?? reference.tag}`;
  const response = await session
    .send({ method: 'DELETE', repository: reference, target, accept: [404] })
    .catch((error) => {
      throw explainDeletion(error, reference);
    });
  await response.discard();
  if (response.status === 404) return false;
  if (subject !== undefined) {
    const without = (list: readonly Descriptor[]): readonly Descriptor[] =>
      list.some(({ digest }) => digest === reference.digest)
        ? list.filter(({ digest }) => digest !== reference.digest)
        : list;
    // If the registry keeps referrers itself, there is no such tag and nothing changes.
    const list = await readFallbackTag(session, reference, subject);
    if (without(list) !== list) await changeFallbackTag(session, reference, { subject, change: without });
  }
  return true;
}

async function subjectOf(session: RegistrySession, reference: Reference): Promise<Digest | undefined> {
  try {
    const { bytes, descriptor } = await getManifest(session, reference);
    return readManifestFacts(bytes, descriptor.mediaType, fullName(reference)).subject?.digest;
  } catch (error) {
    // Damaged or missing: the deletion reports which.
    if (
      isAppError(error, 'NOT_FOUND') ||
      isAppError(error, 'INTEGRITY') ||
      isAppError(error, 'UNSUPPORTED')
    ) {
      return undefined;
    }
    throw error;
  }
}

function request(
  reference: Reference,
  { accept = MANIFEST_TYPES }: ManifestOptions,
): Pick<RegistryRequest, 'repository' | 'target' | 'headers'> {
  return {
    repository: reference,
    target: `manifests/${reference.digest ?? reference.tag}`,
    headers: { accept: accept.join(', ') },
  };
}

/** Returns the digest that the registry reports; one of another algorithm is ignored, since ours is computed from the bytes. */
function namedDigest(response: Pick<RegistryResponse, 'header'>): Digest | undefined {
  const text = response.header('docker-content-digest');
  return /^sha256:[0-9a-f]{64}$/.test(text) ? parseDigest(text) : undefined;
}

function expectDigest(reference: Reference, expected: Digest, got: Digest): void {
  if (expected === got) return;
  throw new AppError('INTEGRITY', `${fullName(reference)}: expected the manifest ${expected}, got ${got}`, {
    details: { expected, got },
  });
}

function contentType(
  response: RegistryResponse,
  reference: Reference,
  { accept = MANIFEST_TYPES }: ManifestOptions,
): string {
  const type = response
    .header('content-type')
    .replace(/\s*;.*$/s, '')
    .trim()
    .toLowerCase();
  if (accept.includes(type)) return type;
  throw new AppError(
    'UNSUPPORTED',
    `${fullName(reference)}: expected ${accept.join(' or ')}, got ${type === '' ? 'no Content-Type' : JSON.stringify(type.slice(0, 200))}`,
    { details: { expected: accept, got: type } },
  );
}
