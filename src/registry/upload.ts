import { createHash, type Hash } from 'node:crypto';
import { SIGNIFICANT_BYTES } from '../fetch/failure.ts';
import { AppError, isAppError } from '../model/app-error.ts';
import { fullName, type Repository, type RepositoryPath } from '../model/reference.ts';
import type { BlobSource } from './blobs.ts';
import { type BlobId, hasBlob } from './blobs.ts';
import { bytesBody } from './bodies.ts';
import { RegistryError, statusOf } from './registry-error.ts';
import { pause } from './retry.ts';
import type { Action, RegistryRequest, RegistryResponse, RegistrySession, RequestBody } from './types.ts';

/** Size that proxies in front of registries accept even if they reject larger bodies. */
const CHUNK_BYTES = 16 * 1024 * 1024;

/** Input that all uploads of a push share. */
export interface UploadContext {
  readonly session: RegistrySession;
  readonly repository: Repository;
  /** Repositories that mounts of this push read, so that one token serves all of its requests */
  readonly reads: readonly RepositoryPath[];
  /** Called with the number of bytes of a body that have been taken */
  sent(bytes: number): void;
  /** Called with the progress of a blob in bytes; negative for bytes that were lost */
  advance(bytes: number): void;
}

/** An opened upload, or a blob that was mounted instead. */
export type UploadStart =
  | { readonly done: true }
  | {
      readonly done: false;
      readonly location: URL;
      /** Minimum size of all bodies but the last, if the blob is sent in chunks (OCI-Chunk-Min-Length) */
      readonly minChunkBytes: number;
    };

const PUSH: readonly Action[] = ['pull', 'push'];

/**
 * Opens an upload; with `from`, the blob may be mounted from that repository instead (OCI distribution-spec 1.1, "Pushing
 * Blobs").
 * @throws AppError as RegistrySession.send; NETWORK for a response without a usable Location
 */
export async function startUpload(
  context: UploadContext,
  blob: BlobId,
  from?: RepositoryPath,
): Promise<UploadStart> {
  const query = from === undefined ? '' : `?mount=${blob.digest}&from=${encodeURIComponent(from)}`;
  const { reads } = context;
  const response = await ask(context, {
    method: 'POST',
    target: `blobs/uploads/${query}`,
    // An upload that is never used expires by itself.
    repeatable: true,
    reads:
      from === undefined || from === context.repository.path || reads.includes(from)
        ? reads
        : [...reads, from],
  });
  await response.discard();
  if (response.status === 201 && from !== undefined) return { done: true };
  const minChunkBytes = Number(response.header('oci-chunk-min-length')) || 0;
  return { done: false, location: locationOf(response, context), minChunkBytes };
}

interface Upload {
  location: URL;
  /** Bytes that the registry has */
  offset: number;
  /** Bytes of the blob that have been reported to `advance` */
  shown: number;
  /** The registry has once found another digest. */
  wasRefused: boolean;
  /** Hash of the blob's first `hashedBytes` */
  hash: Hash;
  hashedBytes: number;
  /** Size of one body; Infinity until the registry refuses a large one */
  chunkBytes: number;
}

/**
 * Sends the blob to an opened upload in one body. After a cut it continues at the offset that the registry reports; if the
 * registry refuses large bodies, it sends chunks.
 * @throws AppError INTEGRITY if the bytes are not the blob's, NETWORK, LIMIT
 */
