import { AppError } from '../model/app-error.ts';
import type { Digest } from '../model/digest.ts';
import type { BlobFile } from './checked-read.ts';

/** AppError INTEGRITY: a blob of a store is missing, or its bytes are not those of its digest. */
export class DamagedBlobError extends AppError {
  readonly digest: Digest;

  /** @param got what was found instead: a size or a digest */
  constructor({ digest, sizeBytes, path }: BlobFile, got: string) {
    super('INTEGRITY', `damaged blob ${digest} (${path}): expected ${sizeBytes} bytes, got ${got}`, {
      hint: 'Run `compose cache verify --repair`, then try again.',
      details: { digest, path, expected: sizeBytes, got },
    });
    this.digest = digest;
  }
}

/** AppError NOT_FOUND: a blob that is needed is not in the store; it may have been removed in the meantime. */
export class MissingBlobError extends AppError {
  readonly digest: Digest;

  /** @param where the store: a folder, or a repository of a registry */
  constructor(digest: Digest, where: string) {
    super('NOT_FOUND', `${where}: blob ${digest} not found`, { details: { digest } });
    this.digest = digest;
  }
}
