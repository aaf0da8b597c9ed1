import type { Transform } from 'node:stream';
import type { SegmentSink } from './segment-sink.ts';

/** A transform of node:zlib; `bytesWritten` counts the input its codec has consumed. */
export interface Codec extends Transform {
  readonly bytesWritten: number;
}

/** Source of a codec's input. */
export interface CodecInput {
  /** Returns the next bytes without consuming them; undefined at the end of the segment. */
  next(): Promise<Buffer | undefined>;
  /** Consumes that many of these bytes; fewer than given if the codec has reached its own end. */
  used(sizeBytes: number): void;
}

/** Maximum size of a piece of input, and size of a piece of output; two of each are held. */
export const PIECE_BYTES = 256 * 1024;

/**
 * Runs one segment through a codec on the thread pool and yields its output. One input piece at a time is in flight, so the
 * number of bytes used is exact if the codec reaches its end before its input does.
 * @throws AppError BAD_ARCHIVE, LIMIT
 */
export async function* runCodec(codec: Codec, input: CodecInput, sink: SegmentSink): AsyncGenerator<Buffer> {
  const feeding = feed(codec, input, sink).catch((error: Error) => {
    codec.destroy(error);
  });
  let complete = false;
  try {
    for await (const chunk of codec) {
      sink.uncompressed((chunk as Buffer).length);
      yield chunk as Buffer;
    }
    complete = true;
  } finally {
    codec.destroy();
    // After a failure the input may never answer, so it is not awaited.
    if (complete) await feeding;
  }
}

async function feed(codec: Codec, input: CodecInput, sink: SegmentSink): Promise<void> {
  for (;;) {
    const piece = await input.next();
    if (codec.destroyed) return;
    if (piece === undefined) {
      codec.end();
      return;
    }
    const before = codec.bytesWritten;
    sink.inFlight(piece.length);
    await write(codec, piece);
    sink.inFlight(0);
    if (codec.errored !== null) return;
    const used = codec.bytesWritten - before;
    input.used(used);
    if (used < piece.length) return;
  }
}

/** Resolves when the codec has taken the piece, or has been destroyed. */
function write(codec: Codec, piece: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      codec.off('close', done);
      resolve();
    };
    codec.once('close', done);
    codec.write(piece, done);
  });
}
