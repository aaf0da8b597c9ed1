import { isAppError } from '../../model/app-error.ts';
import type { Trust } from '../sources/trust.ts';

/** Runs `verify`, and again after fetching a pinned key that it lacked. */
export type RetryWithKeys = <T>(verify: () => Promise<T>) => Promise<T>;

/**
 * Makes a function that runs verifications. The first one that fails because a pinned key is not in the cache has the keys
 * fetched, for all that run through the function; then each that failed runs once more. The failure is final if the trust does
 * not allow fetching, or if no pinned key was found.
 * @param fetchKeys one of fetch-keys.ts: resolves to whether a pinned key was found
 */
export function retryWithKeys(
  trust: Pick<Trust, 'mayFetchKeys'>,
  fetchKeys: () => Promise<boolean>,
): RetryWithKeys {
  let found: Promise<boolean> | undefined;
  return async (verify) => {
    try {
      return await verify();
    } catch (error) {
      if (!isAppError(error, 'UNTRUSTED_KEY') || !trust.mayFetchKeys) throw error;
      found ??= fetchKeys();
      if (!(await found)) throw error;
      return verify();
    }
  };
}
