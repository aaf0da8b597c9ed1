import { isAppError } from '../model/app-error.ts';
import type { Reference } from '../model/reference.ts';
import { type NewManifest, putManifest } from './manifests.ts';
import { pause } from './retry.ts';
import type { RegistrySession } from './types.ts';

/** A registry that still does not show a blob then does not have it. */
const MAX_TRIES = 5;

/**
 * Puts a manifest whose blobs were brought before. Refused for a blob that is not there, `bring` is called, and the manifest tried
 * again: docker-registry may not show a blob for an instant while somebody else brings it as well.
 * @throws AppError as putManifest and `bring`
 */
export async function putManifestWhenBlobsVisible(
  session: RegistrySession,
  reference: Reference,
  { pushBlobs, ...manifest }: NewManifest & { pushBlobs(): Promise<unknown> },
): Promise<void> {
  for (let tried = 0; ; tried++) {
    try {
      await putManifest(session, reference, manifest);
      return;
    } catch (error) {
      if (!isAppError(error, 'NOT_FOUND') || tried === MAX_TRIES) throw error;
      if (tried > 0) await pause({ ...session.retries, tried: tried - 1, signal: session.signal });
      await pushBlobs();
    }
  }
}