export async function finishUpload(
  context: UploadContext,
  blob: BlobSource,
  { location, minChunkBytes }: Exclude<UploadStart, { readonly done: true }>,
): Promise<void> {
  const chunkBytes = Math.max(CHUNK_BYTES, minChunkBytes);
  const { session } = context;
  const upload: Upload = {
    location,
    offset: 0,
    shown: 0,
    wasRefused: false,
    hash: createHash('sha256'),
    hashedBytes: 0,
    chunkBytes: Number.POSITIVE_INFINITY,
  };
  let furthest = 0;
  for (let tried = 0; ; ) {
    try {
      await sendRest(context, blob, upload);
      return;
    } catch (error) {
      if (isAppError(error, 'LIMIT') && upload.chunkBytes > chunkBytes) upload.chunkBytes = chunkBytes;
      else if (isRefusedDigest(error) && !upload.wasRefused) {
        upload.wasRefused = true;
        await cancelUpload(context, upload.location);
      } else if (!isAppError(error, 'NETWORK') && !isGone(error)) {
        await cancelUpload(context, upload.location, error);
        throw error;
      } else if (tried >= session.retries.count) throw error;
      else {
        const waitMs = error instanceof RegistryError ? error.failure.retryAfterMs : undefined;
        await pause({ ...session.retries, tried, waitMs, signal: session.signal });
        tried++;
      }
      if (await resynchronise(context, blob, upload)) return;
      if (upload.offset - furthest >= SIGNIFICANT_BYTES) tried = 0;
      furthest = Math.max(furthest, upload.offset);
    }
  }
}

/** Finds the refusal of a digest: damaged on the way, or our bytes are wrong, in which case the next try ends the same. */
function isRefusedDigest(error: unknown): boolean {
  return isAppError(error, 'INTEGRITY') && statusOf(error) === 400;
}

/** Tells whether the upload has ended, or its offset is not the one we expected. */
function isGone(error: unknown): boolean {
  const status = statusOf(error);
  return status === 404 || status === 416;
}

/** Updates `upload` with the offset that the registry reports. Returns true if the blob turns out to be there. */
async function resynchronise(context: UploadContext, blob: BlobSource, upload: Upload): Promise<boolean> {
  const before = upload.offset;
  const response = await ask(context, {
    method: 'GET',
    target: upload.location,
    accept: [400, 404, 405, 416],
  });
  await response.discard();
  const range = /^(?:bytes=)?0-(\d{1,15})$/.exec(response.header('range'));
  if (response.status === 204 || response.status === 202) {
    upload.location = locationOf(response, context, upload.location);
    upload.offset = range === null ? 0 : Number(range[1]) + 1;
    // docker-registry reports 0-0 for an upload of no bytes and of one byte.
    if (upload.offset === 1) upload.offset = 0;
  }
  const known = upload.offset <= blob.size && (response.status === 204 || response.status === 202);
  if (!known || (upload.offset === 0 && before > 0)) {
    // The upload is gone: it may have succeeded, and its answer been lost.
    const { session, repository, reads } = context;
    if (await hasBlob(session, repository, { ...blob, actions: PUSH, reads })) {
      show(context, upload, blob.size);
      return true;
    }
    const started = await startUpload(context, blob);
    if (started.done) return true;
    upload.location = started.location;
    upload.offset = 0;
  }
  show(context, upload, upload.offset);
  return false;
}

function show(context: UploadContext, upload: Upload, position: number): void {
  context.advance(position - upload.shown);
  upload.shown = position;
}

async function sendRest(context: UploadContext, blob: BlobSource, upload: Upload): Promise<void> {
  if (upload.offset === 0 && blob.size <= upload.chunkBytes) {
    await complete(context, blob, { upload, body: part(context, blob, { upload, end: blob.size }) });
    return;
  }
  while (upload.offset < blob.size) {
    const start = upload.offset;
    const end = Math.min(blob.size, start + upload.chunkBytes);
    const response = await ask(context, {
      method: 'PATCH',
      target: upload.location,
      headers: { 'content-type': 'application/octet-stream', 'content-range': `${start}-${end - 1}` },
      body: part(context, blob, { upload, end }),
    });
    await response.discard();
    upload.location = locationOf(response, context, upload.location);
    upload.offset = end;
  }
  await complete(context, blob, { upload, body: bytesBody(Buffer.alloc(0)) });
}

