import { isAppError } from '../model/app-error.ts';
import type { Reference } from '../model/reference.ts';
import { type NewManifest, putManifest } from './manifests.ts';
import { pause } from './retry.ts';
import type { RegistrySession } from './types.ts';

/** A registry that does not show a blob by then does not have it. */
const MAX_TRIES = 5;

/**
 * Puts a manifest whose blobs have been pushed. If the registry rejects it because a blob is missing, `pushBlobs` runs and the
 * manifest is tried again: docker-registry may hide a blob for a moment while another client pushes it as well.
 * @throws AppError as putManifest and `pushBlobs`
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
