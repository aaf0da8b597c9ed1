import { AppError, isAppError } from '../../model/app-error.ts';
import { fullName, type Reference, type Tag, withDigest } from '../../model/reference.ts';
import type { ContentReader } from '../../output/image-content.ts';
import { expectEqual } from '../../output/verify-layer.ts';
import { type BlobId, readBlob } from '../../registry/blobs.ts';
import { getManifest } from '../../registry/manifests.ts';
import { listTags } from '../../registry/tags.ts';
import type { RegistrySession } from '../../registry/types.ts';
import { nearestNames } from '../settings/nearest.ts';

/** Opens an image, or an index of images, in a registry. @throws AppError NOT_FOUND, AUTH, NETWORK, INTEGRITY, UNSUPPORTED */
export async function openRegistryContent(
  session: RegistrySession,
  reference: Reference,
): Promise<ContentReader> {
  const root = await getManifest(session, reference).catch(async (error: unknown) => {
    throw await withTags(session, reference, error);
  });
  return {
    name: fullName(reference),
    address: (digest) => fullName({ ...reference, tag: undefined, digest }),
    root,
    tags: reference.tag === undefined ? [] : [fullName({ ...reference, digest: undefined })],
    async document({ digest, mediaType, size }) {
      const { bytes } = await getManifest(session, withDigest(reference, digest), { accept: [mediaType] });
      expectEqual(`size of manifest ${digest}`, size, bytes.length);
      return bytes;
    },
    blob: (blob, offset) => readFrom(session, reference, { blob, offset }),
  };
}

/** Number of tags in a hint. */
const MAX_TAGS = 5;

/** Adds the existing tags to an error about an unknown one, if the registry lists them. */
async function withTags(session: RegistrySession, reference: Reference, error: unknown): Promise<unknown> {
  if (!isAppError(error, 'NOT_FOUND') || reference.tag === undefined || reference.digest !== undefined) {
    return error;
  }
  const name = fullName({ domain: reference.domain, path: reference.path });
  const hint = await listTags(session.withRetries(0), reference).then(
    (tags) => tagsHint(name, reference.tag as Tag, tags),
    (why: unknown) =>
      isAppError(why, 'NOT_FOUND') ? `Check the name: the repository ${name} does not exist.` : error.hint,
  );
  const { code, message, details } = error;
  return new AppError(code, message, { ...(hint === undefined ? {} : { hint }), details, cause: error });
}

function tagsHint(name: string, wanted: Tag, tags: readonly Tag[]): string {
  if (tags.length === 0) return `${name} has no tags.`;
  if (tags.length <= MAX_TAGS)
    return `Available: ${tags.length === 1 ? 'the tag' : 'the tags'} ${tags.join(', ')}.`;
  const nearest = nearestNames(wanted, tags, MAX_TAGS);
  const all = `List all ${tags.length}: compose tags ${name}`;
  return nearest.length === 0 ? all : `Did you mean ${nearest.join(', ')}? ${all}`;
}

/** The whole blob is read, since its digest covers all of it. */
async function* readFrom(
  session: RegistrySession,
  reference: Reference,
  { blob, offset }: { readonly blob: BlobId; readonly offset: number },
): AsyncGenerator<Uint8Array> {
  let skip = offset;
  for await (const chunk of readBlob(session, reference, blob)) {
    if (skip < chunk.length) yield chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.length);
  }
}
