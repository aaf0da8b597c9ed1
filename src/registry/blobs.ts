import { createHash } from 'node:crypto';
import { contentLength } from '../fetch/exchange.ts';
import { SIGNIFICANT_BYTES } from '../fetch/failure.ts';
import type { FilePrefix, RemoteFile } from '../fetch/remote.ts';
import { AppError, isAppError } from '../model/app-error.ts';
import type { Digest } from '../model/digest.ts';
import { fullName, type Repository, type RepositoryPath } from '../model/reference.ts';
import { pause } from './retry.ts';
import type { RegistryRequest, RegistryResponse, RegistrySession } from './types.ts';

/** Identifies a blob; every Descriptor does. */
export interface BlobId {
  readonly digest: Digest;
  /** Bytes */
  readonly size: number;
}

/** A blob to push, and the ways to get it into the repository. */
export interface BlobSource extends BlobId {
  /** Opens its bytes from `offset` on, again for every try. Not called for a blob that is present or mounted. */
  open(offset: number): AsyncIterable<Uint8Array>;
  /** Makes the error for wrong bytes, which names their source. @param got the size or digest found */
  damaged?(got: string): AppError;
  /**
   * The blob is probably not in the repository. An upload is opened at once, as a mount from the repository itself in case it is
   * there.
   */
  readonly likelyAbsent?: true;
  /** Repositories of the same registry that may have the blob; tried in this order */
  readonly mountFrom?: readonly RepositoryPath[];
  /**
   * Called once the repository has the blob, unless the blob was mounted from the first of `mountFrom`. Puts it where the next
   * push looks first, and returns the bytes that it sent.
   */
  keep?(): Promise<number>;
}

/** Permissions of a token in addition to reading, so that the token also serves the next requests. */
export type TokenScope = Pick<RegistryRequest, 'actions' | 'reads'>;

/** Tells whether the repository has the blob. @throws AppError INTEGRITY if it has another size there; as RegistrySession.send */
export async function hasBlob(
  session: RegistrySession,
  repository: Repository,
  { digest, size, actions = ['pull'], reads = [] }: BlobId & TokenScope,
): Promise<boolean> {
  const target = `blobs/${digest}`;
  const response = await session.send({ method: 'HEAD', repository, target, actions, reads, accept: [404] });
  await response.discard();
  if (response.status === 404) return false;
  const there = contentLength(response);
  if (there === undefined || there === size) return true;
  throw wrongSize({ digest, size }, there, fullName(repository));
}

/**
 * Streams a blob's bytes from the end of `prefix` on, and resumes cut responses. It throws after the last byte at the latest if
 * size or digest differ: use nothing before the stream has ended.
 * @throws AppError NOT_FOUND, INTEGRITY, NETWORK, CANCELLED
 */
export async function* readBlob(
  session: RegistrySession,
  repository: Repository,
  { digest, size, prefix }: BlobId & { readonly prefix?: FilePrefix },
): AsyncGenerator<Buffer> {
  const hash = prefix?.hash.copy() ?? createHash('sha256');
  for await (const chunk of readBlobFrom(session, repository, { digest, size, start: prefix?.offset ?? 0 })) {
    hash.update(chunk);
    yield chunk;
  }
  const found = hash.digest('hex');
  if (`sha256:${found}` === digest) return;
  throw new AppError(
    'INTEGRITY',
    `${fullName(repository)}: wrong content of a blob: expected ${digest}, got sha256:${found}`,
    {
      details: { expected: digest, got: `sha256:${found}` },
    },
  );
}

/**
 * Streams a blob's bytes from `start` on, and resumes cut responses. Only the size is checked: whoever gets the bytes has to
 * check the digest.
 * @throws AppError NOT_FOUND, INTEGRITY (size), NETWORK, CANCELLED
 */
