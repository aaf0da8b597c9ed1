import { AppError } from '../model/app-error.ts';
import type { ArchiveSegment } from '../model/archive.ts';

/** Limits beyond which an archive is refused. */
export interface DecompressLimits {
  /** Default: MAX_UNCOMPRESSED_BYTES */
  readonly maxUncompressedBytes?: number;
  /** Default: MAX_RATIO */
  readonly maxRatio?: number;
}

/** Above every existing package (the largest, games and toolkits, unpack to about 10 GiB), below the size of a common disk. */
const MAX_UNCOMPRESSED_BYTES = 32 * 2 ** 30;
/** gzip cannot exceed 1032:1; zstd and xz of real packages stay below 200:1. */
const MAX_RATIO = 2000;
/** Below this size the ratio does not matter: a few MiB of zeros are harmless. */
const RATIO_FREE_BYTES = 64 * 2 ** 20;

/** Account of one archive: bytes in and out, the place of each segment, and the limits. */
export class SegmentSink {
  readonly #segments: ArchiveSegment[] = [];
  readonly #maxBytes: number;
  readonly #maxRatio: number;
  readonly #onCompressed: ((segment: number, bytes: Buffer) => void) | undefined;
  /** URL or path of the archive, for error messages */
  readonly where: string;
  #in = 0;
  #inFlight = 0;
  #out = 0;
  #startIn = 0;
  #startOut = 0;

  constructor(
    limits: DecompressLimits,
    where: string,
    onCompressed: ((segment: number, bytes: Buffer) => void) | undefined,
  ) {
    this.#maxBytes = limits.maxUncompressedBytes ?? MAX_UNCOMPRESSED_BYTES;
    this.#maxRatio = limits.maxRatio ?? MAX_RATIO;
    this.where = where;
    this.#onCompressed = onCompressed;
  }

  get segments(): readonly ArchiveSegment[] {
    return this.#segments;
  }

  /** Index of the segment that is being read */
  get index(): number {
    return this.#segments.length;
  }

  /** Compressed bytes counted so far: the offset in the archive of the next one */
  get offset(): number {
    return this.#in;
  }

  /** Number of further uncompressed bytes that the limit allows */
  get roomBytes(): number {
    return Math.max(0, this.#maxBytes - this.#out);
  }

  compressed(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#in += bytes.length;
    this.#onCompressed?.(this.#segments.length, bytes);
  }

  /** Sets the number of compressed bytes that a codec is working on, which are counted when it has used them. */
  inFlight(sizeBytes: number): void {
    this.#inFlight = sizeBytes;
  }

  /** Counts uncompressed bytes. @throws AppError LIMIT */
  uncompressed(sizeBytes: number): void {
    this.#out += sizeBytes;
    if (this.#out > this.#maxBytes) {
      throw this.limit(`expected at most ${this.#maxBytes} uncompressed bytes, got more`);
    }
    const given = this.#in + this.#inFlight;
    if (this.#out > RATIO_FREE_BYTES && this.#out > this.#maxRatio * given) {
      const text = `expected at most ${this.#maxRatio} bytes for each compressed one, got ${this.#out} from ${given}`;
      throw this.limit(text);
    }
  }

  endSegment(): void {
    this.#segments.push({
      offset: this.#startIn,
      sizeBytes: this.#in - this.#startIn,
      uncompressedOffset: this.#startOut,
      uncompressedSizeBytes: this.#out - this.#startOut,
    });
    this.#startIn = this.#in;
    this.#startOut = this.#out;
  }

  limit(text: string): AppError {
    const hint = 'Do not use this archive: it looks made to fill the disk.';
    return new AppError('LIMIT', `${this.where}: ${text}`, { hint });
  }

  unsupported(text: string, hint?: string): AppError {
    return new AppError('UNSUPPORTED', `${this.where}: ${text}`, hint === undefined ? {} : { hint });
  }

  /** Makes the error BAD_ARCHIVE for a byte of the archive. */
  bad(text: string, offset: number, cause?: unknown): AppError {
    return new AppError('BAD_ARCHIVE', `${this.where} at byte ${offset}: ${text}`, {
      details: { offset: offset },
      cause,
    });
  }
}
