import type { Descriptor } from '../model/descriptor.ts';
import type { Digest } from '../model/digest.ts';
import type { Reference } from '../model/reference.ts';
import type { RegistrySession } from './session.ts';

export interface RemoteManifest {
  /** mediaType, digest, size */
  readonly descriptor: Descriptor;
  /** Exactly the bytes of the digest */
  readonly bytes: Buffer;
}

export interface ManifestOptions {
  /** Media types that are asked for; default: OCI and Docker v2s2 manifests and indexes */
  readonly accept?: readonly string[];
}

/** Undefined when there is none. */
export async function headManifest(
  _session: RegistrySession,
  _reference: Reference,
  _options: ManifestOptions = {},
): Promise<Descriptor | undefined> {
  throw new Error('being written');
}

/** @throws AppError NOT_FOUND, INTEGRITY (not the bytes of the digest), LIMIT (over 4 MiB), UNSUPPORTED (media type) */
export async function getManifest(
  _session: RegistrySession,
  _reference: Reference,
  _options: ManifestOptions = {},
): Promise<RemoteManifest> {
  throw new Error('being written');
}

/**
 * Under the reference's digest and, where there is one, its tag. A manifest with a `subject` is added to the subject's
 * fallback tag where the registry keeps no referrers itself.
 * @throws AppError NOT_FOUND (MANIFEST_BLOB_UNKNOWN: a blob that it names is not there)
 */
export async function putManifest(
  _session: RegistrySession,
  _reference: Reference,
  _manifest: { readonly mediaType: string; readonly bytes: Uint8Array },
): Promise<{ readonly digest: Digest }> {
  throw new Error('being written');
}

/** By digest, else by tag. False when it was not there. @throws AppError UNSUPPORTED when the registry does not delete */
export async function deleteManifest(_session: RegistrySession, _reference: Reference): Promise<boolean> {
  throw new Error('being written');
}