export async function* readBlobFrom(
  session: RegistrySession,
  repository: Repository,
  { start, ...blob }: BlobId & { readonly start: number },
): AsyncGenerator<Buffer> {
  const { digest, size } = blob;
  const where = fullName(repository);
  let offset = start;
  let mayBeCache = true;
  for (let tried = 0; offset < size || size === 0; ) {
    const before = offset;
    try {
      const response = await openAt(session, { repository, blob, offset });
      for await (const chunk of rest(response, { offset, blob, where })) {
        offset += chunk.length;
        if (offset > size) throw wrongSize(blob, offset, where);
        yield chunk;
      }
      if (offset === size) return;
      throw new AppError('NETWORK', `${where}: ${digest}: truncated: expected ${size} bytes, got ${offset}`);
    } catch (error) {
      if (isAppError(error, 'INTEGRITY') && offset === before && mayBeCache) mayBeCache = false;
      else if (!isAppError(error, 'NETWORK') || error instanceof RetriesExhausted) throw error;
      if (offset - before >= SIGNIFICANT_BYTES) tried = 0;
      else if (tried++ >= session.retries.count) throw error;
      await pause({ ...session.retries, tried: Math.max(tried - 1, 0), signal: session.signal });
    }
  }
}

/** Makes a file of a blob that can be received with resume (fetch/receive.ts). `read` throws as readBlob. */
export function blobFile(
  session: RegistrySession,
  repository: Repository,
  { digest, size }: BlobId,
): RemoteFile {
  return {
    sizeBytes: size,
    etag: digest,
    read: (prefix) =>
      readBlob(session, repository, { digest, size, ...(prefix === undefined ? {} : { prefix }) }),
  };
}

/** Error after every try of a request has failed, so that repeating it is no use. */
class RetriesExhausted extends AppError {}

async function openAt(
  session: RegistrySession,
  { repository, blob, offset }: { repository: Repository; blob: BlobId; offset: number },
): Promise<RegistryResponse> {
  try {
    return await session.send({
      method: 'GET',
      repository,
      target: `blobs/${blob.digest}`,
      headers: offset > 0 ? { range: `bytes=${offset}-${blob.size - 1}` } : {},
    });
  } catch (error) {
    if (!isAppError(error, 'NETWORK')) throw error;
    const { message, hint, cause, details } = error;
    throw new RetriesExhausted('NETWORK', message, {
      ...(hint === undefined ? {} : { hint }),
      cause,
      details,
    });
  }
}

/** Streams the bytes from `offset` on, also from a server that ignores ranges. */
async function* rest(
  response: RegistryResponse,
  { offset, blob, where }: { offset: number; blob: BlobId; where: string },
): AsyncGenerator<Buffer> {
  const { size, digest } = blob;
  let skip = offset;
  if (response.status === 206) {
    const range = /^bytes (\d{1,15})-\d{1,15}\/(?:(\d{1,15})|\*)$/.exec(response.header('content-range'));
    if (range === null || Number(range[1]) !== offset) {
      await response.discard();
      const got = JSON.stringify(response.header('content-range').slice(0, 100));
      throw new AppError('NETWORK', `${where}: ${digest}: requested bytes from ${offset}, got ${got}`);
    }
    if (range[2] !== undefined && Number(range[2]) !== size) {
      await response.discard();
      throw wrongSize(blob, Number(range[2]), where);
    }
    skip = 0;
  } else {
    const announced = contentLength(response);
    if (announced !== undefined && announced !== size) {
      await response.discard();
      throw wrongSize(blob, announced, where);
    }
  }
  for await (const chunk of response.body) {
    if (skip >= chunk.length) skip -= chunk.length;
    else {
      yield skip > 0 ? chunk.subarray(skip) : chunk;
      skip = 0;
    }
  }
}

function wrongSize({ digest, size }: BlobId, got: number, where: string): AppError {
  return new AppError('INTEGRITY', `${where}: ${digest}: wrong size: expected ${size} bytes, got ${got}`, {
    details: { digest, expected: size, got },
  });
}
