import { AppError } from '../model/app-error.ts';
import type { ByteQueue } from './byte-queue.ts';
import type { SegmentSink } from './segment-sink.ts';

/** Smaller than the decoder's own buffer, so that one write seldom decodes more than one block of 900 kB. */
const INPUT_BYTES = 64 * 1024;
/**
 * At the end, the decoder decodes all that it still holds in one go, so its output is kept in memory. Only databases are bzip2
 * (no package is); the largest one with file lists is below 150 MiB.
 */
const MAX_BYTES = 192 * 2 ** 20;

/** Decompresses concatenated bzip2 streams and verifies their CRCs. @throws AppError BAD_ARCHIVE, LIMIT above 192 MiB */
export async function* unbzip2(queue: ByteQueue, sink: SegmentSink): AsyncGenerator<Buffer> {
  const { default: createDecoder } = await import('unbzip2-stream');
  const decoder = createDecoder();
  let ready: Buffer[] = [];
  let failure: unknown;
  let totalBytes = 0;
  decoder.on('error', (error) => {
    failure ??= error;
  });
  decoder.on('data', (bytes: Buffer) => {
    totalBytes += bytes.length;
    if (totalBytes > MAX_BYTES)
      throw sink.limit(`expected at most ${MAX_BYTES} bytes out of bzip2, got more`);
    sink.uncompressed(bytes.length);
    ready.push(bytes);
  });
  let more = true;
  while (more) {
    more = await queue.fill(1);
    if (more) {
      const piece = queue.take(Math.min(queue.view.length, INPUT_BYTES));
      sink.compressed(piece);
      decoder.write(piece);
    } else decoder.end();
    if (failure !== undefined) throw decodeError(sink, failure, more);
    const decoded = ready;
    ready = [];
    yield* decoded;
  }
}

function decodeError(sink: SegmentSink, error: unknown, isMidway: boolean): unknown {
  if (error instanceof AppError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const text = isMidway
    ? `damaged bzip2 data before this byte: ${message}`
    : `the archive ends within a bzip2 stream, or is damaged before: ${message}`;
  return sink.bad(text, sink.offset, error);
}
