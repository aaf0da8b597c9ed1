import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { errnoOf } from '../files/errno.ts';
import type { Digest } from '../model/digest.ts';
import { DamagedBlobError } from './blob-errors.ts';

/** A blob and the file that should hold it. */
export interface BlobFile {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly path: string;
}

/** Small files take no more memory than their size; large ones take few calls. */
const MAX_READ_BYTES = 1 << 20;

/** Hashes a blob's bytes as they pass; `finish` checks that they were the blob's. */
export class BlobCheck {
  readonly #blob: BlobFile;
  readonly #hash = createHash('sha256');
  #sizeBytes = 0;

  constructor(blob: BlobFile) {
    this.#blob = blob;
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#sizeBytes += bytes.length;
  }

  /** Checks size and digest. @throws DamagedBlobError */
  finish(): void {
    if (this.#sizeBytes !== this.#blob.sizeBytes)
      throw new DamagedBlobError(this.#blob, `${this.#sizeBytes} bytes`);
    const digest = `sha256:${this.#hash.digest('hex')}`;
    if (digest !== this.#blob.digest) throw new DamagedBlobError(this.#blob, `bytes of ${digest}`);
  }
}

/**
 * Streams a blob's bytes from `start` on. If read from its start, the blob is checked: the last piece is yielded only if all are
 * right, so that a reader that waits for the end never takes a damaged blob for a whole one.
 * @throws DamagedBlobError
 */
export async function* readBlobFile(
  blob: BlobFile,
  { start = 0, signal }: { readonly start?: number; readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<Buffer> {
  const check = start === 0 ? new BlobCheck(blob) : undefined;
  const highWaterMark = Math.min(Math.max(blob.sizeBytes, 1), MAX_READ_BYTES);
  let last: Buffer | undefined;
  try {
    for await (const piece of createReadStream(blob.path, { start, highWaterMark, signal })) {
      check?.update(piece as Buffer);
      if (last !== undefined) yield last;
      last = piece as Buffer;
    }
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' ? new DamagedBlobError(blob, 'no such file') : error;
  }
  check?.finish();
  if (last !== undefined) yield last;
}
