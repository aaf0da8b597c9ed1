import { constants, createZstdDecompress, zstdDecompressSync } from 'node:zlib';
import { AppError } from '../model/app-error.ts';
import type { ByteQueue } from './byte-queue.ts';
import type { SegmentSink } from './segment-sink.ts';
import { type Codec, PIECE_BYTES, runCodec } from './stream-codec.ts';
import { FrameExtent, type FrameHeader, parseFrameHeader } from './zstd-format.ts';

/**
 * 2^27 = 128 MiB, which zstd itself accepts without `--long`: the decoder holds a whole window, and the process stays below 250
 * MiB. Engines read up to 2^28.
 */
export const DEFAULT_MAX_WINDOW_LOG = 27;
/** zstd's own limit on 64-bit machines (ZSTD_WINDOWLOG_MAX_64): a window of 2 GiB in memory. */
export const MAX_WINDOW_LOG = 31;
/** Frames up to this size take one call, if they are wholly in memory and say that they hold little. */
const SYNC_INPUT_BYTES = 4 * 2 ** 20;
const SYNC_OUTPUT_BYTES = 32 * 2 ** 20;
/** With a window above 64 MiB, pieces are small, so that both together stay within 250 MiB. */
const LARGE_WINDOW_BYTES = 2 ** 26;
const SMALL_PIECE_BYTES = 64 * 1024;

type DataHeader = Extract<FrameHeader, { kind: 'data' }>;

/**
 * Decompresses frames and skippable frames one after another, and counts every input byte: node:zlib alone would silently stop at
 * the end of the first frame. A skippable frame is a segment that holds nothing.
 * @throws AppError BAD_ARCHIVE, LIMIT, UNSUPPORTED
 */
export async function* unzstdFrames(
  queue: ByteQueue,
  sink: SegmentSink,
  maxWindowLog: number,
): AsyncGenerator<Buffer> {
  while (await queue.fill(1)) {
    const header = await readHeader(queue, sink);
    if (header.kind === 'skippable') await skip(queue, sink, header.sizeBytes + header.contentBytes);
    else {
      checkDecodable(header, sink, maxWindowLog);
      const whole = await decodeWhole(queue, sink, header);
      if (whole === undefined) yield* decodeStreaming(queue, sink, { header, maxWindowLog });
      else if (whole.length > 0) yield whole;
    }
    sink.endSegment();
  }
}

async function readHeader(queue: ByteQueue, sink: SegmentSink): Promise<FrameHeader> {
  for (;;) {
    const header = parseFrameHeader(queue.view);
    if (typeof header === 'object') return header;
    if (header !== 'more') {
      throw sink.bad(sink.index === 0 ? header : `${header} after the last zstd frame`, queue.offset);
    }
    if (!(await queue.fill(queue.view.length + 1))) throw truncated(sink, 'header', queue.offset);
  }
}

function checkDecodable(header: DataHeader, sink: SegmentSink, maxWindowLog: number): void {
  if (header.dictionaryId !== 0) {
    throw sink.unsupported(`zstd frame ${sink.index} needs dictionary ${header.dictionaryId}`);
  }
  if (header.windowBytes > 2 ** maxWindowLog) {
    const text = `zstd frame ${sink.index}: expected a window of at most 2^${maxWindowLog} bytes, got ${header.windowBytes}`;
    throw new AppError('LIMIT', `${sink.where}: ${text}`, {
      hint: 'Pack the archive again with zstd --long=27 or less.',
    });
  }
}

async function skip(queue: ByteQueue, sink: SegmentSink, sizeBytes: number): Promise<void> {
  let left = sizeBytes;
  while (left > 0) {
    if (!(await queue.fill(1))) throw truncated(sink, 'skippable frame', queue.offset);
    const piece = queue.take(Math.min(left, queue.view.length));
    left -= piece.length;
    sink.compressed(piece);
  }
}

async function decodeWhole(
  queue: ByteQueue,
  sink: SegmentSink,
  header: DataHeader,
): Promise<Buffer | undefined> {
  const sizeBytes = header.uncompressedSizeBytes;
  if (sizeBytes === undefined || sizeBytes > SYNC_OUTPUT_BYTES || sizeBytes > sink.roomBytes)
    return undefined;
  await queue.fill(SYNC_INPUT_BYTES);
  const extent = new FrameExtent(header.hasChecksum);
  const used = extent.advance(queue.view.subarray(header.sizeBytes));
  if (used < 0 || extent.phase !== 'end') return undefined;
  const frame = queue.take(header.sizeBytes + used);
  try {
    const bytes = zstdDecompressSync(frame, {
      maxOutputLength: Math.max(1, sizeBytes),
      chunkSize: sizeBytes + 64,
    });
    sink.compressed(frame);
    sink.uncompressed(bytes.length);
    return bytes;
  } catch (error) {
    throw decodeError(sink, error);
  }
}

async function* decodeStreaming(
  queue: ByteQueue,
  sink: SegmentSink,
  frame: { readonly header: DataHeader; readonly maxWindowLog: number },
): AsyncGenerator<Buffer> {
  const extent = new FrameExtent(frame.header.hasChecksum);
  const pieceBytes = frame.header.windowBytes > LARGE_WINDOW_BYTES ? SMALL_PIECE_BYTES : PIECE_BYTES;
  let headerLeft = frame.header.sizeBytes;
  const input = {
    async next() {
      if (extent.phase === 'end') return undefined;
      if (!(await queue.fill(headerLeft + 1))) throw truncated(sink, extent.phase, queue.offset);
      const view = queue.view.subarray(0, pieceBytes);
      const used = extent.advance(view.subarray(headerLeft));
      if (used < 0) throw sink.bad(`zstd frame ${sink.index} has a block of the reserved type`, queue.offset);
      const piece = view.subarray(0, headerLeft + used);
      headerLeft = 0;
      return piece;
    },
    used: (sizeBytes: number) => sink.compressed(queue.take(sizeBytes)),
  };
  const codec = createZstdDecompress({
    chunkSize: pieceBytes,
    params: { [constants.ZSTD_d_windowLogMax]: frame.maxWindowLog },
  }) as unknown as Codec;
  try {
    yield* runCodec(codec, input, sink);
  } catch (error) {
    throw decodeError(sink, error);
  }
  if (extent.phase !== 'end') {
    throw sink.bad(`zstd frame ${sink.index} ends before its last block`, queue.offset);
  }
}

function decodeError(sink: SegmentSink, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const isCodec = code.startsWith('ZSTD_') || code.startsWith('Z_') || code === 'ERR_BUFFER_TOO_LARGE';
  if (!isCodec || error instanceof AppError) return error;
  return sink.bad(`damaged zstd frame ${sink.index}: ${(error as Error).message}`, sink.offset, error);
}

function truncated(sink: SegmentSink, what: string, offset: number): AppError {
  return sink.bad(`the archive ends within the ${what} of zstd frame ${sink.index}`, offset);
}
