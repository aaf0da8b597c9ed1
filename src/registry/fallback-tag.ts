import { AppError } from '../model/app-error.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { Digest } from '../model/digest.ts';
import { MEDIA_TYPES } from '../model/media-types.ts';
import { fullName, parseTagName, type Reference, type Repository, withTag } from '../model/reference.ts';
import { bytesBody, readAll } from './bodies.ts';
import { indexBytes, MAX_MANIFEST_BYTES, readManifestFacts } from './manifest-json.ts';
import { pause } from './retry.ts';
import type { RegistrySession } from './types.ts';

/** Maximum number of concurrent writes that are tolerated. */
const MAX_ROUNDS = 8;

/** Tag under which registries without the referrers API keep the list (OCI distribution-spec 1.1, "Referrers Tag Schema"). */
function fallbackTag(repository: Repository, subject: Digest): Reference {
  return withTag(repository, parseTagName(subject.replace(':', '-')));
}

/** Reads the list of referrers; empty if there is no such tag. @throws AppError UNSUPPORTED if the tag is not an index */
export async function readFallbackTag(
  session: RegistrySession,
  repository: Repository,
  subject: Digest,
): Promise<readonly Descriptor[]> {
  const reference = fallbackTag(repository, subject);
  const response = await session.send({
    method: 'GET',
    repository,
    target: `manifests/${reference.tag}`,
    headers: { accept: MEDIA_TYPES.index },
    accept: [404],
    wholeBytes: MAX_MANIFEST_BYTES,
  });
  const bytes = await readAll(response);
  return response.status === 404
    ? []
    : readManifestFacts(bytes, MEDIA_TYPES.index, fullName(reference)).manifests;
}

/** A change to the list of referrers of `subject`. */
export interface FallbackChange {
  readonly subject: Digest;
  /** Returns the changed list, or the same array if nothing changes */
  change(list: readonly Descriptor[]): readonly Descriptor[];
}

/** Changes under way, by repository and subject: this process makes the changes of one list in sequence. */
const inFlight = new Map<string, Promise<void>>();

/**
 * Changes the list of referrers. A registry has no conditional writes, so the list is read again until it is as it should be:
 * entries that a concurrent writer dropped are written again.
 * @throws AppError CONFLICT if other writers interfere every time
 */
export async function changeFallbackTag(
  session: RegistrySession,
  repository: Repository,
  wanted: FallbackChange,
): Promise<void> {
  const key = fullName(fallbackTag(repository, wanted.subject));
  const before = inFlight.get(key) ?? Promise.resolve();
  const mine = before.catch(() => {}).then(() => writeUntilSettled(session, repository, wanted));
  inFlight.set(key, mine);
  try {
    await mine;
  } finally {
    if (inFlight.get(key) === mine) inFlight.delete(key);
  }
}

async function writeUntilSettled(
  session: RegistrySession,
  repository: Repository,
  { subject, change }: FallbackChange,
): Promise<void> {
  const reference = fallbackTag(repository, subject);
  for (let tried = 0; tried < MAX_ROUNDS; tried++) {
    const list = await readFallbackTag(session, repository, subject);
    const next = change(list);
    if (next === list) return;
    if (tried > 0) await pause({ ...session.retries, tried, signal: session.signal });
    const response = await session.send({
      method: 'PUT',
      repository,
      target: `manifests/${reference.tag}`,
      headers: { 'content-type': MEDIA_TYPES.index },
      body: bytesBody(indexBytes(next)),
    });
    await response.discard();
  }
  throw new AppError(
    'CONFLICT',
    `${fullName(reference)}: the list of referrers changed during every attempt to update it`,
    {
      hint: 'Try again.',
    },
  );
}
