import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompressSync } from 'node:zlib';
import { AppError, isAppError } from '../../model/app-error.ts';
import { parseJson } from '../../model/json.ts';
import type { Reader } from '../../model/json-readers.ts';
import { malformed } from './strict-json.ts';

const compress = promisify(zstdCompress);

/** Written once and read by many. */
const LEVEL = 15;
/** Uncompressed; a chunk is closed once it has reached this. */
const FULL_BYTES = 8 * 1024 * 1024;
/** Texlive's lists of files have some 30 MB. */
const MAX_RECORD_BYTES = 128 * 1024 * 1024;
const MAX_UNCOMPRESSED_BYTES = FULL_BYTES + MAX_RECORD_BYTES;
/** Compressed, as others may have made it */
export const MAX_CHUNK_BYTES = 64 * 1024 * 1024;

/** A line of JSON, and what decides whether a chunk ends with it: the same for the same record. */
export interface Line {
  readonly key: string;
  readonly text: string;
}

/**
 * Yields lines as zstd chunks of about `perChunk` lines. The keys of a chunk's own lines decide where it ends, so that
 * adding or removing a line changes one chunk and leaves the others unchanged.
 */
export async function* chunked(lines: Iterable<Line>, perChunk: number): AsyncGenerator<Buffer> {
  let open: string[] = [];
  let sizeBytes = 0;
  for (const { key, text } of lines) {
    open.push(text);
    sizeBytes += text.length;
    if (sizeBytes < FULL_BYTES && !endsChunk(key, perChunk)) continue;
    yield await closed(open);
    open = [];
    sizeBytes = 0;
  }
  if (open.length > 0) yield await closed(open);
}

function endsChunk(key: string, perChunk: number): boolean {
  return createHash('sha256').update(key).digest().readUInt32BE(0) % perChunk === 0;
}

function closed(lines: readonly string[]): Promise<Buffer> {
  const content = Buffer.from(`${lines.join('\n')}\n`);
  return compress(content, {
    params: {
      [constants.ZSTD_c_compressionLevel]: LEVEL,
      [constants.ZSTD_c_checksumFlag]: 1,
    },
  });
}

/** Yields the records of a chunk. @throws AppError BAD_INDEX, LIMIT */
export function* recordsOf<T>(chunk: Uint8Array, read: Reader<T>, where: string): Generator<T> {
  const content = uncompressed(chunk, where);
  let start = 0;
  for (let number = 1; start < content.length; number++) {
    const end = content.indexOf(0x0a, start);
    if (end < 0) throw malformed(where, 'a line feed at its end', '');
    yield read(parse(content.subarray(start, end), `${where}:${number}`), `${where}:${number}`);
    start = end + 1;
  }
}

function uncompressed(chunk: Uint8Array, where: string): Buffer {
  try {
    return zstdDecompressSync(chunk, { maxOutputLength: MAX_UNCOMPRESSED_BYTES });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new AppError('LIMIT', `${where}: expected at most ${MAX_UNCOMPRESSED_BYTES} bytes uncompressed`);
    }
    throw new AppError('BAD_INDEX', `${where}: not zstd: ${(error as Error).message}`, { cause: error });
  }
}

function parse(line: Buffer, where: string): unknown {
  try {
    return parseJson(line, where);
  } catch (error) {
    if (isAppError(error)) throw error;
    throw new AppError('BAD_INDEX', `${where}: not JSON`, { cause: error });
  }
}
