/** Sizes of the integrity check by its id (.xz file format §2.1.1.2). */
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];
const STREAM_HEADER_BYTES = 12;
const STREAM_FOOTER_BYTES = 12;
const CRC_BYTES = 4;
const LZMA2 = 0x21;

type Part =
  | 'between streams'
  | 'stream'
  | 'block size'
  | 'block'
  | 'chunk'
  | 'chunk size'
  | 'index'
  | 'unknown';

/**
 * Follows the layout of .xz streams in pieces of any size, and reports the dictionary of each block before the decoder meets it:
 * the decoder allocates what a block says, up to 4 GiB. If the bytes are not .xz, nothing more is reported; the decoder refuses
 * those. Source: The .xz File Format 1.2.1; LZMA2 chunks as in xz-file-format's reference decoder.
 */
export class XzLayout {
  #part: Part = 'between streams';
  #held: number[] = [];
  #wantedBytes = 1;
  #skipBytes = 0;
  #checkBytes = 0;
  /** Bytes of the current block's LZMA2 data, or of the index, so far */
  #countedBytes = 0;
  #control = 0;
  /** Undefined: the count of records is being read */
  #indexNumbersLeft: number | undefined;
  #indexCount = 0;
  #indexShift = 1;

  /** Returns the largest dictionary, in bytes, of the blocks whose headers end within `bytes`; 0 if no header ends there. */
  feed(bytes: Uint8Array): number {
    let largest = 0;
    let offset = 0;
    while (offset < bytes.length && this.#part !== 'unknown') {
      const skipped = Math.min(this.#skipBytes, bytes.length - offset);
      this.#skipBytes -= skipped;
      offset += skipped;
      if (offset === bytes.length) break;
      this.#held.push(bytes[offset] as number);
      offset += 1;
      if (this.#held.length < this.#wantedBytes) continue;
      const item = this.#held;
      this.#held = [];
      largest = Math.max(largest, this.#take(item));
    }
    return largest;
  }

  #take(item: readonly number[]): number {
    const first = item[0] as number;
    switch (this.#part) {
      case 'between streams':
        // Zero bytes are stream padding.
        if (first === 0xfd) this.#expect('stream', STREAM_HEADER_BYTES - 1);
        else if (first !== 0) this.#part = 'unknown';
        return 0;
      case 'stream':
        this.#checkBytes = CHECK_BYTES[(item[6] as number) & 0x0f] as number;
        this.#expect('block size', 1);
        return 0;
      case 'block size':
        this.#countedBytes = 0;
        if (first === 0) this.#beginIndex();
        else this.#expect('block', (first + 1) * 4 - 1);
        return 0;
      case 'block':
        this.#expect('chunk', 1);
        return dictionaryOf(item) ?? this.#giveUp();
      case 'chunk':
        this.#chunk(first);
        return 0;
      case 'chunk size':
        this.#chunkSize(item);
        return 0;
      case 'index':
        this.#index(first);
        return 0;
      default:
        return 0;
    }
  }

  #expect(part: Part, wantedBytes: number): void {
    this.#part = part;
    this.#wantedBytes = wantedBytes;
  }

  #giveUp(): number {
    this.#part = 'unknown';
    return 0;
  }

  /** Control byte: 0 ends the block; 1 and 2 are stored; from 0x80 on LZMA, from 0xC0 on with a properties byte. */
  #chunk(control: number): void {
    this.#countedBytes += 1;
    this.#control = control;
    if (control === 0) {
      this.#skipBytes = padding(this.#countedBytes) + this.#checkBytes;
      this.#expect('block size', 1);
    } else if (control <= 2) this.#expect('chunk size', 2);
    else if (control >= 0x80) this.#expect('chunk size', control >= 0xc0 ? 5 : 4);
    else this.#giveUp();
  }

  #chunkSize(item: readonly number[]): void {
    const offset = this.#control >= 0x80 ? 2 : 0;
    this.#skipBytes = (((item[offset] as number) << 8) | (item[offset + 1] as number)) + 1;
    this.#countedBytes += item.length + this.#skipBytes;
    this.#expect('chunk', 1);
  }

  #beginIndex(): void {
    this.#countedBytes = 1;
    this.#indexNumbersLeft = undefined;
    this.#indexCount = 0;
    this.#indexShift = 1;
    this.#expect('index', 1);
  }

  /** The number of records, then two numbers each: seven bits a byte, the eighth says that more follow. */
  #index(byte: number): void {
    this.#countedBytes += 1;
    const isLast = byte < 0x80;
    if (this.#indexNumbersLeft === undefined) {
      this.#indexCount += (byte & 0x7f) * this.#indexShift;
      this.#indexShift *= 128;
      if (isLast) this.#indexNumbersLeft = 2 * this.#indexCount;
    } else if (isLast) this.#indexNumbersLeft -= 1;
    if (this.#indexNumbersLeft !== 0) return;
    this.#skipBytes = padding(this.#countedBytes) + CRC_BYTES + STREAM_FOOTER_BYTES;
    this.#expect('between streams', 1);
  }
}

/** Returns the number of zero bytes up to the next multiple of four. */
function padding(sizeBytes: number): number {
  return (4 - (sizeBytes % 4)) % 4;
}

/**
 * Reads the dictionary size, in bytes, from a block header without its size byte (section 3.1); undefined if it has no LZMA2
 * filter.
 */
function dictionaryOf(header: readonly number[]): number | undefined {
  let offset = 1;
  const number = () => {
    let value = 0;
    for (let shift = 1; offset < header.length; shift *= 128) {
      const byte = header[offset++] as number;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  const flags = header[0] as number;
  if ((flags & 0x40) !== 0) number();
  if ((flags & 0x80) !== 0) number();
  for (let filter = 0; filter <= (flags & 0x03); filter++) {
    const id = number();
    const propertiesBytes = number();
    // §5.3.1: 40 is 4 GiB − 1; below, 2 or 3 times a power of two.
    const bits = header[offset] as number;
    if (id === LZMA2) return bits >= 40 ? 2 ** 32 : (2 | (bits & 1)) * 2 ** ((bits >> 1) + 11);
    offset += propertiesBytes;
  }
  return undefined;
}
