import { Transform, type TransformCallback } from 'node:stream';
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';

/** On package contents, level 6 saves 0.7 % more and takes a third longer; level 4 is a fifth faster and output 2.6 % larger. */
const LEVEL = 5;
/**
 * Size of the blocks that are compressed separately. It decides the output; the number of blocks at a time does not. Larger
 * blocks save less than 0.1 %.
 */
const BLOCK_BYTES = 512 * 1024;
/** Distance up to which deflate refers back (RFC 1951 section 2), and a block to the end of the one before it. */
const WINDOW_BYTES = 32 * 1024;
/** Blocks compressed at a time: as many as the thread pool has threads. */
const CONCURRENCY = 4;
/** RFC 1952 section 2.3: no name, no time, and 255, an unknown system */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
const TRAILER_BYTES = 8;

const deflate = promisify<Buffer, object, Buffer>(deflateRaw);

/**
 * Compresses a stream into one gzip member, its blocks in parallel on the thread pool (as pigz does). Only the content and the
 * release of zlib decide the bytes.
 */
export class GzipEncoder extends Transform {
  readonly #atWork: Promise<Buffer>[] = [];
  #block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #filled = 0;
  #window: Buffer | undefined;
  #crc = 0;
  #sizeBytes = 0;

  constructor() {
    super({ readableHighWaterMark: BLOCK_BYTES });
    this.push(HEADER);
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.#take(chunk).then(() => done(), done);
  }

  override _flush(done: TransformCallback): void {
    this.#finish().then(() => done(), done);
  }

  async #take(chunk: Buffer): Promise<void> {
    this.#crc = crc32(chunk, this.#crc);
    this.#sizeBytes += chunk.length;
    for (let taken = 0; taken < chunk.length; ) {
      const copied = chunk.copy(this.#block, this.#filled, taken);
      taken += copied;
      this.#filled += copied;
      if (this.#filled < BLOCK_BYTES) continue;
      if (this.#atWork.length === CONCURRENCY) await this.#pushNext();
      this.#compress(constants.Z_SYNC_FLUSH);
      this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      this.#filled = 0;
    }
  }

  async #finish(): Promise<void> {
    this.#compress(constants.Z_FINISH);
    while (this.#atWork.length > 0) await this.#pushNext();
    const trailer = Buffer.alloc(TRAILER_BYTES);
    trailer.writeUInt32LE(this.#crc, 0);
    trailer.writeUInt32LE(this.#sizeBytes % 2 ** 32, 4);
    this.push(trailer);
  }

  #compress(finishFlush: number): void {
    const block = this.#block.subarray(0, this.#filled);
    this.#atWork.push(
      deflate(block, {
        level: LEVEL,
        finishFlush,
        chunkSize: BLOCK_BYTES,
        ...(this.#window === undefined ? {} : { dictionary: this.#window }),
      }),
    );
    this.#window = block.subarray(-WINDOW_BYTES);
  }

  async #pushNext(): Promise<void> {
    this.push(await this.#atWork.shift());
  }
}
