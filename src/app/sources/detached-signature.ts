import { fetchBytes } from '../../fetch/http.ts';
import { isAppError } from '../../model/app-error.ts';
import type { Context } from '../context.ts';
import { besideUrl } from './oci-url.ts';
import type { Sources } from './sources.ts';

/** A detached OpenPGP signature is a few hundred bytes. */
export const MAX_SIGNATURE_BYTES = 64 * 1024;

/** Fetches `<file>.sig` beside a file; undefined if there is none. @throws AppError NETWORK, LIMIT */
export async function readDetachedSignature(
  context: Context,
  { files }: Pick<Sources, 'files'>,
  url: string,
): Promise<Buffer | undefined> {
  try {
    const result = await fetchBytes([besideUrl(url, '.sig')], {
      remote: files,
      signal: context.signal,
      maxBytes: MAX_SIGNATURE_BYTES,
    });
    return result.modified ? result.bytes : undefined;
  } catch (error) {
    if (isAppError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}
