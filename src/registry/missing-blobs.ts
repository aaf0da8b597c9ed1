import { isAppError } from '../model/app-error.ts';
import { digestOf } from '../model/digest.ts';
import { type Repository, withDigest } from '../model/reference.ts';
import { MissingBlobsError } from './manifest-errors.ts';
import { type NewManifest, putManifest } from './manifests.ts';
import type { RegistrySession } from './types.ts';

/** Of an error response with more errors, not all are read. */
const MAX_MISSING = 16;

/**
 * Asks in one request which blobs of a manifest a repository lacks: the manifest is put by its digest, and a registry that verifies
 * manifests rejects it with the digests of what is missing. Undefined if the answer does not say so: the registry has taken the
 * manifest, perhaps without looking, has rejected it for another reason, or too many are missing.
 * @throws AppError CANCELLED
 */
export async function missingBlobs(
  session: RegistrySession,
  repository: Repository,
  manifest: NewManifest,
): Promise<ReadonlySet<string> | undefined> {
  try {
    await putManifest(session.withRetries(0), withDigest(repository, digestOf(manifest.bytes)), manifest);
    return undefined;
  } catch (error) {
    if (!isAppError(error) || error.code === 'CANCELLED') throw error;
    const missing = error instanceof MissingBlobsError ? error.missing : [];
    return missing.length === 0 || missing.length > MAX_MISSING ? undefined : new Set(missing);
  }
}
