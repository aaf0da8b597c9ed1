import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { TAR_END, tarHeader, tarPadding } from '../archive/tar-writer.ts';
import { errnoOf, reasonOf } from '../files/errno.ts';
import { AppError } from '../model/app-error.ts';
import type { Digest } from '../model/digest.ts';
import { DamagedBlobError } from '../store/blob-errors.ts';
import { BlobCheck, type BlobFile } from '../store/checked-read.ts';
import { type Image, layoutFiles } from './image.ts';

const DIRECTORY_MODE = 0o755;
const METADATA_MODE = 0o644;
/** Mode of blobs in the store: they never change. */
const BLOB_MODE = 0o444;

/** A header or a piece of content. */
export type TarPart =
  | Uint8Array
  | { readonly file: string; readonly digest: Digest; readonly sizeBytes: number };

/** Lists the parts of the single tar, in order. */
export function tarParts(image: Image): readonly TarPart[] {
  const owner = { uid: 0, gid: 0, mtime: Math.max(0, Math.floor(image.createdAt)) };
  const directory = (path: string) =>
    tarHeader({ ...owner, path, type: 'directory', mode: DIRECTORY_MODE, sizeBytes: 0 });
  const parts: TarPart[] = [];
  let directoriesWritten = false;
  for (const { path, sizeBytes, content, digest } of layoutFiles(image)) {
    if (digest !== undefined && !directoriesWritten) {
      parts.push(directory('blobs'), directory('blobs/sha256'));
      directoriesWritten = true;
    }
    const mode = digest === undefined ? METADATA_MODE : BLOB_MODE;
    parts.push(tarHeader({ ...owner, path, type: 'file', mode, sizeBytes }));
    if (typeof content !== 'string') parts.push(content);
    else if (digest !== undefined) parts.push({ file: content, digest, sizeBytes });
    parts.push(tarPadding(sizeBytes));
  }
  parts.push(TAR_END);
  return parts;
}

/** Returns the exact size in bytes of the tar that `tarPieces` yields. */
export function tarSize(parts: readonly TarPart[]): number {
  let sizeBytes = 0;
  for (const part of parts) {
    sizeBytes += part instanceof Uint8Array ? part.byteLength : part.sizeBytes;
  }
  return sizeBytes;
}

/**
 * Yields the tar in pieces that fill `nextBuffer()`. If that returns the same buffer every time, a piece is valid until the next
 * is requested. Blobs are hashed on their way, since a disk may have damaged them in the store.
 * @throws DamagedBlobError; AppError STORAGE for a blob that cannot be read
 */
export function* tarPieces(
  parts: readonly TarPart[],
  nextBuffer: () => Buffer,
): Generator<Buffer, void, void> {
  let buffer = nextBuffer();
  let used = 0;

  function* flush(): Generator<Buffer, void, void> {
    if (used === 0) return;
    yield buffer.subarray(0, used);
    buffer = nextBuffer();
    used = 0;
  }

  function* putBytes(bytes: Uint8Array): Generator<Buffer, void, void> {
    for (let offset = 0; offset < bytes.byteLength; ) {
      const length = Math.min(buffer.length - used, bytes.byteLength - offset);
      buffer.set(bytes.subarray(offset, offset + length), used);
      used += length;
      offset += length;
      if (used === buffer.length) yield* flush();
    }
  }

  function* putFile(part: Exclude<TarPart, Uint8Array>): Generator<Buffer, void, void> {
    const blob = { digest: part.digest, sizeBytes: part.sizeBytes, path: part.file };
    const check = new BlobCheck(blob);
    const descriptor = openBlob(blob);
    try {
      const actual = fstatSync(descriptor).size;
      if (actual !== part.sizeBytes) throw new DamagedBlobError(blob, `${actual} bytes`);
      for (let left = part.sizeBytes; left > 0; ) {
        const got = readSync(descriptor, buffer, used, Math.min(left, buffer.length - used), null);
        if (got === 0) throw new DamagedBlobError(blob, `${part.sizeBytes - left} bytes`);
        check.update(buffer.subarray(used, used + got));
        used += got;
        left -= got;
        if (left === 0) check.finish();
        if (used === buffer.length) yield* flush();
      }
    } finally {
      closeSync(descriptor);
    }
  }

  for (const part of parts) {
    yield* part instanceof Uint8Array ? putBytes(part) : putFile(part);
  }
  yield* flush();
}

function openBlob(blob: BlobFile): number {
  try {
    return openSync(blob.path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw new DamagedBlobError(blob, 'no such file');
    throw new AppError('STORAGE', `cannot read blob ${blob.digest} (${blob.path}): ${reasonOf(error)}`, {
      cause: error,
      hint: 'Check the permissions of the cache folder.',
      details: { digest: blob.digest, path: blob.path, errno: errnoOf(error) },
    });
  }
}
