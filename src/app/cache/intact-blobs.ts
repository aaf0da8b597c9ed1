import { type AppError, isAppError } from '../../model/app-error.ts';
import { DamagedBlobError, MissingBlobError } from '../../store/blob-errors.ts';
import type { Context } from '../context.ts';

/** If gc interferes every time, somebody wants an empty cache; if blobs are damaged every time, the disk is broken. */
const MAX_ATTEMPTS = 5;

/**
 * Runs `work`, which adds blobs to the cache and reads them there. Runs it again if a blob turned out to be damaged, after
 * removing that, or if another process's gc removed a blob in between: `work` then fetches or makes it anew.
 * @throws what `work` throws; DamagedBlobError if the damaged blob cannot be fetched again
 */
export async function withIntactBlobs<T>(
  context: Pick<Context, 'progress' | 'store'>,
  work: () => Promise<T>,
): Promise<T> {
  let damage: DamagedBlobError | undefined;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (damage !== undefined && isOutOfReach(error)) throw damage;
      if (attempt === MAX_ATTEMPTS) throw error;
      if (error instanceof DamagedBlobError) {
        damage = error;
        context.progress.note(`${error.message}; fetching it again`);
        await context.store.remove(error.digest);
      } else if (!wasCollected(context, error)) throw error;
    }
  }
}

function isOutOfReach(error: unknown): error is AppError {
  return isAppError(error, 'NETWORK') || isAppError(error, 'NOT_FOUND');
}

function wasCollected(context: Pick<Context, 'store'>, error: unknown): boolean {
  return error instanceof MissingBlobError && !context.store.has(error.digest);
}
