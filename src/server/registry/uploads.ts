import { createHash, type Hash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { errnoOf, storageError } from '../../files/errno.ts';
import { algorithmOf, type ContentDigest, type DigestAlgorithm } from '../../model/content-digest.ts';
import type { Digest } from '../../model/digest.ts';
import { HttpError } from '../http/http-error.ts';
import type { StoredContent } from './stored-content.ts';

/** An upload of a repository, by the id that its client got. */
export interface UploadKey {
  readonly repository: string;
  readonly id: string;
}

/** What has been hashed of an upload; lost when the server restarts, after which the file is hashed when the upload ends. */
interface Hashed {
  sizeBytes: number;
  /** Time of the last bytes, in milliseconds since the epoch */
  usedAtMs: number;
  readonly hashes: ReadonlyMap<DigestAlgorithm, Hash>;
}

const READ_BYTES = 1024 * 1024;
/** Of uploads that their clients have left; each is some hundred bytes. */
const MAX_HASHED = 10_000;
/** An upload that is silent for longer is not counted as open; its client may still go on with it. */
const OPEN_MS = 60 * 60 * 1000;
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Uploads that have begun. An upload is a partial file of the store, whose size is what has arrived: it outlives the server, and
 * garbage collection removes it a day after the last byte.
 */
export class Uploads {
  readonly #stored: StoredContent;
  readonly #hashed = new Map<string, Hashed>();
  readonly #busy = new Set<string>();

  constructor(stored: StoredContent) {
    this.#stored = stored;
  }

  /** Number of uploads that have begun since the server did, had bytes in the last hour, and have not ended */
  get open(): number {
    const since = Date.now() - OPEN_MS;
    return [...this.#hashed.values()].filter(({ usedAtMs }) => usedAtMs > since).length;
  }

  /** @param algorithm that the client will name the blob by */
  async begin(repository: string, algorithm: DigestAlgorithm): Promise<UploadKey> {
    const key = { repository, id: randomUUID() };
    const path = this.#path(key);
    try {
      await (await open(path, 'wx', 0o600)).close();
    } catch (error) {
      throw storageError(error, 'create', path);
    }
    const hashes = new Map(
      [...new Set<DigestAlgorithm>(['sha256', algorithm])].map((one) => [one, createHash(one)]),
    );
    this.#keep(path, { sizeBytes: 0, usedAtMs: Date.now(), hashes });
    return key;
  }

  /** Returns how many bytes have arrived. @throws HttpError 404 */
  async sizeOf(key: UploadKey): Promise<number> {
    try {
      return (await stat(this.#path(key))).size;
    } catch (error) {
      throw fileError(error, key);
    }
  }

  /**
   * Appends what arrives, and returns the size afterwards; bytes that came before an error stay.
   * @param start where the bytes belong, if the client says so
   * @throws HttpError 404, 409, 416; what `body` throws
   */
  async append(key: UploadKey, body: AsyncIterable<Buffer>, start?: number): Promise<number> {
    return await this.#alone(key, async (path) => {
      const file = await open(path, 'r+').catch((error) => {
        throw fileError(error, key);
      });
      try {
        const { size } = await file.stat();
        if (start !== undefined && start !== size)
          throw new HttpError(416, 'RANGE_INVALID', `the upload has ${size} bytes; the next one is ${size}`, {
            headers: { ...uploadHeaders(key, size) },
          });
        return await this.#write(file, path, { body, size });
      } finally {
        await file.close();
      }
    });
  }

  /**
   * Makes a blob of what has arrived. The upload is over, also if the digest is another one.
   * @throws HttpError 400, 404, 409
   */
  async finish(key: UploadKey, digest: ContentDigest): Promise<void> {
    await this.#alone(key, async (path) => {
      const sizeBytes = await flushed(path, key);
      const found = await this.#digests(path, sizeBytes, algorithmOf(digest));
      this.#hashed.delete(path);
      if (found.named !== digest) {
        await rm(path, { force: true });
        throw new HttpError(
          400,
          'DIGEST_INVALID',
          `expected ${digest}, got ${found.named} (${sizeBytes} bytes)`,
        );
      }
      const { repository } = key;
      await this.#stored.writer.run('linkBlob', {
        repository,
        digest,
        stored: found.stored,
        sizeBytes,
        path,
      });
    });
  }

  /** @throws HttpError 404, 409 */
  async cancel(key: UploadKey): Promise<void> {
    await this.#alone(key, async (path) => {
      await this.sizeOf(key);
      this.#hashed.delete(path);
      await rm(path, { force: true });
    });
  }

  /** Hashes a chunk while it is being written. */
  async #write(
    file: FileHandle,
    path: string,
    { body, size }: { readonly body: AsyncIterable<Buffer>; readonly size: number },
  ): Promise<number> {
    const known = this.#hashed.get(path);
    const hashed = known?.sizeBytes === size ? known : undefined;
    let at = size;
    for await (const chunk of body) {
      const writing = writeAll(file, chunk, at);
      for (const hash of hashed?.hashes.values() ?? []) hash.update(chunk);
      try {
        await writing;
      } catch (error) {
        this.#hashed.delete(path);
        throw storageError(error, 'write', path);
      }
      at += chunk.length;
      if (hashed !== undefined) Object.assign(hashed, { sizeBytes: at, usedAtMs: Date.now() });
    }
    return at;
  }

  async #digests(
    path: string,
    sizeBytes: number,
    algorithm: DigestAlgorithm,
  ): Promise<{ readonly stored: Digest; readonly named: ContentDigest }> {
    const known = this.#hashed.get(path);
    const isWhole = known?.sizeBytes === sizeBytes && known.hashes.has(algorithm);
    const hashes = isWhole ? known.hashes : await hashFile(path, algorithm);
    const digestOf = (one: DigestAlgorithm) => `${one}:${hashes.get(one)?.copy().digest('hex')}`;
    return { stored: digestOf('sha256') as Digest, named: digestOf(algorithm) as ContentDigest };
  }

  /** Two requests never write into one upload. @throws HttpError 409 */
  async #alone<T>(key: UploadKey, work: (path: string) => Promise<T>): Promise<T> {
    const path = this.#path(key);
    if (this.#busy.has(path))
      throw new HttpError(409, 'BLOB_UPLOAD_INVALID', 'another request is writing to this upload');
    this.#busy.add(path);
    try {
      return await work(path);
    } finally {
      this.#busy.delete(path);
    }
  }

  #keep(path: string, hashed: Hashed): void {
    this.#hashed.set(path, hashed);
    const [oldest = ''] = this.#hashed.keys();
    if (this.#hashed.size > MAX_HASHED) this.#hashed.delete(oldest);
  }

  /** An upload is found only by its own repository. */
  #path({ repository, id }: UploadKey): string {
    return this.#stored.store.partialPath(`upload ${repository} ${ID.test(id) ? id : 'unknown'}`);
  }
}

