import { AppError } from '../model/app-error.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { Digest } from '../model/digest.ts';
import { append } from '../model/lists.ts';
import { MEDIA_TYPES } from '../model/media-types.ts';
import { fullName, type Repository } from '../model/reference.ts';
import { readAll } from './bodies.ts';
import { readFallbackTag } from './fallback-tag.ts';
import { MAX_MANIFEST_BYTES, readManifestFacts } from './manifest-json.ts';
import { pages } from './pages.ts';
import type { RegistrySession } from './types.ts';

/** Answers of registries that do not have the API. */
const NO_API = [404, 405, 501] as const;
/** An image has tens of signatures and SBOMs. */
const MAX_REFERRERS = 100_000;

/** Referrers to list. */
export interface ReferrersQuery {
  readonly of: Digest;
  readonly artifactType?: string;
}

/**
 * Lists the manifests whose `subject` is `of`: by the referrers API, else by its fallback tag (OCI distribution-spec 1.1,
 * "Listing Referrers").
 * @throws AppError LIMIT, UNSUPPORTED
 */
export async function listReferrers(
  session: RegistrySession,
  repository: Repository,
  { of, artifactType }: ReferrersQuery,
): Promise<readonly Descriptor[]> {
  const query = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`;
  const found =
    (await fromApi(session, repository, `referrers/${of}${query}`)) ??
    (await readFallbackTag(session, repository, of));
  const each = new Map(found.map((descriptor) => [descriptor.digest, descriptor]));
  // Registries may leave filtering to the client.
  return [...each.values()].filter(
    (referrer) => artifactType === undefined || referrer.artifactType === artifactType,
  );
}

/** Lists referrers by the API; undefined if the registry does not have it. */
async function fromApi(
  session: RegistrySession,
  repository: Repository,
  target: string,
): Promise<readonly Descriptor[] | undefined> {
  const out: Descriptor[] = [];
  const request = { repository, target, headers: { accept: MEDIA_TYPES.index }, accept: NO_API };
  for await (const response of pages(session, { ...request, wholeBytes: MAX_MANIFEST_BYTES })) {
    const bytes = await readAll(response);
    const type = response
      .header('content-type')
      .replace(/\s*;.*$/s, '')
      .toLowerCase();
    // A page for people is no answer either.
    if (response.status !== 200 || type !== MEDIA_TYPES.index) return undefined;
    append(out, readManifestFacts(bytes, type, `${fullName(repository)}: ${target}`).manifests);
    if (out.length > MAX_REFERRERS) {
      throw new AppError('LIMIT', `${fullName(repository)}: more than ${MAX_REFERRERS} referrers`);
    }
  }
  return out;
}
