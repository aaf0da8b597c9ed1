import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompressSync } from 'node:zlib';
import { AppError, isAppError } from '../../model/app-error.ts';
import type { Digest } from '../../model/digest.ts';
import { parseJson } from '../../model/json.ts';
import type { Reader } from '../../model/json-readers.ts';
import { malformed } from './strict-json.ts';

const compress = promisify(zstdCompress);

/** High, since a chunk is written once and read by many. */
const LEVEL = 15;
/** Length of the lines' sources at which a chunk is closed. */
const FULL_LENGTH = 8 * 1024 * 1024;
/** Texlive's file lists have about 30 MB. */
const MAX_RECORD_BYTES = 128 * 1024 * 1024;
const MAX_UNCOMPRESSED_BYTES = FULL_LENGTH + MAX_RECORD_BYTES;
/** Maximum compressed size of a chunk from another writer. */
export const MAX_CHUNK_BYTES = 64 * 1024 * 1024;

/** A record to be written into a chunk. */
export interface Line {
  /** Decides whether a chunk ends with the line; the same for the same record. */
  readonly key: string;
  /** Text that the record is made of: equal sources make equal lines. Its length also limits chunks. */
  readonly source: string;
  /** Returns the line of JSON, without a line feed. */
  text(): string;
}

/** Lines of one chunk, not written yet. */
export interface Chunk {
  /** Digest of the lines' sources: equal sources make equal bytes. */
  readonly source: Digest;
  readonly records: number;
  /** Writes the lines and compresses them. */
  bytes(): Promise<Buffer>;
}

/**
 * Groups lines into chunks of about `perChunk` lines. The keys of a chunk's own lines decide where it ends, so that adding or
 * removing a line changes one chunk and leaves the others unchanged.
 */
export function* chunked(lines: Iterable<Line>, perChunk: number): Generator<Chunk> {
  let open: Line[] = [];
  let length = 0;
  for (const line of lines) {
    open.push(line);
    length += line.source.length;
    if (length < FULL_LENGTH && !endsChunk(line.key, perChunk)) continue;
    yield chunkOf(open);
    open = [];
    length = 0;
  }
  if (open.length > 0) yield chunkOf(open);
}

function endsChunk(key: string, perChunk: number): boolean {
  return createHash('sha256').update(key).digest().readUInt32BE(0) % perChunk === 0;
}

function chunkOf(lines: readonly Line[]): Chunk {
  const hash = createHash('sha256');
  for (const { source } of lines) hash.update(`${source.length} `).update(source);
  return {
    source: `sha256:${hash.digest('hex')}` as Digest,
    records: lines.length,
    bytes: () => compressed(Buffer.from(lines.map((line) => `${line.text()}\n`).join(''))),
  };
}

/** Tells zstd the size: without it, level 15 prepares for content of any size, which is ten times the work for the same result. */
function compressed(content: Buffer): Promise<Buffer> {
  return compress(content, {
    pledgedSrcSize: content.length,
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