/** Headers that tell a client where an upload stands. An empty one has the range 0-0 too: there is no other way to say so. */
export function uploadHeaders(
  { repository, id }: UploadKey,
  sizeBytes: number,
): Readonly<Record<string, string>> {
  return {
    location: `/v2/${repository}/blobs/uploads/${id}`,
    range: `0-${Math.max(sizeBytes - 1, 0)}`,
    'docker-upload-uuid': id,
  };
}

async function writeAll(file: FileHandle, chunk: Buffer, position: number): Promise<void> {
  for (let done = 0; done < chunk.length; )
    done += (await file.write(chunk, done, chunk.length - done, position + done)).bytesWritten;
}

/** Flushes a file to disk, and returns its size. */
async function flushed(path: string, key: UploadKey): Promise<number> {
  try {
    const file = await open(path, 'r+');
    try {
      await file.sync();
      return (await file.stat()).size;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileError(error, key);
  }
}

async function hashFile(
  path: string,
  algorithm: DigestAlgorithm,
): Promise<ReadonlyMap<DigestAlgorithm, Hash>> {
  const hashes = new Map<DigestAlgorithm, Hash>([['sha256', createHash('sha256')]]);
  if (algorithm !== 'sha256') hashes.set(algorithm, createHash(algorithm));
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES }))
    for (const hash of hashes.values()) hash.update(chunk);
  return hashes;
}

function fileError(error: unknown, { repository, id }: UploadKey): unknown {
  if (errnoOf(error) !== 'ENOENT') return storageError(error, 'open', `upload ${id}`);
  return new HttpError(404, 'BLOB_UPLOAD_UNKNOWN', `${repository} has no upload ${id}; begin another one`);
}
