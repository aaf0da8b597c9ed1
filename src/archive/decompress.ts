import type { ArchiveSegment, Compression } from '../model/archive.ts';
import { ByteQueue } from './byte-queue.ts';
import { gunzipMembers } from './gzip-members.ts';
import { type DecompressLimits, SegmentSink } from './segment-sink.ts';
import { PIECE_BYTES } from './stream-codec.ts';
import { DEFAULT_MAX_WINDOW_LOG, MAX_WINDOW_LOG, unzstdFrames } from './zstd-frames.ts';

/** Limits of `decompress`, and a receiver of the compressed bytes. */
export interface DecompressOptions extends DecompressLimits {
  /**
   * Receives the raw compressed bytes of segment n in order, exact to the boundary; the views are valid during the call. A
   * segment's bytes may come before or after those that they decompress to.
   */
  readonly onCompressed?: (segment: number, bytes: Buffer) => void;
  /** URL or path of the archive, for error messages */
  readonly where?: string;
  /** zstd: largest window as a power of two, 10–31; default 27. The decoder holds a whole window in memory. */
  readonly maxWindowLog?: number;
  /** True: a chunk is valid only until the next one is requested, so that its memory can be used again at once. */
  readonly freesChunks?: boolean;
}

/** Uncompressed bytes of one segment. */
export interface DecompressedChunk {
  readonly segment: number;
  readonly bytes: Buffer;
}

/** An archive that is being decompressed. */
export interface Decompressed {
  /**
   * Uncompressed bytes in order, never of two segments in one chunk; can be read once. Without `freesChunks`, chunks are not
   * reused, so they may be kept; most are 256 KiB, a small archive is one chunk of up to 8 MiB. Leaving the loop early closes
   * the input.
   * @throws AppError BAD_ARCHIVE (empty, truncated, damaged, trailing garbage, with byte offset), LIMIT, UNSUPPORTED
   */
  readonly chunks: AsyncIterable<DecompressedChunk>;
  /** Complete when chunks has ended. Together they cover every byte of the archive. */
  readonly segments: readonly ArchiveSegment[];
}

/**
 * Decompresses an archive as a stream; memory does not grow with its size. Segments are gzip members and zstd frames (including
 * skippable ones, which hold nothing); an xz, bzip2 or plain archive is one segment, however many streams it has.
 */
export function decompress(
  input: AsyncIterable<Uint8Array>,
  compression: Compression,
  options: DecompressOptions = {},
): Decompressed {
  const where = options.where ?? (compression === 'none' ? 'plain archive' : `${compression} archive`);
  const sink = new SegmentSink(options, where, options.onCompressed);
  return { chunks: read(new ByteQueue(input), compression, { sink, options }), segments: sink.segments };
}

interface Reading {
  readonly sink: SegmentSink;
  readonly options: DecompressOptions;
}

async function* read(
  queue: ByteQueue,
  compression: Compression,
  { sink, options }: Reading,
): AsyncGenerator<DecompressedChunk> {
  try {
    if (!(await queue.fill(1))) throw sink.bad('expected an archive, got an empty file', 0);
    for await (const bytes of decoded(queue, compression, { sink, options })) {
      yield { segment: sink.index, bytes };
    }
  } finally {
    await queue.close();
  }
}

async function* decoded(
  queue: ByteQueue,
  compression: Compression,
  { sink, options }: Reading,
): AsyncGenerator<Buffer> {
  if (compression === 'gzip') yield* gunzipMembers(queue, sink, { frees: options.freesChunks ?? false });
  else if (compression === 'zstd') {
    const wanted = options.maxWindowLog ?? DEFAULT_MAX_WINDOW_LOG;
    yield* unzstdFrames(queue, sink, Math.min(wanted, MAX_WINDOW_LOG));
  } else {
    if (compression === 'none') yield* copied(queue, sink);
    else if (compression === 'xz') yield* (await import('./xz.ts')).unxz(queue, sink);
    else yield* (await import('./bzip2.ts')).unbzip2(queue, sink);
    sink.endSegment();
  }
}

async function* copied(queue: ByteQueue, sink: SegmentSink): AsyncGenerator<Buffer> {
  while (await queue.fill(1)) {
    const piece = queue.take(Math.min(queue.view.length, PIECE_BYTES));
    sink.compressed(piece);
    sink.uncompressed(piece.length);
    yield piece;
  }
}
