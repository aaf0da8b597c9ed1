import { createReadStream, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { decompress } from '../../archive/decompress.ts';
import type { ByteRange } from '../../compose/layer-tar.ts';
import { AppError } from '../../model/app-error.ts';
import type { Compression } from '../../model/archive.ts';
import type { Digest } from '../../model/digest.ts';
import type { FileEntry } from '../../model/file-entry.ts';
import { oneChunk } from '../../model/one-chunk.ts';
import { required } from '../../model/required.ts';
import { DamagedBlobError } from '../../store/blob-errors.ts';
import { BlobCheck, type BlobFile } from '../../store/checked-read.ts';

/** Size of reads: keeps the decompressor busy and memory small. */
const READ_BYTES = 1 << 20;

/** A file that holds an archive. */
export interface StoredBytes {
  readonly path: string;
  readonly compression: Compression;
  readonly signal: AbortSignal;
  /** Set for a blob of the store, whose bytes are checked while they are read */
  readonly blob?: { readonly digest: Digest; readonly sizeBytes: number };
}

/**
 * Yields the uncompressed bytes of an archive. A blob is always read to its end, so that damage is reported before a result that
 * used a part of it can be stored.
 * @throws DamagedBlobError; AppError BAD_ARCHIVE, LIMIT, UNSUPPORTED
 */
export async function* inflate({ path, compression, signal, blob }: StoredBytes): AsyncGenerator<Buffer> {
  if (blob === undefined) {
    const source = createReadStream(path, { highWaterMark: READ_BYTES, signal });
    for await (const { bytes } of decompress(source, compression).chunks) yield bytes;
    return;
  }
  const file = { ...blob, path };
  if (blob.sizeBytes <= READ_BYTES) {
    const bytes = await readSmallBlob(file, signal);
    for await (const chunk of decompress(oneChunk(bytes), compression).chunks) yield chunk.bytes;
    return;
  }
  const pieces = readPieces(file, signal);
  const check = new BlobCheck(file);
  // Has no `return`, so that leaving the decompressor early does not end the reading.
  const next = async (): Promise<IteratorResult<Buffer>> => {
    const result = await pieces.next();
    if (result.done !== true) check.update(result.value);
    return result;
  };
  try {
    for await (const { bytes } of decompress({ [Symbol.asyncIterator]: () => ({ next }) }, compression)
      .chunks)
      yield bytes;
  } finally {
    if (!signal.aborted) {
      while ((await next()).done !== true);
      check.finish();
    }
    await pieces.return(undefined);
  }
}

/** Reads a blob in one piece, and checks it before any of it is used. @throws DamagedBlobError */
async function readSmallBlob(file: BlobFile, signal: AbortSignal): Promise<Buffer> {
  if (!existsSync(file.path)) throw new DamagedBlobError(file, 'no such file');
  const bytes = await readFile(file.path, { signal });
  const check = new BlobCheck(file);
  check.update(bytes);
  check.finish();
  return bytes;
}

async function* readPieces(file: BlobFile, signal: AbortSignal): AsyncGenerator<Buffer, undefined> {
  if (!existsSync(file.path)) throw new DamagedBlobError(file, 'no such file');
  yield* createReadStream(file.path, { highWaterMark: READ_BYTES, signal });
}

/**
 * Yields byte ranges of an archive's uncompressed tar, in rising order of offset, in one streaming pass. A piece never spans two
 * ranges; an empty range yields nothing.
 * @throws as inflate
 */
export async function* readRanges(stored: StoredBytes, ranges: readonly ByteRange[]): AsyncGenerator<Buffer> {
  const wanted = ranges.filter((range) => range.sizeBytes > 0);
  if (wanted.length === 0) return;
  let next = 0;
  let position = 0;
  for await (const bytes of inflate(stored)) {
    for (
      let range = wanted[next];
      range !== undefined && range.offset < position + bytes.length;
      range = wanted[next]
    ) {
      const start = Math.max(range.offset - position, 0);
      const end = Math.min(range.offset + range.sizeBytes - position, bytes.length);
      if (end > start) yield bytes.subarray(start, end);
      if (range.offset + range.sizeBytes > position + bytes.length) break;
      next += 1;
    }
    position += bytes.length;
    if (next === wanted.length) return;
  }
}

/** Yields the bytes of a file outside the store. @throws AppError INTEGRITY if the file no longer has that size */
export async function* readWholeFile(path: string, sizeBytes: number): AsyncGenerator<Buffer> {
  let got = 0;
  for await (const bytes of createReadStream(path, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>) {
    got += bytes.length;
    if (got > sizeBytes) break;
    yield bytes;
  }
  if (got === sizeBytes) return;
  throw new AppError(
    'INTEGRITY',
    `${path}: changed while it was read: expected ${sizeBytes} bytes, got ${got}`,
  );
}

/** Returns the whole contents of several small files of an archive, by path. @throws as inflate */
export async function readSmallFiles(
  stored: StoredBytes,
  files: readonly FileEntry[],
): Promise<ReadonlyMap<string, Buffer>> {
  const inOrder = files.filter((file) => file.type === 'file').sort((a, b) => a.offset - b.offset);
  const contents = new Map<string, Buffer>(inOrder.map((file) => [file.path, Buffer.alloc(file.sizeBytes)]));
  let file = 0;
  let filled = 0;
  for await (const bytes of readRanges(stored, inOrder)) {
    while (inOrder[file]?.sizeBytes === filled) [file, filled] = [file + 1, 0];
    const entry = inOrder[file];
    if (entry === undefined) break;
    bytes.copy(required(contents, entry.path), filled);
    filled += bytes.length;
  }
  return contents;
}
