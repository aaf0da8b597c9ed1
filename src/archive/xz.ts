import { AppError } from '../model/app-error.ts';
import type { ByteQueue } from './byte-queue.ts';
import type { SegmentSink } from './segment-sink.ts';
import { XzLayout } from './xz-format.ts';

/** Small pieces: the decoder takes several ahead, and one may unpack to several thousand times its size. */
const INPUT_BYTES = 64 * 1024;
/** .xz format §1.2: streams and their padding are multiples of four bytes. */
const ALIGNMENT_BYTES = 4;
/** Dictionary of `xz -9`. The decoder allocates it at once, and the process stays below 250 MiB. */
const MAX_DICTIONARY_BYTES = 64 * 2 ** 20;

/**
 * Decompresses concatenated streams with padding, and verifies integrity checks. The decoder works on a thread of its own, block
 * by block with back pressure: memory is the dictionary (8 MiB at level 6, 64 MiB at level 9) and a few pieces.
 * @throws AppError BAD_ARCHIVE, LIMIT, UNSUPPORTED
 */
export async function* unxz(queue: ByteQueue, sink: SegmentSink): AsyncGenerator<Buffer> {
  const { decompressStream } = await loadXz(sink);
  const layout = new XzLayout();
  let failure: unknown;
  const source = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          if (!(await queue.fill(1))) {
            controller.close();
            return;
          }
          const piece = queue.take(Math.min(queue.view.length, INPUT_BYTES));
          checkDictionary(layout.feed(piece), sink);
          sink.compressed(piece);
          controller.enqueue(piece);
        } catch (error) {
          failure = error;
          controller.error(error);
        }
      },
    },
    { highWaterMark: 0 },
  );
  try {
    for await (const bytes of decompressStream(source)) {
      sink.uncompressed(bytes.length);
      yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    }
  } catch (error) {
    if (failure !== undefined) throw failure;
    throw codeOf(error) === 'InvalidArg' ? damaged(queue, sink, error as Error) : error;
  }
  if (sink.offset % ALIGNMENT_BYTES !== 0) {
    throw sink.bad('expected xz streams and padding in multiples of four bytes', sink.offset);
  }
}

/** Reports the offset up to which the decoder had read: it reads ahead, and does not say where it failed. */
function damaged(queue: ByteQueue, sink: SegmentSink, error: Error): AppError {
  const isCut = queue.ended && error.message.includes('failed to fill');
  return sink.bad(
    isCut
      ? 'the archive ends within an xz stream'
      : `damaged xz data at or before this byte: ${error.message}`,
    sink.offset,
    error,
  );
}

function checkDictionary(sizeBytes: number, sink: SegmentSink): void {
  if (sizeBytes <= MAX_DICTIONARY_BYTES) return;
  const text = `expected an xz dictionary of at most ${MAX_DICTIONARY_BYTES} bytes, got ${sizeBytes}`;
  throw new AppError('LIMIT', `${sink.where}: ${text}`, {
    hint: 'Pack the archive again with xz -9 or less.',
  });
}

interface Xz {
  decompressStream(input: ReadableStream<Uint8Array>): ReadableStream<Buffer>;
}

async function loadXz(sink: SegmentSink): Promise<Xz> {
  try {
    return await import('@napi-rs/lzma/xz');
  } catch (cause) {
    throw new AppError('UNSUPPORTED', `${sink.where}: the xz decoder could not be loaded on this machine`, {
      hint: 'Install the dependencies again with Node 24 (npm ci), optional ones included.',
      cause,
    });
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
