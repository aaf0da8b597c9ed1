import { createReadStream } from 'node:fs';
import { decompress } from '../archive/decompress.ts';
import type { ByteRange } from '../compose/layer-tar.ts';
import { AppError } from '../model/app-error.ts';
import type { ArchiveFacts, Compression } from '../model/archive.ts';

/** Read in pieces that keep the decompressor busy and memory small. */
const READ_BYTES = 1 << 20;

export interface StoredBytes {
  readonly path: string;
  readonly compression: Compression;
  readonly signal: AbortSignal;
}

/**
 * Byte ranges of an archive's uncompressed tar, in rising order of offset, in one streaming pass. A piece never
 * spans two ranges; an empty range gives none.
 * @throws AppError BAD_ARCHIVE when the blob is damaged
 */
export async function* readRanges(stored: StoredBytes, ranges: readonly ByteRange[]): AsyncGenerator<Buffer> {
  const wanted = ranges.filter((range) => range.sizeBytes > 0);
  if (wanted.length === 0) return;
  const source = createReadStream(stored.path, { highWaterMark: READ_BYTES, signal: stored.signal });
  let at = 0;
  let position = 0;
  for await (const { bytes } of decompress(source, stored.compression).chunks) {
    for (
      let range = wanted[at];
      range !== undefined && range.offset < position + bytes.length;
      range = wanted[at]
    ) {
      const start = Math.max(range.offset - position, 0);
      const end = Math.min(range.offset + range.sizeBytes - position, bytes.length);
      if (end > start) yield bytes.subarray(start, end);
      if (range.offset + range.sizeBytes > position + bytes.length) break;
      at += 1;
    }
    position += bytes.length;
    if (at === wanted.length) return;
  }
}

/** @throws AppError INTEGRITY when the file is no longer of that size */
export async function* readWholeFile(path: string, sizeBytes: number): AsyncGenerator<Buffer> {
  let got = 0;
  for await (const bytes of createReadStream(path, { highWaterMark: READ_BYTES })) {
    got += bytes.length;
    if (got > sizeBytes) break;
    yield bytes as Buffer;
  }
  if (got === sizeBytes) return;
  throw new AppError(
    'INTEGRITY',
    `${path}: changed while it was read: expected ${sizeBytes} bytes, got ${got}`,
  );
}

/** Whole contents of a few small files of an archive, by path. */
export async function readSmallFiles(
  stored: StoredBytes,
  files: ArchiveFacts['files'],
): Promise<ReadonlyMap<string, Buffer>> {
  const inOrder = files.filter((file) => file.type === 'file').sort((a, b) => a.offset - b.offset);
  const contents = new Map<string, Buffer>(inOrder.map((file) => [file.path, Buffer.alloc(file.sizeBytes)]));
  let file = 0;
  let filled = 0;
  for await (const bytes of readRanges(stored, inOrder)) {
    while (inOrder[file]?.sizeBytes === filled) [file, filled] = [file + 1, 0];
    const entry = inOrder[file];
    if (entry === undefined) break;
    bytes.copy(contents.get(entry.path) as Buffer, filled);
    filled += bytes.length;
  }
  return contents;
}
