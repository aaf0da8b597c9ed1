import { mapConcurrent } from '../../fetch/pool.ts';
import { AppError, isAppError } from '../../model/app-error.ts';
import type { Digest } from '../../model/digest.ts';
import { fullName, parseReference, type Reference, withDigest, withTag } from '../../model/reference.ts';
import type { RegistryAccess, RemoveReport } from '../../model/registry.ts';
import { deleteManifest, headManifest } from '../../registry/manifests.ts';
import { listTags } from '../../registry/tags.ts';
import type { RegistrySession } from '../../registry/types.ts';
import { type RegistryContext, withRegistries } from '../registries/sessions.ts';

/** Number of small requests at a time. */
const PARALLEL = 6;
/** Number of tags that a message lists; its details have all. */
const MAX_NAMED = 6;

/**
 * Removes a manifest with all its tags, if the reference has a digest. Otherwise removes the tag alone if the registry can do
 * that, else the manifest, unless it has other tags as well.
 * @throws AppError NOT_FOUND, UNSUPPORTED (deletion is off), CONFLICT (other tags would go too)
 */
export async function remove(
  context: RegistryContext,
  request: { readonly reference: string; readonly access: RegistryAccess },
): Promise<RemoveReport> {
  const reference = parseReference(request.reference);
  return withRegistries(context, request, async (session) => {
    const digest =
      reference.digest === undefined
        ? await removeTag(session, reference)
        : await removeManifest(session, reference, reference.digest);
    return { reference: fullName(reference), digest };
  });
}

async function removeManifest(
  session: RegistrySession,
  reference: Reference,
  digest: Digest,
): Promise<Digest> {
  if (await deleteManifest(session, withDigest(reference, digest))) return digest;
  throw notThere(reference);
}

async function removeTag(session: RegistrySession, reference: Reference): Promise<Digest | null> {
  const found = await headManifest(session, reference);
  if (found === undefined) throw notThere(reference);
  try {
    if (await deleteManifest(session, reference)) return null;
  } catch (error) {
    if (!isAppError(error, 'UNSUPPORTED')) throw error;
  }
  const others = await otherTags(session, reference, found.digest);
  if (others.length > 0) {
    const named = others.slice(0, MAX_NAMED).join(', ');
    const more = others.length > MAX_NAMED ? ` and ${others.length - MAX_NAMED} more` : '';
    throw new AppError(
      'CONFLICT',
      `${fullName(reference)}: this registry can only delete whole manifests, which would also remove ${named}${more}`,
      {
        hint: `To do that anyway: compose rm ${fullName(withDigest(reference, found.digest))}`,
        details: { digest: found.digest, tags: others },
      },
    );
  }
  return removeManifest(session, reference, found.digest);
}

/** Lists the other tags of the same manifest. */
async function otherTags(
  session: RegistrySession,
  reference: Reference,
  digest: Digest,
): Promise<readonly string[]> {
  const tags = (await listTags(session, reference)).filter((tag) => tag !== reference.tag);
  const same = await mapConcurrent(tags, PARALLEL, async (tag) => {
    const found = await headManifest(session, withTag(reference, tag));
    return found?.digest === digest;
  });
  return tags.filter((_, index) => same[index]);
}

function notThere(reference: Reference): AppError {
  return new AppError('NOT_FOUND', `${fullName(reference)}: no such manifest`, {
    hint: `List the existing tags: compose tags ${fullName({ domain: reference.domain, path: reference.path })}`,
    details: { reference: fullName(reference) },
  });
}
