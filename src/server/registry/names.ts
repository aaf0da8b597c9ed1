import { type ContentDigest, contentDigest } from '../../model/content-digest.ts';
import { isTagName } from '../../model/reference.ts';
import type { ManifestReference } from '../content.ts';
import { HttpError } from '../http/http-error.ts';

/** OCI distribution-spec, "Pulling manifests". */
const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
/** Clients refuse longer ones, and count the registry's host too. */
const MAX_NAME_LENGTH = 255;

/** Checks the name of a repository. @throws HttpError 400 */
export function checkName(name: string): void {
  if (name.length <= MAX_NAME_LENGTH && NAME.test(name)) return;
  throw new HttpError(400, 'NAME_INVALID', `not the name of a repository: ${JSON.stringify(name)}`);
}

/** Reads what follows `/manifests/`; undefined if it is neither a tag nor a digest. */
export function manifestReference(text: string): ManifestReference | undefined {
  const digest = contentDigest(text);
  if (digest !== undefined) return { digest };
  return isTagName(text) ? { tag: text } : undefined;
}

/** Reads a digest of something that is pushed. @throws HttpError 400 */
export function pushedDigest(text: string): ContentDigest {
  const digest = contentDigest(text);
  if (digest !== undefined) return digest;
  throw new HttpError(400, 'DIGEST_INVALID', `not a sha256 or sha512 digest: ${JSON.stringify(text)}`);
}
