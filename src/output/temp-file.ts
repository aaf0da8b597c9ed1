import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../files/errno.ts';

/** A name in `folder` that nothing has; what `use` leaves there is removed, also when the process exits meanwhile. */
export async function withTempFile<T>(folder: string, use: (temp: string) => Promise<T>): Promise<T> {
  const temp = join(folder, `.compose-${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
  const discard = () => {
    try {
      unlinkSync(temp);
    } catch {
      // It was never made, or has its name by now.
    }
  };
  process.once('exit', discard);
  try {
    return await use(temp);
  } finally {
    process.removeListener('exit', discard);
    discard();
  }
}

/** File systems that cannot sync a folder say one of these. */
const NO_SYNC = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EACCES', 'EPERM']);

/** Names that were given in a folder are on disk afterwards. */
export function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } catch (error) {
    if (!NO_SYNC.has(errnoOf(error) ?? '')) throw error;
  } finally {
    closeSync(descriptor);
  }
}
