import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../files/errno.ts';

/** Passes an unused file name in `folder` to `use`. A file left at that name is removed, also if the process exits meanwhile. */
export async function withTempFile<T>(folder: string, use: (temp: string) => Promise<T>): Promise<T> {
  const temp = join(folder, `.compose-${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
  const discard = () => {
    try {
      unlinkSync(temp);
    } catch {
      // It was never made, or has been renamed.
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

/** Errors of file systems that cannot sync a folder. */
const NO_SYNC = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EACCES', 'EPERM']);

/** Flushes a folder's entries to disk, if the file system can. @throws the system's error */
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
