import { isAppError } from '../../model/app-error.ts';
import { parseReference } from '../../model/reference.ts';
import type { PushTarget } from '../../model/registry.ts';
import { headManifest } from '../../registry/manifests.ts';
import type { Context } from '../context.ts';
import { withRegistries } from '../registries/sessions.ts';

/**
 * Asks each registry that an image will be pushed to for one of the image's names, so that a registry that cannot be reached
 * is reported before packages are fetched and not after. Other errors are left to the push.
 * @throws AppError NETWORK, CANCELLED
 */
export async function expectRegistries(context: Context, push: PushTarget): Promise<void> {
  const names = push.references.map(parseReference);
  const oneOfEach = [...new Map(names.map((name) => [name.domain, name])).values()];
  await withRegistries(context, push, async (session) => {
    for (const name of oneOfEach) {
      try {
        await headManifest(session, name);
      } catch (error) {
        if (!isAppError(error) || error.code === 'NETWORK' || error.code === 'CANCELLED') throw error;
      }
    }
  });
}
