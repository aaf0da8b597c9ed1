import { required } from '../model/required.ts';

/** Bytes pulled from an async source, to be inspected and taken in order. Holds one source chunk, plus what `fill` asked for. */
export class ByteQueue {
  readonly #source: AsyncIterator<Uint8Array>;
  #head: Buffer = Buffer.alloc(0);
  #ended = false;
  #isWaiting = false;
  /** Offset in the source of the first byte of `view` */
  #offset = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Source offset of the next byte */
  get offset(): number {
    return this.#offset;
  }

  /** Buffered bytes that have not been taken yet */
  get view(): Buffer {
    return this.#head;
  }

  /** True if `view` is all that is left of the source. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Buffers at least `wantedBytes`, or the rest of the source; returns false if that is less. */
  async fill(wantedBytes: number): Promise<boolean> {
    if (this.#head.length >= wantedBytes) return true;
    const parts: Buffer[] = this.#head.length === 0 ? [] : [this.#head];
    let sizeBytes = this.#head.length;
    while (sizeBytes < wantedBytes && !this.#ended) {
      this.#isWaiting = true;
      const next = await this.#source.next();
      this.#isWaiting = false;
      if (next.done) this.#ended = true;
      else if (next.value.length > 0) {
        parts.push(asBuffer(next.value));
        sizeBytes += next.value.length;
      }
    }
    this.#head = parts.length === 1 ? required(parts, 0) : Buffer.concat(parts, sizeBytes);
    return sizeBytes >= wantedBytes;
  }

  /** Takes buffered bytes. */
  take(sizeBytes: number): Buffer {
    const taken = this.#head.subarray(0, sizeBytes);
    this.#head = this.#head.subarray(sizeBytes);
    this.#offset += taken.length;
    return taken;
  }

  /** Lets the source clean up after an early exit. It is not awaited if a read is pending, which may never return. */
  async close(): Promise<void> {
    if (this.#ended) return;
    const closed = this.#source.return?.();
    if (this.#isWaiting) closed?.catch(() => {});
    else await closed;
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
