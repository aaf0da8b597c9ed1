import { constants, crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { freeBytes } from '../model/free-bytes.ts';
import type { ByteQueue } from './byte-queue.ts';
import { type GzipHeader, parseGzipHeader } from './gzip-header.ts';
import type { SegmentSink } from './segment-sink.ts';
import { type Codec, PIECE_BYTES, runCodec } from './stream-codec.ts';

/** Trailer: CRC-32 and size of the content, little-endian (RFC 1952 section 2.3.1). */
const TRAILER_BYTES = 8;
/** Archives up to this size are inflated in one call each, in half the time of a stream, with a few MiB of memory. */
const SYNC_INPUT_BYTES = 4 * 2 ** 20;
/** Maximum output of one call, which is held as a whole; a larger member is streamed. */
const SYNC_OUTPUT_BYTES = 8 * 2 ** 20;
const MIN_CHUNK_BYTES = 64 * 1024;
const MIN_FREED_BYTES = 256 * 1024;
/** Deflate's limit (zlib technical details): one byte gives at most 1032. */
const MAX_DEFLATE_RATIO = 1032;

/**
 * Decompresses members one after another, and verifies each (CRC-32, size). Anything else after a member is refused, even zero
 * padding, as engines do.
 * @param options.frees as DecompressOptions.freesChunks
 * @throws AppError BAD_ARCHIVE, LIMIT
 */
export async function* gunzipMembers(
  queue: ByteQueue,
  sink: SegmentSink,
  { frees = false }: { readonly frees?: boolean } = {},
): AsyncGenerator<Buffer> {
  while (await queue.fill(1)) {
    await queue.fill(SYNC_INPUT_BYTES + 1);
    const header = await readHeader(queue, sink);
    sink.compressed(queue.take(header.sizeBytes));
    const checks: Checks = { crc: 0, sizeBytes: 0 };
    const whole = inflateWhole(queue, sink);
    if (whole !== undefined) {
      addTo(checks, whole);
      sink.uncompressed(whole.length);
      if (whole.length > 0) yield whole;
      // Garbage collection would let a hundred MiB of them pile up first. Small buffers may share their memory.
      if (frees && whole.buffer.byteLength >= MIN_FREED_BYTES) (whole.buffer as ArrayBuffer).transfer(0);
    } else {
      for await (const chunk of inflateStreaming(queue, sink)) {
        addTo(checks, chunk);
        yield chunk;
        if (frees) freeBytes(chunk);
      }
    }
    await readTrailer(queue, sink, checks);
    sink.endSegment();
  }
}

interface Checks {
  crc: number;
  sizeBytes: number;
}

function addTo(checks: Checks, chunk: Buffer): void {
  checks.crc = crc32(chunk, checks.crc);
  checks.sizeBytes += chunk.length;
}

async function readHeader(queue: ByteQueue, sink: SegmentSink): Promise<GzipHeader> {
  for (;;) {
    const header = parseGzipHeader(queue.view);
    if (typeof header === 'object') return header;
    if (header !== 'more') {
      throw sink.bad(sink.index === 0 ? header : `${header} after the last gzip member`, queue.offset);
    }
    if (!(await queue.fill(queue.view.length + 1))) throw truncated(sink, 'header of a gzip member');
  }
}

/** Inflates the rest of the archive in one call if it is small and all in memory; undefined if it has to be streamed. */
function inflateWhole(queue: ByteQueue, sink: SegmentSink): Buffer | undefined {
  const { view } = queue;
  if (!queue.ended || view.length > SYNC_INPUT_BYTES) return undefined;
  const maxOutputLength = Math.min(SYNC_OUTPUT_BYTES, sink.roomBytes + 1);
  try {
    const { buffer, engine } = inflateRawSync(view, {
      info: true,
      chunkSize: chunkSize(view, sink.index),
      maxOutputLength,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    sink.compressed(queue.take(engine.bytesWritten));
    return buffer;
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw inflateError(sink, error);
  }
}

/**
 * Returns the size of the last member's content, from the last four bytes: with an output chunk of that size, zlib needs neither
 * a second one nor a copy. The first two members of an apk are small.
 */
function chunkSize(view: Buffer, member: number): number {
  if (member < 2 || view.length < TRAILER_BYTES) return MIN_CHUNK_BYTES;
  const hint = view.readUInt32LE(view.length - 4);
  const isPlausible = hint <= SYNC_OUTPUT_BYTES && hint <= view.length * MAX_DEFLATE_RATIO;
  return isPlausible ? Math.max(MIN_CHUNK_BYTES, hint + 1) : MIN_CHUNK_BYTES;
}

async function* inflateStreaming(queue: ByteQueue, sink: SegmentSink): AsyncGenerator<Buffer> {
  const codec = createInflateRaw({
    chunkSize: PIECE_BYTES,
    finishFlush: constants.Z_FINISH,
  }) as unknown as Codec;
  const input = {
    next: async () => ((await queue.fill(1)) ? queue.view.subarray(0, PIECE_BYTES) : undefined),
    used: (sizeBytes: number) => sink.compressed(queue.take(sizeBytes)),
  };
  try {
    yield* runCodec(codec, input, sink);
  } catch (error) {
    throw inflateError(sink, error);
  }
}

async function readTrailer(queue: ByteQueue, sink: SegmentSink, got: Checks): Promise<void> {
  if (!(await queue.fill(TRAILER_BYTES))) throw truncated(sink, 'trailer of a gzip member');
  const offset = queue.offset;
  const trailer = queue.take(TRAILER_BYTES);
  sink.compressed(trailer);
  const crc = trailer.readUInt32LE(0);
  if (crc !== got.crc) {
    throw sink.bad(`gzip member ${sink.index}: CRC-32 expected ${hex(crc)}, got ${hex(got.crc)}`, offset);
  }
  const sizeBytes = trailer.readUInt32LE(4);
  if (sizeBytes !== got.sizeBytes % 2 ** 32) {
    throw sink.bad(
      `gzip member ${sink.index}: expected ${sizeBytes} bytes (modulo 2^32), got ${got.sizeBytes}`,
      offset,
    );
  }
}

function inflateError(sink: SegmentSink, error: unknown): unknown {
  const code = codeOf(error);
  if (code === 'Z_BUF_ERROR') return truncated(sink, `deflate data of gzip member ${sink.index}`, error);
  if (code?.startsWith('Z_') !== true) return error;
  const text = `damaged deflate data in gzip member ${sink.index}: ${(error as Error).message}`;
  return sink.bad(text, sink.offset, error);
}

function truncated(sink: SegmentSink, what: string, cause?: unknown): unknown {
  return sink.bad(`the archive ends within the ${what}`, sink.offset, cause);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