async function complete(
  context: UploadContext,
  blob: BlobSource,
  { upload, body }: { readonly upload: Upload; readonly body: RequestBody },
): Promise<void> {
  const target = new URL(upload.location);
  // Registries keep state in the query, which searchParams would rewrite.
  target.search += `${target.search === '' ? '?' : '&'}digest=${encodeURIComponent(blob.digest)}`;
  const headers = { 'content-type': 'application/octet-stream' };
  const response = await ask(context, { method: 'PUT', target, headers, body, repeatable: false });
  await response.discard();
  const where = fullName(context.repository);
  if (response.status === 202) {
    throw new AppError(
      'NETWORK',
      `${where}: ${blob.digest}: the registry accepted the bytes but did not store the blob (HTTP 202)`,
    );
  }
  const named = response.header('docker-content-digest');
  if (named.startsWith('sha256:') && named !== blob.digest) {
    throw new AppError('INTEGRITY', `${where}: sent ${blob.digest}, the registry stored ${named}`, {
      details: { expected: blob.digest, got: named },
    });
  }
}

/**
 * Streams the blob's bytes up to `end`, hashed as they pass, whatever the pieces and cuts: the last ones are sent only if all
 * were the blob's.
 * @throws AppError INTEGRITY if the source has other bytes
 */
function part(
  context: UploadContext,
  blob: BlobSource,
  { upload, end }: { readonly upload: Upload; readonly end: number },
): RequestBody {
  const start = upload.offset;
  async function* bytes(): AsyncGenerator<Uint8Array> {
    let position = start;
    // Opened again by a redirect or a repeated request.
    show(context, upload, start);
    if (position === end) return;
    for await (const chunk of blob.open(start)) {
      const taken = chunk.subarray(0, end - position);
      if (taken.length < chunk.length && end === blob.size)
        throw wrongSource(blob, `${position + chunk.length} bytes`);
      hashOnward(upload, taken, position);
      position += taken.length;
      if (position === blob.size) checkDigest(blob, upload);
      if (taken.length > 0) yield taken;
      context.sent(taken.length);
      show(context, upload, position);
      if (position === end && end < blob.size) return;
    }
    if (position < end) throw wrongSource(blob, `${position} bytes`);
  }
  return { sizeBytes: end - start, open: bytes };
}

/**
 * Hashes bytes once: those hashed before a cut are skipped. After a gap, which only a lying registry can cause, nothing is
 * hashed.
 */
function hashOnward(upload: Upload, bytes: Uint8Array, position: number): void {
  if (position === 0) {
    upload.hash = createHash('sha256');
    upload.hashedBytes = 0;
  }
  const known = upload.hashedBytes - position;
  if (known < 0 || known >= bytes.length) return;
  upload.hash.update(bytes.subarray(known));
  upload.hashedBytes = position + bytes.length;
}

function checkDigest(blob: BlobSource, { hash, hashedBytes }: Upload): void {
  if (hashedBytes !== blob.size) return;
  const digest = `sha256:${hash.copy().digest('hex')}`;
  if (digest !== blob.digest) throw wrongSource(blob, `bytes of ${digest}`);
}

function wrongSource({ digest, size, damaged }: BlobSource, got: string): AppError {
  if (damaged !== undefined) return damaged(got);
  return new AppError(
    'INTEGRITY',
    `the bytes to send do not match ${digest}: expected ${size} bytes, got ${got}`,
    { details: { digest, expected: size, got } },
  );
}

/** Cancels an upload that will never be finished, so that the registry frees its bytes at once. Errors are ignored. */
export async function cancelUpload(context: UploadContext, location: URL, why?: unknown): Promise<void> {
  if (isAppError(why, 'CANCELLED')) return;
  try {
    const response = await ask(context, { method: 'DELETE', target: location, repeatable: false });
    await response.discard();
  } catch (error) {
    if (!isAppError(error)) throw error;
  }
}

function ask(
  { session, repository, reads }: UploadContext,
  request: Omit<RegistryRequest, 'repository'>,
): Promise<RegistryResponse> {
  return session.send({ repository, actions: PUSH, reads, ...request });
}

function locationOf(response: RegistryResponse, { repository }: UploadContext, before?: URL): URL {
  const location = response.header('location');
  if (location !== '') return response.follow(location);
  if (before !== undefined) return before;
  throw new AppError(
    'NETWORK',
    `${fullName(repository)}: the registry opened an upload without a Location header`,
  );
}
