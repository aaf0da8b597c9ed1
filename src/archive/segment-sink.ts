import { AppError } from '../model/app-error.ts';
import type { ArchiveSegment } from '../model/archive.ts';

/** Limits beyond which an archive is refused. */
export interface DecompressLimits {
  /** Default MAX_UNCOMPRESSED_BYTES */
  readonly maxUncompressedBytes?: number;
  /** Default MAX_RATIO */
  readonly maxRatio?: number;
}

/** Above every package there is (the largest, of games and toolkits, unpack to some 10 GiB), below a common disk. */
const MAX_UNCOMPRESSED_BYTES = 32 * 2 ** 30;
/** gzip cannot exceed 1032:1; zstd and xz of real packages stay below 200:1. */
const MAX_RATIO = 2000;
/** Ratios say nothing of small archives: a few MiB of zeros are harmless. */
const RATIO_FREE_BYTES = 64 * 2 ** 20;

/** Keeps the account of one archive: bytes in and out, where each segment lies, and the limits. */
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

  /** Compressed bytes accounted so far: the archive's offset of the next one */
  get offset(): number {
    return this.#in;
  }

  /** How many more uncompressed bytes the limit lets through. */
  get roomBytes(): number {
    return Math.max(0, this.#maxBytes - this.#out);
  }

  compressed(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#in += bytes.length;
    this.#onCompressed?.(this.#segments.length, bytes);
  }

  /** Compressed bytes that a codec is working on, accounted when it has used them. */
  inFlight(sizeBytes: number): void {
    this.#inFlight = sizeBytes;
  }

  /** @throws AppError LIMIT */
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

  /** BAD_ARCHIVE at a byte of the archive. */
  bad(text: string, offset: number, cause?: unknown): AppError {
    return new AppError('BAD_ARCHIVE', `${this.where} at byte ${offset}: ${text}`, {
      details: { offset: offset },
      cause,
    });
  }
}
