import { isSkippableMagic, ZSTD_MAGIC } from './sniff.ts';

/** Header of a zstd frame or skippable frame (RFC 8878 section 3.1, "Zstandard Frames", "Skippable Frames"). */
export type FrameHeader =
  | { readonly kind: 'skippable'; readonly sizeBytes: number; readonly contentBytes: number }
  | {
      readonly kind: 'data';
      /** Size of the header, including the magic number */
      readonly sizeBytes: number;
      readonly windowBytes: number;
      /** Undefined if the frame does not say */
      readonly uncompressedSizeBytes: number | undefined;
      readonly hasChecksum: boolean;
      readonly dictionaryId: number;
    };

const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;

/**
 * Parses the header at the start of `view`; `more` if it continues after the end of `view`; any other string says what is wrong.
 */
export function parseFrameHeader(view: Buffer): FrameHeader | 'more' | string {
  if (view.length < 4) return 'more';
  const magic = view.readUInt32LE(0);
  if (isSkippableMagic(magic)) {
    return view.length < 8 ? 'more' : { kind: 'skippable', sizeBytes: 8, contentBytes: view.readUInt32LE(4) };
  }
  if (magic !== ZSTD_MAGIC) return `expected a zstd frame (28b52ffd), got ${view.toString('hex', 0, 4)}`;
  if (view.length < 5) return 'more';
  const descriptor = view[4] as number;
  if ((descriptor & 0x08) !== 0) return 'expected a zstd frame without the reserved bit, got it set';
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const windowFieldBytes = isSingleSegment ? 0 : 1;
  const dictionaryFieldBytes = [0, 1, 2, 4][descriptor & 0x03] as number;
  const sizeFieldBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeFlag;
  const sizeBytes = 5 + windowFieldBytes + dictionaryFieldBytes + sizeFieldBytes;
  if (view.length < sizeBytes) return 'more';
  const dictionaryAt = 5 + windowFieldBytes;
  const sizeAt = dictionaryAt + dictionaryFieldBytes;
  const contentBytes = sizeFieldBytes === 0 ? undefined : readSize(view, sizeAt, sizeFieldBytes);
  return {
    kind: 'data',
    sizeBytes,
    windowBytes: isSingleSegment ? (contentBytes ?? 0) : windowOf(view[5] as number),
    uncompressedSizeBytes: contentBytes,
    hasChecksum: (descriptor & 0x04) !== 0,
    dictionaryId: dictionaryFieldBytes === 0 ? 0 : view.readUIntLE(dictionaryAt, dictionaryFieldBytes),
  };
}

function readSize(view: Buffer, offset: number, fieldBytes: number): number {
  if (fieldBytes === 8) return Number(view.readBigUInt64LE(offset));
  return view.readUIntLE(offset, fieldBytes) + (fieldBytes === 2 ? 256 : 0);
}

/** RFC 8878 section 3.1.1.1.2: exponent in the upper five bits, mantissa (eighths) in the lower three. */
function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 0x07);
}

/** Finds where a frame ends by following its blocks over views of any size. */
export class FrameExtent {
  readonly #hasChecksum: boolean;
  #phase: 'block header' | 'block' | 'checksum' | 'end' = 'block header';
  #remainingBytes = BLOCK_HEADER_BYTES;
  #blockHeader = 0;
  #isLast = false;

  constructor(hasChecksum: boolean) {
    this.#hasChecksum = hasChecksum;
  }

  get phase(): 'block header' | 'block' | 'checksum' | 'end' {
    return this.#phase;
  }

  /** Returns how many bytes of `view` belong to the frame; −1 for a block of the reserved type. */
  advance(view: Buffer): number {
    let offset = 0;
    while (this.#phase !== 'end' && offset < view.length) {
      if (this.#phase === 'block header') {
        this.#blockHeader |= (view[offset] as number) << (8 * (BLOCK_HEADER_BYTES - this.#remainingBytes));
        this.#remainingBytes -= 1;
        offset += 1;
        if (this.#remainingBytes === 0 && !this.#beginBlock()) return -1;
      } else {
        const used = Math.min(this.#remainingBytes, view.length - offset);
        this.#remainingBytes -= used;
        offset += used;
        if (this.#remainingBytes === 0) this.#endPart();
      }
    }
    return offset;
  }

  /** §3.1.1.2: last-block bit, two bits of type (raw, RLE, compressed, reserved), 21 bits of size. */
  #beginBlock(): boolean {
    const type = (this.#blockHeader >> 1) & 0x03;
    this.#isLast = (this.#blockHeader & 1) !== 0;
    this.#remainingBytes = type === 1 ? 1 : this.#blockHeader >>> 3;
    this.#phase = 'block';
    if (this.#remainingBytes === 0) this.#endPart();
    return type !== 3;
  }

  #endPart(): void {
    if (this.#phase === 'block' && !this.#isLast) {
      this.#phase = 'block header';
      this.#remainingBytes = BLOCK_HEADER_BYTES;
      this.#blockHeader = 0;
    } else if (this.#phase === 'block' && this.#hasChecksum) {
      this.#phase = 'checksum';
      this.#remainingBytes = CHECKSUM_BYTES;
    } else this.#phase = 'end';
  }
}
