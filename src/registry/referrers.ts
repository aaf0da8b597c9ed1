import type { Descriptor } from '../model/descriptor.ts';
import type { Digest } from '../model/digest.ts';
import type { Repository } from '../model/reference.ts';
import type { RegistrySession } from './session.ts';

/** Manifests whose `subject` is `of`: by the referrers API, else by its fallback tag. Empty when there are none. */
export async function listReferrers(
  _session: RegistrySession,
  _repository: Repository,
  _query: { readonly of: Digest; readonly artifactType?: string },
): Promise<readonly Descriptor[]> {
  throw new Error('being written');
}
